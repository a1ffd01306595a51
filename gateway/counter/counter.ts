/**
 * The counter: whoever may, has a terminal ask for a card, and what is to be done with it is done by
 * settlement through that terminal's reader: a load that was paid in, a new card, a balance. What it
 * shows is in memory; a load that has begun is settlement's, and goes on at the card's next tap.
 */
import { openingOf } from '#device/codecs/purse-talks.ts';
import type { Currency } from '#device/messages/money.ts';
import type { RelayPurpose, RelaySaid } from '#device/messages/relay.ts';
import type { Clock } from '../clock.ts';
import type { Invitation, RelayDesk } from '../relay/desk.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import type { SettlementDrives } from '../settlement/gate.ts';
import type { Tables } from '../store/tables.ts';
import type { Registry } from '../terminals/registry.ts';

export interface CounterParts {
  readonly tables: Pick<Tables, 'pairings'>;
  readonly registry: Pick<Registry, 'keys'>;
  readonly relay: RelayDesk;
  readonly clock: Pick<Clock, 'now'>;
  /** `null` where there is no settlement. */
  readonly settlement: SettlementDrives | null;
}

export interface CounterWish {
  /** Sixteen digits: the same wish twice is one. */
  readonly id: string;
  /** Number of the terminal, such as `104233`, or its id. */
  readonly terminal: string;
  readonly act: 'load' | 'personalise' | 'inspect';
  readonly currency: Currency;
  /** Only of a load. */
  readonly amount_minor?: number | undefined;
}

export interface CounterView {
  readonly id: string;
  readonly terminal: string;
  readonly act: CounterWish['act'];
  readonly currency: Currency;
  readonly amount_minor?: number;
  /** `waiting` for a card, which is `working` once it lies there; `over` without one. */
  readonly state: 'waiting' | 'working' | 'done' | 'over';
  /** Why the last card did not do. */
  readonly trouble?: Exclude<RelaySaid, 'done'>;
  /** It was sent away at the terminal. */
  readonly declined?: boolean;
  /** On the card now. */
  readonly balance_minor?: number;
  /** Which card it was. */
  readonly card?: string;
}

export type CounterAnswer =
  | { readonly ok: true; readonly view: CounterView }
  | {
      readonly ok: false;
      readonly code: 'unknown_terminal' | 'terminal_busy' | 'terminal_away' | 'no_cards' | 'reused';
    };

/** How long a terminal waits for the card. */
const WAIT_MS = 120_000;
const REMEMBERED = 500;
/** Pages that follow one card. */
const WATCHERS = 20;

interface Work {
  readonly watchers: Set<() => void>;
  view: CounterView;
  invitation: Invitation | null;
}

export class Counter {
  readonly #parts: CounterParts;
  readonly #works = new Map<string, Work>();

  constructor(parts: CounterParts) {
    this.#parts = parts;
  }

  find(id: string): CounterView | undefined {
    return this.#works.get(id)?.view;
  }

  /** Tells of each change until the answer is called; `null` where there are too many who listen. */
  watch(id: string, tell: () => void): (() => void) | null {
    const work = this.#works.get(id);
    if (work === undefined || work.watchers.size >= WATCHERS) return null;
    work.watchers.add(tell);
    return () => void work.watchers.delete(tell);
  }

  /** Has the terminal ask for a card. One that is over may be asked for again. */
  begin(wish: CounterWish): CounterAnswer {
    const { tables, registry, relay, settlement } = this.#parts;
    const { id, terminal: number, act, currency, amount_minor } = wish;
    const known = this.#works.get(id);
    if (known !== undefined) {
      const same =
        known.view.act === act &&
        known.view.currency === currency &&
        known.view.amount_minor === amount_minor;
      if (!same) return { ok: false, code: 'reused' };
      if (known.view.state !== 'over') return { ok: true, view: known.view };
    }
    if (settlement === null) return { ok: false, code: 'no_cards' };
    const terminal = tables.pairings.terminalOf(number) ?? number;
    if (registry.keys(terminal) === undefined) return { ok: false, code: 'unknown_terminal' };
    if (relay.busy(terminal)) return { ok: false, code: 'terminal_busy' };
    const amount = amount_minor === undefined ? {} : { amount_minor };
    const view: CounterView = { id, terminal: number, act, currency, ...amount, state: 'waiting' };
    const watchers = this.#works.get(id)?.watchers ?? new Set<() => void>();
    const work: Work = { view, invitation: null, watchers };
    const invitation = relay.invite({
      ...{ terminal, purpose: act, currency, ...amount, lifetimeMs: WAIT_MS },
      opening: act === 'personalise' ? [] : openingOf('load'),
      work: (card) => this.#take(settlement, work, card),
      over: (why) => this.#over(work, why === 'declined'),
    });
    if (!invitation.heard) {
      invitation.withdraw();
      return { ok: false, code: 'terminal_away' };
    }
    work.invitation = invitation;
    this.#works.set(id, work);
    const [oldest] = this.#works.keys();
    if (this.#works.size > REMEMBERED && oldest !== undefined) this.#works.delete(oldest);
    return { ok: true, view };
  }

  /** Asks for no card any more; what has begun goes on. */
  withdraw(id: string): CounterView | undefined {
    const work = this.#works.get(id);
    if (work?.view.state === 'waiting') {
      work.invitation?.withdraw();
      this.#over(work);
    }
    return work?.view;
  }

  async #take(settlement: SettlementDrives, work: Work, card: RelayedCard): Promise<RelayOutcome> {
    const { id, act, currency, amount_minor } = work.view;
    this.#show(work, { ...work.view, state: 'working' });
    let outcome: RelayOutcome = { said: 'failed' };
    try {
      outcome =
        act === 'load' && amount_minor !== undefined
          ? await settlement.load({ id, currency, amount_minor }, card)
          : act === 'personalise'
            ? await settlement.make({ currency }, card)
            : await settlement.serve(card);
    } finally {
      this.#took(work, outcome);
    }
    return isAnswer(act, outcome) ? { ...outcome, said: 'done' } : outcome;
  }

  #took(work: Work, outcome: RelayOutcome): void {
    const { said, balance_minor, card } = outcome;
    const { trouble: _, ...view } = work.view;
    const balance = {
      ...(balance_minor === undefined ? {} : { balance_minor }),
      ...(card === undefined ? {} : { card }),
    };
    if (said === 'done' || isAnswer(view.act, outcome)) {
      this.#show(work, { ...view, ...balance, state: 'done' });
      work.invitation?.withdraw();
      return;
    }
    const trouble = said as Exclude<RelaySaid, 'done'>;
    this.#show(work, { ...view, ...balance, state: 'waiting', trouble });
  }

  #over(work: Work, declined = false): void {
    if (work.view.state !== 'waiting') return;
    this.#show(work, { ...work.view, state: 'over', ...(declined ? { declined } : {}) });
  }

  #show(work: Work, view: CounterView): void {
    work.view = view;
    for (const tell of work.watchers) tell();
  }
}

/** A card that is due nothing has still told what it holds. */
const isAnswer = (act: RelayPurpose, { said, balance_minor }: RelayOutcome): boolean =>
  act === 'inspect' && said === 'nothing_due' && balance_minor !== undefined;
