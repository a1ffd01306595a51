/** Tells a terminal its number, who is paired with it, and how far that phone is with its order. */
import type { Attempt, Pairing as PairingTold } from '#device/messages/order.ts';
import type { Downlinks } from '../notify/downlinks.ts';
import type { Tables } from '../store/tables.ts';
import { isLive } from './attempts.ts';

interface Told {
  pairing: string;
  attempt: string;
  /** The order of the last attempt told. */
  order: string | null;
}

export class TerminalTeller {
  readonly #tables: Tables;
  readonly #downlinks: Downlinks;
  readonly #told = new Map<string, Told>();

  constructor(tables: Tables, downlinks: Downlinks) {
    this.#tables = tables;
    this.#downlinks = downlinks;
  }

  /** It listens anew: it knows nothing any more. */
  arrived(terminal: string): void {
    this.#told.delete(terminal);
    this.tell(terminal);
  }

  /** Tells what is new. A terminal that is away is told all when it comes. */
  tell(terminal: string): void {
    const pairing = this.#pairingOf(terminal);
    if (pairing === null) return;
    const last = this.#told.get(terminal) ?? { pairing: '', attempt: '', order: null };
    const attempt = this.#attemptOf(terminal, last.order);
    const next: Told = {
      pairing: JSON.stringify(pairing),
      attempt: attempt === null ? last.attempt : JSON.stringify(attempt),
      order: attempt?.order ?? last.order,
    };
    if (
      next.pairing !== last.pairing &&
      !this.#downlinks.tell(terminal, { kind: 'pairing', pairing })
    ) {
      return;
    }
    if (attempt !== null && next.attempt !== last.attempt) {
      this.#downlinks.tell(terminal, { kind: 'attempt', attempt });
    }
    this.#told.set(terminal, next);
  }

  #pairingOf(terminal: string): PairingTold | null {
    const { pairings } = this.#tables;
    const number = pairings.numberOf(terminal);
    if (number === undefined) return null;
    const row = pairings.ofTerminal(terminal);
    if (row === undefined) return { number };
    return { number, paired: { pairing: row.id, payer: row.payer } };
  }

  #attemptOf(terminal: string, toldOrder: string | null): Attempt | null {
    const { pairings } = this.#tables;
    const order = pairings.openOrder(terminal);
    if (order === undefined) return null;
    const pairing = pairings.ofTerminal(terminal);
    const last = pairings.attemptsOf(order).at(-1);
    if (last !== undefined) {
      const { nth: attempt, payer } = last;
      if (isLive(last)) return { order, attempt, state: 'paying', payer };
      const asked = pairing !== undefined && last.pairing !== pairing.id;
      if (!asked)
        return { order, attempt, state: 'failed', reason: last.reason ?? 'withdrawn', payer };
    }
    const attempt = last?.nth ?? 0;
    if (pairing?.order_number === order) {
      return { order, attempt, state: 'asked', payer: pairing.payer };
    }
    // It was asked and has left without a word.
    if (toldOrder !== order) return null;
    return { order, attempt, state: 'failed', reason: 'withdrawn', payer: last?.payer ?? '' };
  }
}
