/**
 * Carries the outbox to the terminals: a receipt until it was handed to the terminal's wire (the
 * terminal asks again if it got lost), a result, refund or paid web order until the terminal has seen it, with back-off.
 */

import { seal } from '#device/codecs/jws.ts';
import type { CardReceipt, CardVerdict, Hotlist } from '#device/messages/card.ts';
import type { DayReceipt, DayWanted } from '#device/messages/day.ts';
import {
  type Attempt,
  type Downlink,
  MAX_RECEIPTS,
  type Pairing,
  type Receipt,
  type Refund,
  type Result,
  type WebPaid,
} from '#device/messages/order.ts';
import type { RelayEnd, RelayGroup, RelayInvite, RelayWithdraw } from '#device/messages/relay.ts';
import { downlinkTopic } from '#device/messages/topics.ts';
import type { VoucherLooked, VoucherRefusal } from '#device/messages/voucher.ts';
import type { Clock } from '../clock.ts';
import type { GatewayKeys } from '../keys.ts';
import type { Log } from '../log.ts';
import type { OutboxRow, Tables } from '../store/tables.ts';
import type { Writer } from '../store/writer.ts';
import { FIRST_PAGE, lookAt, type Page } from './outbox-pages.ts';

/** A wire to terminals. */
export interface Link {
  /** Hands a message over; `false` where the terminal is known not to be there. */
  send(terminal: string, topic: string, message: string): boolean;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
/** A terminal that has not seen a result for an hour is hardly there: knock less often. */
const OLD_MS = 3_600_000;
const OLD_RETRY_MS = 600_000;

interface Sent {
  readonly attempts: number;
  /** Of the monotonic clock. */
  readonly dueAt: number;
}

interface Pump {
  page: Page;
  sent: Map<number, Sent>;
  cancel: () => void;
}

export interface DownlinksParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly keys: Pick<GatewayKeys, 'signing'>;
  readonly log: Log;
}

export class Downlinks {
  readonly #parts: DownlinksParts;
  readonly #pumps = new Map<string, Pump>();
  /** Where each terminal's earlier messages are being gone through. */
  readonly #pages = new Map<string, Page>();
  readonly #unlisten: () => void;
  readonly #listeners = new Set<(terminal: string) => void>();
  readonly #soon = new Set<string>();
  #link: Link | null = null;
  #closed = false;

