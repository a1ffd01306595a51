/**
 * Calls of one modem: answered, ended, heard, and compared with what the modem itself lists. Whoever
 * opens the modem gives the wires.
 */
import { readListedCall } from '#device/codecs/at.ts';
import { DtmfReader } from '#device/codecs/dtmf.ts';
import type { DeviceErrorCode } from '#device/ports/device.ts';
import type { Call, CallEnd, ModemEvents, TelephoneKey } from '#device/ports/modem.ts';
import type { AtChannel } from './at-channel.ts';
import { type Command, order, question } from './at-command.ts';
import type { CallAudio } from './call-audio.ts';
import { Calls, type KnownCall } from './calls.ts';

const ANSWER_MS = 20_000;
const HANG_UP_MS = 5000;
/** The port gives 20 ms every 20 ms; so much later it does not any more. */
const STALL_MS = 1500;
/** Frames after which the audio counts as working again. */
const RECOVERED_FRAMES = 250;

/** A caller is on the line: before everything that waits. */
const urgent = (command: Command): Command => ({ ...command, urgent: true });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface ControlParts {
  readonly channel: AtChannel;
  readonly audio: CallAudio;
  readonly events: ModemEvents;
  /** Keys are read in the sound of the call. */
  readonly tones: boolean;
  /** The modem is of no use any more. */
  readonly lose: (code: DeviceErrorCode, message: string) => void;
}

