/**
 * Top-ups paid from a phone: a link of the acquirer, then a load that the settlement keeps for the
 * card's next tap. Each step is kept before it is asked, asked under one id until there is an answer,
 * and so done once. What the card can't have any more goes back to who paid.
 */
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import type { Currency } from '#device/messages/money.ts';
import type { AcquirerGate, AcquirerResult, LinkGate } from '../acquirer/gate.ts';
import { ON_ITS_WAY_MS } from '../acquirer/gate.ts';
import type { Chance, Clock } from '../clock.ts';
import { askGate } from '../gate.ts';
import type { Log } from '../log.ts';
import { backOff, roundOf, startResolver } from '../resolver.ts';
import type { SettlementGate } from '../settlement/gate.ts';
import type { Tables } from '../store/tables.ts';
import type { TopUpRow } from '../store/tables-topups.ts';
import type { Transaction, Writer } from '../store/writer.ts';

export interface TopUpParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly links: LinkGate;
  readonly acquirer: Pick<AcquirerGate, 'refund'>;
  /** `null` where nothing settles cards. */
  readonly settlement: SettlementGate | null;
}

export interface TopUpWish {
  readonly card: string;
  readonly amount_minor: number;
  /** E.164. */
  readonly phone: string;
  readonly customer: string;
}

export type ToppedUp =
  | { readonly ok: true; readonly row: TopUpRow }
  | {
      readonly ok: false;
      readonly code: 'not_offered' | 'unknown_card' | 'blocked_card' | 'too_much' | 'too_many';
    };

/** Vendor of the house that card money is paid to. */
export const CARD_MERCHANT = 'card_merchant';
/** How long a link may be paid. */
export const LIFETIME_MS = 15 * 60_000;
/** Unpaid ones of one card. */
const OPEN_LIMIT = 3;
/** Somebody is paying just now: look again after this. */
const LOOK_AGAIN_MS = 30_000;
/** A card that has not come for so long is lost or forgotten: the money goes back to who paid. */
const COLLECT_MS = 30 * 86_400_000;
/** How often it is asked whether the card has come. */
const DUE_MS = 60_000;
/** Forms that were sent, by the key that stands in each. */
const SENT = 'top-up form';
const RECEIVER = 'order-centre:topup';

/** Digests of a form's key, and of what was typed into it. */
export interface SentForm {
  readonly key: string;
  readonly fingerprint: string;
}

export class TopUps {
  readonly #parts: TopUpParts;
  readonly #stop: () => void;
  #closed = false;