  constructor(parts: DownlinksParts) {
    this.#parts = parts;
    this.#unlisten = parts.writer.listen((note) => {
      if (note.about === 'outbox') this.#pumpSoon(note.terminal);
    });
  }

  attach(link: Link): void {
    this.#link = link;
  }

  /** The terminal listens now: tell it the time, and all that it has not seen. */
  arrived(terminal: string): void {
    this.#pumps.get(terminal)?.cancel();
    this.#pumps.delete(terminal);
    this.#send(terminal, { kind: 'time' });
    this.#pump(terminal);
    for (const listener of this.#listeners) listener(terminal);
  }

  /** Told of each terminal that listens anew; the answer stops it. */
  onArrival(listener: (terminal: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells what is so just now; `false` where the terminal is not there and will ask when it comes. */
  tell(terminal: string, news: News): boolean {
    return this.#send(terminal, news);
  }

  /** The broker is there (again): every terminal may be. */
  brokerArrived(): void {
    for (const terminal of this.#parts.tables.outbox.pendingTerminals()) {
      this.#pumps.get(terminal)?.cancel();
      this.#pumps.delete(terminal);
      this.#pump(terminal);
    }
  }

  /** Tells a terminal the time; lost where it is not there. */
  tellTime(terminal: string): void {
    this.#send(terminal, { kind: 'time' });
  }

  /** Answers a repeated or conflicting order: nothing was changed, so there is no outbox entry. */
  answer(terminal: string, receipt: Receipt): void {
    this.#send(terminal, { kind: 'receipt', receipt });
  }

  close(): void {
    this.#unlisten();
    this.#closed = true;
    this.#link = null;
    for (const { cancel } of this.#pumps.values()) cancel();
    this.#pumps.clear();
  }

  #pump(terminal: string): void {
    const { tables, clock } = this.#parts;
    const pump = this.#pumps.get(terminal) ?? this.#newPump(terminal);
    pump.cancel();
    const now = clock.monotonic();
    const { newest, earlier, page } = lookAt(tables.outbox, terminal, pump.page, now);
    this.#pages.set(terminal, page);
    pump.page = page;
    const rows = [...earlier, ...newest];
    const sent = this.#deliverReceipts(terminal, rows, pump.sent);
    for (const row of rows) {
      if (sent.has(row.id)) continue;
      const state = this.#deliver(row, pump.sent.get(row.id) ?? { attempts: 0, dueAt: 0 });
      if (state === null) {
        // Not there: `arrived` begins anew.
        this.#pumps.delete(terminal);
        return;
      }
      sent.set(row.id, state);
    }
    // Whatever is on a page is told once, and then waits for its next turn.
    const { until } = page;
    for (const { id } of earlier) sent.set(id, { attempts: 1, dueAt: until ?? 0 });
    pump.sent = sent;
    if (rows.length === 0) {
      this.#pumps.delete(terminal);
      this.#pages.delete(terminal);
      return;
    }
    const next = [...sent.values()].reduce((first, { dueAt }) => Math.min(first, dueAt), Infinity);
    pump.cancel = clock.after(Math.max(1, next - clock.monotonic()), () => this.#pump(terminal));
  }

  /** Goes on with the page that was begun: it may not have arrived. */
  #newPump(terminal: string): Pump {
    const page = { ...(this.#pages.get(terminal) ?? FIRST_PAGE), until: null };
    const pump = { page, sent: new Map(), cancel: () => undefined };
    this.#pumps.set(terminal, pump);
    return pump;
  }

  /** One look for all that a commit brought: its notes come one by one. */
  #pumpSoon(terminal: string): void {
    if (this.#soon.has(terminal)) return;
    this.#soon.add(terminal);
    void Promise.resolve().then(() => {
      this.#soon.delete(terminal);
      if (!this.#closed) this.#pump(terminal);
    });
  }

  /** Receipts that are due go together, under one signature: it costs more than all the rest. */
  #deliverReceipts(terminal: string, rows: readonly OutboxRow[], before: Pump['sent']) {
    const sent = new Map<number, Sent>();
    const now = this.#parts.clock.monotonic();
    const due = rows.filter(
      ({ id, kind }) => kind === 'receipt' && (before.get(id)?.dueAt ?? 0) <= now,
    );
    // A terminal takes no more of them at once.
    for (let at = 0; at < due.length - 1; at += MAX_RECEIPTS) {
      const some = due.slice(at, at + MAX_RECEIPTS);
      const receipts = some.map(({ body }) => JSON.parse(body) as Receipt);
      if (!this.#send(terminal, { kind: 'receipts', receipts })) return sent;
      for (const row of some) {
        const { attempts } = before.get(row.id) ?? { attempts: 0 };
        sent.set(row.id, this.#sentNow(row, attempts));
      }
      this.#finish(some);
    }
    return sent;
  }

  #deliver(row: OutboxRow, state: Sent): Sent | null {
    const now = this.#parts.clock.monotonic();
    if (state.dueAt > now) return state;
    const body: unknown = JSON.parse(row.body);
    const handed = this.#send(row.terminal, spokenOf(row.kind, body));
    if (!handed) return null;
    if (row.kind === 'receipt') this.#finish([row]);
    return this.#sentNow(row, state.attempts);
  }

  #sentNow(row: OutboxRow, attempts: number): Sent {
    const { clock } = this.#parts;
    const longest = clock.now() - row.at > OLD_MS ? OLD_RETRY_MS : LONGEST_RETRY_MS;
    const wait = Math.min(FIRST_RETRY_MS * 2 ** attempts, longest);
    return { attempts: attempts + 1, dueAt: clock.monotonic() + wait };
  }

  #finish(rows: readonly OutboxRow[]): void {
    const { writer, log } = this.#parts;
    writer
      .run((tx) => {
        for (const { id } of rows) tx.outbox.done(id);
      })
      .catch((error: unknown) => {
        const of = rows.map(({ order_number }) => order_number).join(', ');
        const says = `receipt of ${of} will be sent again: ${String(error)}`;
        log({ level: 'warn', place: 'notify/downlinks', says });
      });
  }

  #send(terminal: string, message: Spoken): boolean {
    const { clock, keys } = this.#parts;
    if (this.#link === null) return false;
    const downlink: Downlink = { ...message, terminal, gateway_time: Math.floor(clock.now()) };
    const token = seal('EdDSA', keys.signing, downlink);
    return this.#link.send(terminal, downlinkTopic(terminal), token);
  }
}

/** Of this moment alone: it is not kept for a terminal that is away. */
export type News =
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  | { readonly kind: 'pairing'; readonly pairing: Pairing }
  | { readonly kind: 'voucher_refused'; readonly refused: VoucherRefusal }
  | { readonly kind: 'voucher_looked'; readonly looked: VoucherLooked }
  | { readonly kind: 'relay_invite'; readonly invite: RelayInvite }
  | { readonly kind: 'relay_withdraw'; readonly withdraw: RelayWithdraw }
  | { readonly kind: 'relay'; readonly group: RelayGroup }
  | { readonly kind: 'relay_end'; readonly end: RelayEnd }
  | { readonly kind: 'card_receipt'; readonly receipt: CardReceipt }
  | { readonly kind: 'card_verdict'; readonly verdict: CardVerdict }
  | { readonly kind: 'hotlist'; readonly hotlist: Hotlist }
  | { readonly kind: 'day_wanted'; readonly wanted: DayWanted }
  | { readonly kind: 'day_receipt'; readonly receipt: DayReceipt }
  | { readonly kind: 'card_keys'; readonly sealed: string };

type Spoken =
  | News
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  | { readonly kind: 'receipts'; readonly receipts: Receipt[] }
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'refund'; readonly refund: Refund }
  | { readonly kind: 'web_paid'; readonly paid: WebPaid }
  | { readonly kind: 'time' };

/** What was put into the outbox, as the terminal is told it. */
function spokenOf(kind: OutboxRow['kind'], body: unknown): Spoken {
  switch (kind) {
    case 'receipt':
      return { kind, receipt: body as Receipt };
    case 'result':
      return { kind, result: body as Result };
    case 'refund':
      return { kind, refund: body as Refund };
    case 'web_paid':
      return { kind, paid: body as WebPaid };
  }
}
