/**
 * Buzzer on a PWM pin of a Firmata board. The board's PWM has one pitch (490 or 980 Hz), so the
 * patterns differ in length, number and loudness. Written straight to the pin: a tone made by
 * toggling it over the wire would be off pitch.
 */
import type { DeviceEvents, Open } from '#device/ports/device.ts';
import type { BeepPattern, Buzzer } from '#device/ports/lamp.ts';
import { systemClock } from '#firmware/clock.ts';
import type { FirmataBoard } from './board.ts';

export interface BuzzerSettings {
  readonly pin: number;
}

/** Duty of 255 and milliseconds, one after the other; the buzzer is silent at the end. */
type Step = readonly [duty: number, ms: number];

const LOUD = 128;
const SOFT = 24;

const PATTERNS: Record<BeepPattern, readonly Step[]> = {
  key: [[SOFT, 20]],
  good: [
    [SOFT, 90],
    [0, 60],
    [LOUD, 180],
  ],
  bad: [[LOUD, 700]],
};

/** Opens silent; a new pattern cuts the one that sounds. */
export const openFirmataBuzzer =
  (board: FirmataBoard): Open<BuzzerSettings, DeviceEvents, Buzzer> =>
  async (name, { pin }, events) => {
    let cancel: () => void = () => undefined;
    let open = true;
    const hold = await board.hold(name, (error) => {
      open = false;
      cancel();
      events.lost(error);
    });
    const { io } = hold;
    const play = (steps: readonly Step[]): void => {
      const [step, ...rest] = steps;
      io.pwmWrite(pin, step?.[0] ?? 0);
      if (step !== undefined) cancel = systemClock.after(step[1], () => play(rest));
    };
    io.pinMode(pin, io.MODES.PWM);
    play([]);
    return {
      beep(pattern) {
        if (!open) return;
        cancel();
        play(PATTERNS[pattern]);
      },
      async close() {
        cancel();
        if (open) play([]);
        open = false;
        await hold.release();
      },
    };
  };