  constructor(parts: TopUpParts) {
    this.#parts = parts;
    const { tables, writer, clock, log } = parts;
    this.#stop = startResolver({
      ...{ writer, clock, log, place: 'topups' },
      nextAt: () => tables.topups.nextAt(),
      settle: async (now) => {
        await Promise.all(tables.topups.due(now, roundOf(now)).map((row) => this.#look(row)));
      },
    });
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  /** Whether this house takes money for cards. */
  get offered(): boolean {
    const { tables, settlement } = this.#parts;
    return settlement !== null && tables.settings.get(CARD_MERCHANT) !== undefined;
  }

  /** Of whoever asked for it. */
  find(number: string, customer: string): TopUpRow | undefined {
    const row = this.#parts.tables.topups.find(number);
    return row?.customer === customer ? row : undefined;
  }

  /** The same, looked after where it waits for its card, or its time is over. */
  async refreshed(row: TopUpRow): Promise<TopUpRow> {
    const over = row.state === 'unpaid' && this.#parts.clock.now() >= row.expires_at;
    if (row.state === 'due' || over) await this.#look(row);
    return this.#parts.tables.topups.find(row.number) ?? row;
  }

  /** Rejects with a `PeerError` where the settlement can't be asked. */
  async begin(wish: TopUpWish, sent: SentForm | null = null): Promise<ToppedUp> {
    const { tables, writer, clock, chance, settlement } = this.#parts;
    // The same form sent twice is one wish: its second answer is the first.
    const earlier = sent === null ? undefined : tables.answers.find(SENT, sent.key);
    if (earlier !== undefined && earlier.fingerprint === sent?.fingerprint) {
      const known = tables.topups.find(earlier.answer);
      if (known !== undefined) return { ok: true, row: known };
    }
    const merchant = tables.settings.get(CARD_MERCHANT);
    if (settlement === null || merchant === undefined) return { ok: false, code: 'not_offered' };
    const { card: name, amount_minor } = wish;
    const found = await askGate(writer, settlement.card, name);
    if (found.said === 'refused') return { ok: false, code: 'unknown_card' };
    const { state, currency, most_minor, balance_minor, due_minor } = found.card;
    if (state === 'new') return { ok: false, code: 'unknown_card' };
    if (state !== 'active') return { ok: false, code: 'blocked_card' };
    if (amount_minor > most_minor - balance_minor - due_minor) {
      return { ok: false, code: 'too_much' };
    }
    const now = Math.floor(clock.now());
    const number = mintOrderNumber(now, chance.bytes(4));
    const row = await writer.run((tx) => {
      if (tx.topups.unpaidOf(name) >= OPEN_LIMIT) return null;
      const made: TopUpRow = {
        ...{ number, ...wish, merchant, currency, state: 'asked' },
        ...{ link: null, payment: null, reason: null, tries: 0, ended_at: null },
        ...{ next_at: now + ON_ITS_WAY_MS, created_at: now, expires_at: now + LIFETIME_MS },
      };
      const before = sent === null ? undefined : tx.answers.find(SENT, sent.key);
      const same = before !== undefined && before.fingerprint === sent?.fingerprint;
      const twin = same ? tx.topups.find(before.answer) : undefined;
      if (twin !== undefined) return twin;
      tx.topups.put(made);
      if (sent !== null && before === undefined) {
        tx.answers.add(SENT, sent.key, { fingerprint: sent.fingerprint, answer: number }, now);
      }
      return made;
    });
    if (row === null) return { ok: false, code: 'too_many' };
    if (row.number !== number) return { ok: true, row };
    await this.#look(row);
    return { ok: true, row: tables.topups.find(number) ?? row };
  }

  /** Wants it no more; whoever is paying just now has paid. */
  async cancel({ number }: TopUpRow): Promise<void> {
    const { clock, tables } = this.#parts;
    const now = Math.floor(clock.now());
    await this.#change(number, ['asked', 'unpaid'], { expires_at: now, reason: 'cancelled' });
    const row = tables.topups.find(number);
    if (row?.state === 'unpaid') await this.#look(row);
  }

  /**
   * Takes a result of the acquirer in the unit that knows it, once however often it comes; `false`
   * where it is of no top-up.
   */
  takeResult(tx: Transaction, result: AcquirerResult): boolean {
    const row = tx.topups.find(result.order);
    if (row === undefined) return false;
    const now = Math.floor(this.#parts.clock.now());
    if (!tx.deliveries.receive(RECEIVER, result.event, now)) return true;
    if (result.kind === 'refund') {
      if (row.state === 'refunding' && result.answer.said === 'refunded') endRefunded(tx, row, now);
      return true;
    }
    if (result.answer.said !== 'paid' || row.payment !== null) return true;
    const fits =
      result.amount_minor === row.amount_minor &&
      result.currency === row.currency &&
      result.merchant === row.merchant;
    const open = row.state === 'unpaid' || row.state === 'asked';
    const took = { payment: result.id, tries: 0, next_at: now, ended_at: null };
    // Money that nobody waits for any more goes back.
    tx.topups.put(
      fits && open
        ? { ...row, ...took, state: 'paid', reason: null }
        : { ...row, ...took, state: 'refunding', reason: fits ? 'paid_late' : 'paid_otherwise' },
    );
    tx.note({ about: 'open' });
    return true;
  }

  /** Cards that no terminal takes any more: what waits for them is looked after at once. */
  blocked(tx: Transaction, cards: readonly string[]): void {
    tx.topups.hurry(cards, Math.floor(this.#parts.clock.now()));
    tx.note({ about: 'open' });
  }

  /** Takes the next step; where nobody answers, it is taken again later. */
  async #look(row: TopUpRow): Promise<void> {
    const { writer, clock, log } = this.#parts;
    try {
      await this.#step(row);
    } catch (cause) {
      if (this.#closed) return;
      const says = `${row.number} (${row.state}): ${cause instanceof Error ? cause.message : cause}`;
      if (row.tries === 0) log({ level: 'warn', place: 'topups', says });
      await writer.run((tx) => {
        const now = tx.topups.find(row.number);
        if (now?.state !== row.state) return;
        const next_at = Math.floor(clock.now()) + backOff(now.tries);
        tx.topups.put({ ...now, tries: now.tries + 1, next_at });
      });
    }
  }

  #step(row: TopUpRow): Promise<void> {
    switch (row.state) {
      case 'asked':
        return this.#link(row);
      case 'unpaid':
        return this.#expire(row);
      case 'paid':
        return this.#load(row);
      case 'due':
        return this.#collect(row);
      case 'refunding':
        return this.#refund(row);
      default:
        return this.#change(row.number, [row.state], { next_at: null });
    }
  }

  async #link(row: TopUpRow): Promise<void> {
    const { writer, links, clock } = this.#parts;
    const { number, merchant, amount_minor, phone } = row;
    const name = `Card ···${row.card.slice(-4)} 储值卡充值`;
    const answer = await askGate(writer, links.createLink, {
      ...{ id: `topup:${number}`, merchant, order: number, amount_minor, phone },
      ...{ currency: row.currency as Currency },
      lines: [{ name, quantity: 1, unit_minor: amount_minor }],
    });
    if (answer.said === 'created') {
      const expires_at = Math.min(row.expires_at, answer.expires_at);
      const made = { state: 'unpaid', link: answer.link, tries: 0, expires_at } as const;
      return this.#change(number, ['asked'], { ...made, next_at: expires_at });
    }
    const reason = answer.said === 'refused' ? answer.code : answer.said;
    const ended = { ended_at: Math.floor(clock.now()), next_at: null, reason };
    return this.#change(number, ['asked'], { state: 'refused', ...ended });
  }

  async #expire(row: TopUpRow): Promise<void> {
    const { writer, links, clock } = this.#parts;
    const { number, merchant, expires_at } = row;
    const now = Math.floor(clock.now());
    if (now < expires_at) return this.#change(number, ['unpaid'], { next_at: expires_at });
    const id = `topup-close:${number}:${expires_at}`;
    const answer = await askGate(writer, links.closeLink, { id, merchant, order: number });
    if (answer.said !== 'closed') {
      // Paid, or being paid: its result decides.
      const again = now + LOOK_AGAIN_MS;
      return this.#change(number, ['unpaid'], { expires_at: again, next_at: again, tries: 0 });
    }
    return this.#change(number, ['unpaid'], { state: 'expired', ended_at: now, next_at: null });
  }

  async #load(row: TopUpRow): Promise<void> {
    const { writer, clock } = this.#parts;
    const { number: id, card, amount_minor } = row;
    const ask = { kind: 'load', id, card, amount_minor } as const;
    const answer = await askGate(writer, this.#settlement().ask, ask);
    const next_at = Math.floor(clock.now()) + DUE_MS;
    if (answer.said === 'job') {
      return this.#change(id, ['paid'], { state: 'due', tries: 0, next_at });
    }
    const reason = answer.said === 'refused' ? answer.code : answer.said;
    return this.#giveBack(row, reason);
  }

  /** Whether the card has it; or can't have it any more, which is certain once the load is ended. */
  async #collect(row: TopUpRow): Promise<void> {
    const { writer, clock } = this.#parts;
    const settlement = this.#settlement();
    let answer = await askGate(writer, settlement.job, row.number);
    const found = await askGate(writer, settlement.card, row.card);
    const fit = found.said === 'card' && found.card.state === 'active';
    const now = Math.floor(clock.now());
    const late = now >= row.created_at + COLLECT_MS;
    // Only what no card was sent yet: what is on its way to one may have arrived.
    if ((!fit || late) && answer.said === 'job' && answer.job.state === 'asked') {
      answer = await askGate(writer, settlement.cancel, row.number);
    }
    const state = answer.said === 'job' ? answer.job.state : null;
    if (state === 'done') {
      const ended = { ended_at: now, next_at: null };
      return this.#change(row.number, ['due'], { state: 'loaded', ...ended });
    }
    if (answer.said === 'job' && state === 'failed') {
      const why = late ? 'not_collected' : (answer.job.reason ?? 'failed');
      return this.#giveBack(row, fit ? why : 'blocked_card');
    }
    return this.#change(row.number, ['due'], { tries: 0, next_at: now + DUE_MS });
  }