export class CallControl {
  readonly #parts: ControlParts;
  readonly #calls: Calls;
  readonly #ending = new Map<Call, () => void>();
  #looking = false;
  #lookAgain = false;
  /** Whose audio it is. */
  #onAir: Call | null = null;
  #restartedAt: number | null = null;
  #gone = false;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#calls = new Calls({
      ringing: (call) => parts.events.ringing(call),
      waiting: (call) => parts.events.waiting(call),
      over: (call, how) => void this.#finish(call, how),
    });
  }

  /** Some call rings, waits, or is on. */
  get some(): boolean {
    return this.#calls.some;
  }

  get active(): Call | null {
    return this.#calls.active?.call ?? null;
  }

  async answer(call: Call): Promise<boolean> {
    const known = this.#calls.find(call);
    if (known?.state !== 'ringing') return false;
    const { channel } = this.#parts;
    const taken = await channel.send({
      ...{ text: 'ATA', calls: true, urgent: true, timeoutMs: ANSWER_MS },
    });
    // Without a result it may have been answered: the modem knows.
    const on = taken.is === 'ok' || (taken.is === 'silent' && (await this.#isListedOn(known)));
    if (!on || this.#calls.find(call) === undefined) {
      this.look();
      return false;
    }
    this.#calls.answered(known);
    await this.#startAudio(call);
    return this.#calls.find(call) !== undefined;
  }

  async hangUp(call: Call): Promise<void> {
    const known = this.#calls.find(call);
    if (known === undefined || this.#gone) return;
    known.ours = true;
    const over = new Promise<void>((resolve) => this.#ending.set(call, resolve));
    const deadline = performance.now() + HANG_UP_MS;
    while (this.#calls.find(call) !== undefined && !this.#gone) {
      await this.#parts.channel.send(urgent(order(this.#hangUpText(known))));
      this.look();
      await Promise.race([over, pause(1000)]);
      if (performance.now() > deadline) this.#parts.lose('protocol', 'it does not hang up');
    }
    this.#ending.delete(call);
  }

  async press(call: Call, keys: readonly TelephoneKey[]): Promise<boolean> {
    for (const key of keys) {
      if (this.active !== call) return false;
      await this.#parts.channel.send(urgent(order(`AT+VTS=${key}`)));
    }
    return this.active === call;
  }

  /** Compares our calls with the modem's; once more where something came up meanwhile. */
  look(): void {
    this.#lookAgain = true;
    if (!this.#looking) void this.#lookOn();
  }

  /** To be called every second: audio that stops is asked for once more, then given up. */
  async watchAudio(): Promise<void> {
    const { audio, channel, lose } = this.#parts;
    const since = this.#restartedAt;
    if (since !== null && audio.frames > since + RECOVERED_FRAMES) this.#restartedAt = null;
    if (audio.stalledMs < STALL_MS) return;
    if (this.#restartedAt !== null) {
      lose('timeout', 'the call’s audio stopped');
      return;
    }
    this.#restartedAt = audio.frames;
    audio.realign();
    await channel.send(urgent(order('AT+CPCMREG=0')));
    if (this.#onAir === null) return;
    audio.realign();
    await channel.send(urgent(order('AT+CPCMREG=1')));
  }

  /** The modem is gone, and everybody on it. */
  close(): void {
    this.#gone = true;
    this.#parts.audio.stop();
    for (const resolve of this.#ending.values()) resolve();
  }

  /** With another call waiting, `AT+CHUP` may end the wrong one (27.007 §7.13, 22.030 §6.5.5.1). */
  #hangUpText(known: KnownCall): string {
    if (known.state === 'waiting') return 'AT+CHLD=0';
    return this.#calls.waiting === undefined ? 'AT+CHUP' : `AT+CHLD=1${known.index}`;
  }

  async #lookOn(): Promise<void> {
    this.#looking = true;
    while (this.#lookAgain && !this.#gone) {
      this.#lookAgain = false;
      const outcome = await this.#parts.channel.send(urgent(question('AT+CLCC', '+CLCC')));
      if (outcome.is !== 'ok' || this.#gone) break;
      const listed = outcome.lines.flatMap((line) => readListedCall(line) ?? []);
      const strange = this.#calls.apply(listed);
      if (strange.length > 0) await this.#parts.channel.send(urgent(order('AT+CHUP')));
      if (this.#calls.doubtful) this.#lookAgain = true;
    }
    this.#looking = false;
  }

  async #isListedOn({ index }: KnownCall): Promise<boolean> {
    const outcome = await this.#parts.channel.send(urgent(question('AT+CLCC', '+CLCC')));
    if (outcome.is !== 'ok') return false;
    const listed = outcome.lines.flatMap((line) => readListedCall(line) ?? []);
    return listed.some((each) => each.index === index && each.state === 'active');
  }

  async #startAudio(call: Call): Promise<void> {
    const { audio, channel, events, lose } = this.#parts;
    // Before the port is switched to the call: its first byte then begins the first sample.
    this.#onAir = call;
    const tones = this.#parts.tones ? new DtmfReader() : null;
    audio.start((frame) => {
      events.frame(call, frame);
      for (const key of tones?.push(frame.heard) ?? []) events.key(call, key);
    });
    for (let attempt = 0; attempt < 5 && this.active === call; attempt += 1) {
      const outcome = await channel.send(urgent(order('AT+CPCMREG=1')));
      if (outcome.is === 'ok' || this.active !== call) return;
      // A call that is answered takes a moment to have a channel.
      await pause(150);
      audio.realign();
    }
    if (this.active === call) lose('protocol', 'the call has no audio');
  }

  async #finish(call: Call, how: CallEnd | null): Promise<void> {
    const { audio, channel, events } = this.#parts;
    if (this.#onAir === call) {
      this.#onAir = null;
      this.#restartedAt = null;
      audio.stop();
      // Before the next call can be answered: afterwards it would switch that one off.
      void channel.send(urgent(order('AT+CPCMREG=0')));
    }
    const cause = how ?? (await this.#cause());
    if (this.#gone) return;
    events.ended(call, cause);
    this.#ending.get(call)?.();
  }

  /** Why the last call ended (27.007 §6.10); words, differing with the firmware. */
  async #cause(): Promise<CallEnd> {
    const outcome = await this.#parts.channel.send(urgent(question('AT+CEER', '+CEER')));
    const words = outcome.is === 'ok' ? (outcome.lines[0] ?? '') : '';
    return /radio|link|lost|fade|out of|no service|failure/i.test(words) ? 'dropped' : 'caller';
  }
}
