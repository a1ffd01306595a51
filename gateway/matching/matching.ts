/**
 * Matches what a phone brings (what it scanned or heard, and proof that it is there) with the order
 * that the terminal sent. Whatever does not match is refused with a reason.
 */

import { readBroadcast, verifyBroadcast } from '#device/codecs/broadcast.ts';
import { fromHex } from '#device/codecs/bytes.ts';
import { readMerchantPresented } from '#device/codecs/emvco.ts';
import type { TerminalKeys } from '#device/codecs/keys.ts';
import { offerOrder, verifyOffer } from '#device/codecs/offer.ts';
import { CURRENCIES, formatMinor } from '#device/messages/money.ts';
import type { Clock } from '../clock.ts';
import type { GatewayKeys } from '../keys.ts';
import { addEvent, orderOf } from '../orders/orders.ts';
import type { OrderRow, Tables } from '../store/tables.ts';
import type { Writer } from '../store/writer.ts';
import { type Bearer, readBearer, writeBearer } from './bearer.ts';
import { type Presence, provePosition, tryDigits } from './presence.ts';
import type { Refusal } from './refusal.ts';

export type Matched =
  | ({ readonly ok: true; readonly row: OrderRow } & Bearer)
  | { readonly ok: false; readonly refusal: Refusal };

type Found =
  | { readonly ok: true; readonly row: OrderRow }
  | { readonly ok: false; readonly refusal: Refusal };

export interface MatchingParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly keys: GatewayKeys;
  /** The keys of an enrolled terminal. */
  readonly terminalKeys: (terminal: string) => TerminalKeys | undefined;
}

const refuse = (refusal: Refusal): { ok: false; refusal: Refusal } => ({ ok: false, refusal });

export class Matching {
  readonly #parts: MatchingParts;

  constructor(parts: MatchingParts) {
    this.#parts = parts;
  }

  /** First half of the QR path: is it ours, fresh, and of an open order? Gives a `scan` bearer. */
  scan(scanned: string): Matched {
    const found = this.#find(scanned);
    return found.ok ? this.#answer(found.row, 'scan') : found;
  }

  /** Both halves at once: what was scanned, and presence. `client` is a digest of the caller. */
  matchQr(scanned: string, presence: Presence, client: string): Promise<Matched> {
    const found = this.#find(scanned);
    return found.ok ? this.#prove(found.row, presence, client) : Promise.resolve(found);
  }

  /** Second half of the QR path, for who has a `scan` bearer. */
  async matchScan(ticket: string, presence: Presence, client: string): Promise<Matched> {
    const { keys, tables, clock } = this.#parts;
    const read = readBearer(keys, ticket, clock.now());
    if (!read.ok) return refuse({ code: 'too_old' });
    const row = tables.orders.find(read.claims.order);
    if (row === undefined) return refuse({ code: 'unknown_order' });
    if (row.state !== 'offered') return refuse({ code: 'closed', state: row.state });
    return this.#prove(row, presence, client);
  }

  /** A broadcast only reaches phones in range, so that it is its own proof of presence. */
  async matchBroadcast(hexadecimal: string): Promise<Matched> {
    const { tables, clock, terminalKeys } = this.#parts;
    const bytes = readHex(hexadecimal);
    const heard = bytes === null ? null : readBroadcast(bytes);
    if (bytes === null || heard === null) return refuse({ code: 'not_ours' });
    const row = tables.orders.find(heard.order);
    const terminal = row === undefined ? undefined : terminalKeys(row.terminal);
    if (row === undefined || terminal === undefined) return refuse({ code: 'unknown_order' });
    const verdict = verifyBroadcast(terminal.broadcast, bytes, clock.now());
    if (verdict === 'malformed') return refuse({ code: 'not_ours' });
    if (verdict !== 'good') return refuse({ code: verdict });
    return this.#matched(row.number, 'broadcast');
  }

  #find(scanned: string): Found {
    const { tables, clock, terminalKeys } = this.#parts;
    const read = readScanned(scanned);
    const number = read === null ? null : offerOrder(read.token);
    if (read === null || number === null) return refuse({ code: 'not_ours' });
    const row = tables.orders.find(number);
    const terminal = row === undefined ? undefined : terminalKeys(row.terminal);
    if (row === undefined || terminal === undefined) return refuse({ code: 'unknown_order' });
    const order = orderOf(row);
    const verdict = verifyOffer(terminal.offer, read.token, order.place, clock.now());
    if (verdict === 'malformed') return refuse({ code: 'not_ours' });
    if (verdict !== 'good') return refuse({ code: verdict });
    if (read.fields !== null) {
      const amount = formatMinor(order.amount_minor, order.currency);
      const currency = CURRENCIES[order.currency].numeric;
      // The token says which order, the payload what the wallet showed its owner: both must agree.
      if (read.fields.get('54') !== amount || read.fields.get('53') !== currency) {
        return refuse({ code: 'forged' });
      }
    }
    if (row.state !== 'offered') return refuse({ code: 'closed', state: row.state });
    return { ok: true, row };
  }

  async #prove(row: OrderRow, presence: Presence, client: string): Promise<Matched> {
    const { writer, clock, tables, terminalKeys } = this.#parts;
    const keys = terminalKeys(row.terminal);
    if (keys === undefined) return refuse({ code: 'unknown_order' });
    const { position, digits } = presence;
    const proved = provePosition(tables, row, orderOf(row).place, position);
    if (proved === null) return this.#matched(row.number, 'position');
    if (digits === undefined) return refuse(proved);
    const refusal = await writer.run((tx) =>
      tryDigits(tx, keys.digits, row.number, digits, client, clock.now()),
    );
    return refusal === null ? this.#matched(row.number, 'digits') : refuse(refusal);
  }

  /** The order may have ended between the look and here: the transaction decides. */
  async #matched(number: string, via: string): Promise<Matched> {
    const { writer, clock } = this.#parts;
    const row = await writer.run((tx) => {
      const current = tx.orders.find(number);
      if (current?.state === 'offered') addEvent(tx, number, 'matched', clock.now(), { via });
      return current;
    });
    if (row === undefined) return refuse({ code: 'unknown_order' });
    if (row.state !== 'offered') return refuse({ code: 'closed', state: row.state });
    return this.#answer(row, 'pay');
  }

  #answer(row: OrderRow, scope: 'scan' | 'pay'): Matched {
    const { keys, clock } = this.#parts;
    return { ok: true, row, ...writeBearer(keys, row.number, scope, clock.now()) };
  }
}

interface Scanned {
  readonly token: string;
  /** The fields of an EMVCo payload. */
  readonly fields: ReadonlyMap<string, string> | null;
}

/** The token in what was scanned: a URL that ends in `/p/TOKEN`, an EMVCo payload, or a token. */
export function readScanned(text: string): Scanned | null {
  if (text.startsWith('000201')) {
    const read = readMerchantPresented(text);
    return read.ok ? { token: read.token, fields: read.fields } : null;
  }
  const token = /^(?:https?:\/\/[^\s?#]*\/p\/)?([\w-]{20,40})$/.exec(text)?.[1];
  return token === undefined ? null : { token, fields: null };
}

function readHex(text: string): Uint8Array | null {
  return /^([0-9a-f]{2}){1,64}$/i.test(text) ? fromHex(text) : null;
}
