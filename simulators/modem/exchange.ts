/**
 * The lines of one subscriber as a mobile network keeps them: one call that is on, one that waits
 * (3GPP TS 22.083), busy for everybody else.
 */
import type { Phone, PhoneCall } from './phone.ts';

export interface LineCall {
  readonly index: number;
  readonly phone: Phone;
  state: 'ringing' | 'waiting' | 'active';
  answeredAt: number;
}

export interface LineEvents {
  ringing(call: LineCall): void;
  waiting(call: LineCall): void;
  /** `by`: who ended it. */
  over(call: LineCall, by: 'phone' | 'modem' | 'network', wasActive: boolean): void;
}

export class Line {
  readonly #events: LineEvents;
  calls: LineCall[] = [];
  /** Whether the subscriber takes a second call (AT+CCWA). */
  takesWaiting = false;

  constructor(events: LineEvents) {
    this.#events = events;
  }

  get active(): LineCall | undefined {
    return this.calls.find(({ state }) => state === 'active');
  }

  dial(phone: Phone, reachable: boolean): void {
    const waits = this.calls.length > 0;
    const full = this.calls.length > 1 || (waits && !this.takesWaiting);
    if (!reachable || full) {
      phone.end(reachable ? 'busy' : 'unreachable');
      return;
    }
    const index = this.calls.some((call) => call.index === 1) ? 2 : 1;
    const call: LineCall = {
      ...{ index, phone, state: waits ? 'waiting' : 'ringing', answeredAt: 0 },
    };
    this.calls.push(call);
    if (waits) this.#events.waiting(call);
    else this.#events.ringing(call);
  }

  answer(now: number): LineCall | null {
    const call = this.calls.find(({ state }) => state === 'ringing');
    if (call === undefined) return null;
    call.state = 'active';
    call.answeredAt = now;
    call.phone.call = 'talking';
    return call;
  }

  end(call: LineCall, by: 'phone' | 'modem' | 'network'): void {
    if (!this.calls.includes(call)) return;
    const wasActive = call.state === 'active';
    this.calls = this.calls.filter((each) => each !== call);
    call.phone.end(endOf(by, wasActive));
    this.#events.over(call, by, wasActive);
    const [next] = this.calls;
    if (next?.state !== 'waiting') return;
    next.state = 'ringing';
    this.#events.ringing(next);
  }

  of(phone: Phone): LineCall | undefined {
    return this.calls.find((call) => call.phone === phone);
  }
}

function endOf(by: 'phone' | 'modem' | 'network', wasActive: boolean): PhoneCall {
  if (wasActive) return 'ended';
  return by === 'modem' ? 'busy' : 'unanswered';
}
