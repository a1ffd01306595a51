/** What a modem tells of calls by itself: rings, a second caller, ends. */
import type { Clock } from '#device/ports/clock.ts';
import type { Settings } from './commands.ts';
import type { LineCall } from './exchange.ts';

export interface AnnouncerParts {
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly tell: (...lines: string[]) => void;
  /** Whether the call is still known to the network. */
  readonly isOn: (call: LineCall) => boolean;
}

const RING_MS = 1000;
const NORMAL = 'Normal call clearing';

export class Announcer {
  readonly #parts: AnnouncerParts;
  #power = 0;
  /** Why the last call ended (AT+CEER). */
  cause = NORMAL;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** Whoever rings, rings no more: the modem starts anew. */
  restart(): void {
    this.#power += 1;
  }

  ringing(call: LineCall, power = this.#power): void {
    const { clock, isOn, settings, tell } = this.#parts;
    if (call.state !== 'ringing' || !isOn(call) || power !== this.#power) return;
    tell(settings().crc ? '+CRING: VOICE' : 'RING');
    if (settings().clip) {
      const validity = call.phone.anonymous ? 1 : 0;
      tell(`+CLIP: "${shown(call)}",${typeOf(call)},,,,${validity}`);
    }
    clock.after(RING_MS, () => this.ringing(call, power));
  }

  waiting(call: LineCall): void {
    this.#parts.tell(`+CCWA: "${shown(call)}",${typeOf(call)},1`);
  }

  over(call: LineCall, by: 'phone' | 'modem' | 'network', wasActive: boolean): void {
    const { clock, tell } = this.#parts;
    this.cause = by === 'network' ? 'Radio link lost' : NORMAL;
    if (wasActive) {
      const seconds = Math.round((clock.monotonic() - call.answeredAt) / 1000);
      tell(`VOICE CALL: END: ${String(seconds).padStart(6, '0')}`);
    } else if (by !== 'modem') tell(`MISSED_CALL: 02:14AM ${call.phone.number}`);
    if (by !== 'modem' && wasActive) tell('NO CARRIER');
  }
}

const shown = ({ phone }: LineCall): string => (phone.anonymous ? '' : phone.number);

const typeOf = ({ phone }: LineCall): number => (phone.anonymous ? 128 : 145);