  async #giveBack(row: TopUpRow, reason: string): Promise<void> {
    await this.#change(row.number, [row.state], { state: 'refunding', tries: 0, reason });
    return this.#refund(row);
  }

  async #refund({ number, payment, amount_minor }: TopUpRow): Promise<void> {
    const { writer, acquirer, clock } = this.#parts;
    if (payment === null) throw new Error(`nobody paid ${number}`);
    const ask = { id: `topup-back:${number}`, payment, amount_minor };
    const answer = await askGate(writer, acquirer.refund, ask);
    if (answer.said !== 'refunded') {
      const code = answer.said === 'refused' ? answer.code : answer.said;
      throw new Error(`the acquirer has not given ${payment} back: ${code}`);
    }
    await writer.run((tx) => {
      const row = tx.topups.find(number);
      if (row?.state === 'refunding') endRefunded(tx, row, Math.floor(clock.now()));
    });
  }

  #settlement(): SettlementGate {
    const { settlement } = this.#parts;
    if (settlement === null) throw new Error('nothing settles cards here any more');
    return settlement;
  }

  /** Changes it where it is still in one of these states. */
  async #change(
    number: string,
    states: readonly TopUpRow['state'][],
    change: Partial<TopUpRow>,
  ): Promise<void> {
    await this.#parts.writer.run((tx) => {
      const row = tx.topups.find(number);
      if (row === undefined || !states.includes(row.state)) return;
      tx.topups.put({ ...row, ...change });
      tx.note({ about: 'open' });
    });
  }
}

const endRefunded = (tx: Transaction, row: TopUpRow, now: number): void =>
  tx.topups.put({ ...row, state: 'refunded', ended_at: now, next_at: null });
