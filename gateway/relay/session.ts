/** One relay: groups go down one at a time, and each waits for its answer or for its time limit. */
import { fromHex, hex, sameBytes } from '#device/codecs/bytes.ts';
import { goesOn } from '#device/codecs/purse-rounds.ts';
import {
  RELAY_GROUP,
  RELAY_STEPS,
  type RelayAnswer,
  type RelayGroup,
  type RelayWanted,
} from '#device/messages/relay.ts';
import type { Clock } from '../clock.ts';
import type { Relayed, RelayedCard } from './relayed-card.ts';

/** For the card's part of a group; a commit takes a card well under a tenth of it. */
const GROUP_MS = 3000;
/** For the way there and back beside it. */
const NETWORK_MS = 10_000;

export interface RelaySessionParts {
  readonly clock: Clock;
  /** `false` where the terminal is known not to be there. */
  readonly send: (group: RelayGroup) => boolean;
}

interface Waiting {
  readonly step: number;
  readonly most: number;
  readonly settle: (relayed: Relayed) => void;
}

export class RelaySession {
  readonly #parts: RelaySessionParts;
  readonly #wanted: RelayWanted;
  /** What the terminal had the card do by itself, until it was asked for. */
  #opened: { apdus: readonly Uint8Array[]; answers: readonly Uint8Array[] } | null;
  #step = 0;
  #waiting: Waiting | null = null;
  #over: NonNullable<Relayed['ended']> | null = null;

  constructor(parts: RelaySessionParts, wanted: RelayWanted) {
    this.#parts = parts;
    this.#wanted = wanted;
    const { opened } = wanted;
    this.#opened =
      opened === undefined
        ? null
        : { apdus: opened.apdus.map(fromHex), answers: opened.answers.map(fromHex) };
  }

  get relay(): string {
    return this.#wanted.relay;
  }

  get invite(): string | undefined {
    return this.#wanted.invite;
  }

  /** What settlement is given of it. */
  card(terminal: string): RelayedCard {
    const { relay, uid, purpose, order } = this.#wanted;
    const transport = (apdus: readonly Uint8Array[]): Promise<Relayed> => this.#transport(apdus);
    const about = order === undefined ? {} : { order };
    return { relay, terminal, uid: fromHex(uid), purpose, ...about, transport };
  }

  /** Takes an answer; one that is late, repeated or of more than was asked is dropped. */
  take(answer: RelayAnswer): void {
    const waiting = this.#waiting;
    if (waiting === null || answer.step !== waiting.step) return;
    const answers = answer.answers.map(fromHex).slice(0, waiting.most);
    const short = answers.length < waiting.most && (answers.length === 0 || allGoOn(answers));
    const ended = answer.ended ?? (short ? 'card' : undefined);
    waiting.settle(ended === undefined ? { answers } : { answers, ended });
  }

  /** Whoever waits is told that nothing more will come. */
  end(): void {
    this.#waiting?.settle({ answers: [], ended: 'network' });
    this.#over ??= 'network';
  }

  #transport(apdus: readonly Uint8Array[]): Promise<Relayed> {
    if (this.#waiting !== null) throw new Error('a group of this relay is still under way');
    if (apdus.length === 0) throw new RangeError('a group of no commands');
    if (apdus.length > RELAY_GROUP) throw new RangeError(`a group of ${apdus.length} commands`);
    if (this.#over !== null) return Promise.resolve({ answers: [], ended: this.#over });
    const opened = this.#opened;
    this.#opened = null;
    if (opened === null) return this.#ask(apdus);
    if (!sameGroup(opened.apdus, apdus)) return this.#instead(opened.apdus, apdus);
    const { answers } = opened;
    if (answers.length === apdus.length || !allGoOn(answers)) return Promise.resolve({ answers });
    this.#over = 'card';
    return Promise.resolve({ answers, ended: 'card' });
  }

  /**
   * Something else than the opening is wanted. The card may wait for the rest of an authentication,
   * and refuses whatever comes instead, once: that is the opening's first command.
   */
  async #instead([first]: readonly Uint8Array[], apdus: readonly Uint8Array[]): Promise<Relayed> {
    const refused = first === undefined ? null : await this.#ask([first]);
    return refused?.ended === undefined ? this.#ask(apdus) : refused;
  }

  #ask(apdus: readonly Uint8Array[]): Promise<Relayed> {
    const { clock, send } = this.#parts;
    const { relay, uid, purpose } = this.#wanted;
    this.#step += 1;
    const step = this.#step;
    if (step > RELAY_STEPS) throw new RangeError(`a relay of more than ${RELAY_STEPS} groups`);
    return new Promise((resolve) => {
      const settle = (relayed: Relayed): void => {
        cancel();
        this.#waiting = null;
        if (relayed.ended !== undefined) this.#over = relayed.ended;
        resolve(relayed);
      };
      const cancel = clock.after(GROUP_MS + NETWORK_MS, () =>
        settle({ answers: [], ended: 'network' }),
      );
      this.#waiting = { step, most: apdus.length, settle };
      const group = { relay, step, uid, apdus: apdus.map(hex), timeout_ms: GROUP_MS, purpose };
      if (!send(group)) settle({ answers: [], ended: 'network' });
    });
  }
}

const allGoOn = (answers: readonly Uint8Array[]): boolean => answers.every(goesOn);

const sameGroup = (left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean =>
  left.length === right.length &&
  left.every((each, at) => sameBytes(each, right[at] ?? new Uint8Array(0)));
