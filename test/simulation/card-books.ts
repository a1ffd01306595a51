/** What the auditor knows of cards: by their own memory, and by nothing that anybody tells. */
import { hex } from '#device/codecs/bytes.ts';
import { type LogRecord, terminalMark } from '#device/codecs/purse.ts';
import { applyHotlist, type Blocked, recallHotlist } from '#device/flows/hotlist.ts';
import type { CardDebit, Hotlist } from '#device/messages/card.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import { cardAccount } from '#gateway/settlement/book.ts';
import type { Reconciliation } from '#gateway/settlement/report.ts';
import type { Tables } from '#gateway/store/tables.ts';
import type { Purse } from './card-reader.ts';

interface Debit {
  readonly card: string;
  readonly counter: number;
  readonly amount_minor: number;
  readonly terminal: string;
}

export class CardBooks {
  readonly purses = new Map<string, Purse>();
  readonly #balances = new Map<string, number>();
  readonly #debits = new Map<string, Debit>();
  readonly #credits = new Set<string>();
  /** By terminal, the list as it was told. */
  readonly #blocked = new Map<string, Blocked | null>();

  add(purse: Purse): void {
    this.purses.set(purse.id, purse);
    this.#balances.set(purse.id, purse.balanceMinor);
  }

  /** A card committed something; the answer is what is wrong with it. */
  did(purse: Purse, { kind, order, amountMinor, terminal }: LogRecord): string[] {
    const { id, counter, balanceMinor } = purse;
    const change = kind === 'debit' ? -amountMinor : amountMinor;
    const expected = (this.#balances.get(id) ?? 0) + change;
    this.#balances.set(id, balanceMinor);
    const wrong: string[] = [];
    if (balanceMinor !== expected) {
      wrong.push(`value: card ${id} has ${balanceMinor}, and did ${kind} to ${expected}`);
    }
    if (kind !== 'debit') {
      if (this.#credits.has(order)) wrong.push(`value: ${kind} ${order} was put on twice`);
      this.#credits.add(order);
      return wrong;
    }
    const earlier = this.#debits.get(order);
    if (earlier !== undefined) {
      wrong.push(`debit: ${order} was debited by cards ${earlier.card} and ${id}`);
    }
    const facts = { card: id, counter, amount_minor: amountMinor, terminal: hex(terminal) };
    this.#debits.set(order, facts);
    return wrong;
  }

  /** Whether a card paid this order, all of it, at this terminal. */
  hasPaid(order: string, amountMinor: number, terminal: string): boolean {
    const debit = this.#debits.get(order);
    return debit?.amount_minor === amountMinor && debit.terminal === hex(terminalMark(terminal));
  }

  /** A terminal is told which cards it may not take; `now` is its gateway's clock, as it knows it. */
  told(terminal: string, hotlist: Hotlist, now: number): void {
    this.#blocked.set(terminal, applyHotlist(this.#blocked.get(terminal) ?? null, hotlist, now));
  }

  booted(terminal: string, entries: readonly JournalEntry[]): void {
    this.#blocked.set(terminal, recallHotlist(entries));
  }

  /** What is wrong with a debit that a terminal begins. */
  begun(terminal: string, { card }: CardDebit): string[] {
    return this.#blocked.get(terminal)?.cards.has(card) === true
      ? [`blocked: ${terminal} takes ${card}, which it was told not to`]
      : [];
  }

  /** Card, ledger and float hold the same; what cards did for nothing has come back to them. */
  judge(tables: Tables, report: Reconciliation, payments: ReadonlySet<string>): string[] {
    const wrong: string[] = [];
    if (!report.clean) wrong.push(`value: not reconciled: ${JSON.stringify(report)}`);
    for (const { id, balanceMinor } of this.purses.values()) {
      const book = tables.ledger.account(cardAccount(id))?.balance_minor ?? 0;
      if (book !== balanceMinor) {
        wrong.push(`value: card ${id} holds ${balanceMinor}, the book has ${book}`);
      }
    }
    const onCards = [...this.purses.values()].reduce((sum, each) => sum + each.balanceMinor, 0);
    for (const { float_minor } of report.currencies) {
      if (float_minor !== onCards) wrong.push(`value: float ${float_minor}, on cards ${onCards}`);
    }
    for (const [order, { card, counter, amount_minor }] of this.#debits) {
      if (payments.has(`CARD-${card}-${counter}`)) continue;
      const back = tables.settlement
        .refundsOf(order)
        .filter(({ state }) => state === 'done')
        .reduce((sum, each) => sum + each.amount_minor, 0);
      if (back !== amount_minor) {
        wrong.push(`debit: card ${card} paid ${amount_minor} for ${order}, and ${back} came back`);
      }
    }
    return wrong;
  }
}
