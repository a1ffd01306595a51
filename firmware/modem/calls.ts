/**
 * The calls on one line, as the modem lists them (+CLCC): the list is the truth, and what the modem
 * tells by itself only says that it is time to look. No I/O here.
 */
import type { ListedCall } from '#device/codecs/at.ts';
import type { Call, CallEnd } from '#device/ports/modem.ts';

export interface CallEvents {
  ringing(call: Call): void;
  waiting(call: Call): void;
  /** `null`: only the modem can say why, if anybody. */
  over(call: Call, how: CallEnd | null): void;
}

export interface KnownCall {
  readonly call: Call;
  /** By which the modem knows it. */
  index: number;
  state: 'ringing' | 'waiting' | 'active';
  /** We asked for its end. */
  ours: boolean;
  /** The last list did not have it: one line may be disturbed, two are not. */
  missed: boolean;
}

export class Calls {
  readonly #events: CallEvents;
  readonly #known: KnownCall[] = [];
  #count = 0;

  constructor(events: CallEvents) {
    this.#events = events;
  }

  find(call: Call): KnownCall | undefined {
    return this.#known.find((known) => known.call === call);
  }

  get some(): boolean {
    return this.#known.length > 0;
  }

  get waiting(): KnownCall | undefined {
    return this.#known.find(({ state }) => state === 'waiting');
  }

  get active(): KnownCall | undefined {
    return this.#known.find(({ state }) => state === 'active');
  }

  /** Look again at once: a call was not on the last list. */
  get doubtful(): boolean {
    return this.#known.some(({ missed }) => missed);
  }

  /** Takes the modem's list over, tells what is new, and answers the calls that are no longer ours. */
  apply(listed: readonly ListedCall[]): readonly ListedCall[] {
    const there = listed.filter(
      ({ incoming, voice, state }) => incoming && voice && state !== 'over',
    );
    for (const known of [...this.#known]) {
      if (there.some((each) => matches(known, each))) known.missed = false;
      else if (known.missed) this.#end(known);
      else known.missed = true;
    }
    const strange: ListedCall[] = [];
    for (const each of there) {
      const known = this.#known.find((one) => matches(one, each));
      if (known !== undefined) this.#advance(known, each);
      else if (each.state === 'ringing' || each.state === 'waiting') this.#begin(each);
      else strange.push(each);
    }
    return strange;
  }

  /** The modem took our answer. */
  answered(known: KnownCall): void {
    known.state = 'active';
  }

  #begin({ index, number, state }: ListedCall): void {
    this.#count += 1;
    const call: Call = { number: this.#count, from: number };
    const waits = state === 'waiting';
    this.#known.push({
      call,
      index,
      state: waits ? 'waiting' : 'ringing',
      ours: false,
      missed: false,
    });
    if (waits) this.#events.waiting(call);
    else this.#events.ringing(call);
  }

  #advance(known: KnownCall, { state }: ListedCall): void {
    if (known.state !== 'waiting' || state !== 'ringing') return;
    known.state = 'ringing';
    this.#events.ringing(known.call);
  }

  #end(known: KnownCall): void {
    this.#known.splice(this.#known.indexOf(known), 1);
    const unanswered = known.state === 'active' ? null : 'unanswered';
    this.#events.over(known.call, known.ours ? 'us' : unanswered);
  }
}

/** An index is used again: a ringing call in the place of an answered one is another. */
function matches(known: KnownCall, listed: ListedCall): boolean {
  if (known.index !== listed.index) return false;
  return known.state !== 'active' || listed.state === 'active' || listed.state === 'held';
}
