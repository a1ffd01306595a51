/**
 * EMV® QR Code Specification for Payment Systems, Merchant-Presented Mode 1.1: a list of
 * identifier (2 digits), length (2 digits), value, closed by a CRC-16/CCITT-FALSE in field 63 (§4.7.3).
 */
import { CURRENCIES, type Currency, formatMinor } from '../messages/money.ts';

/** Globally unique identifier of our template in field 26 (§4.7.4), reverse domain form. */
const TEMPLATE_GUID = 'org.hawker.pay';

export interface MerchantPresented {
  /** The pay token, see `offer.ts`. */
  readonly token: string;
  readonly amount_minor: number;
  readonly currency: Currency;
  readonly merchant: string;
  readonly city: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** ISO 18245 merchant category; 5814 is fast food, 0000 unknown. */
  readonly category: string;
  /** At most 25 characters, for the payer's bill. */
  readonly bill: string;
}

/** CRC-16/CCITT-FALSE: polynomial 0x1021, initial 0xFFFF; `123456789` → 0x29B1. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
    }
  }
  return crc;
}

const encoder = new TextEncoder();
const crcText = (text: string): string =>
  crc16(encoder.encode(text)).toString(16).toUpperCase().padStart(4, '0');

function field(id: string, value: string): string {
  const length = [...value].length;
  if (length === 0 || length > 99) throw new RangeError(`field ${id} has ${length} characters`);
  return id + String(length).padStart(2, '0') + value;
}

const cut = (text: string, length: number): string => [...text].slice(0, length).join('');

/** Writes a dynamic (point of initiation 12) payload. */
export function writeMerchantPresented(offer: MerchantPresented): string {
  const body =
    field('00', '01') +
    field('01', '12') +
    field('26', field('00', TEMPLATE_GUID) + field('01', offer.token)) +
    field('52', offer.category) +
    field('53', CURRENCIES[offer.currency].numeric) +
    field('54', formatMinor(offer.amount_minor, offer.currency)) +
    field('58', offer.country) +
    field('59', cut(offer.merchant, 25)) +
    field('60', cut(offer.city, 15)) +
    field('62', field('01', cut(offer.bill, 25)));
  return `${body}6304${crcText(`${body}6304`)}`;
}

/** Identifier → value of one level, or `null` where lengths do not add up or an identifier repeats. */
export function readFields(text: string): Map<string, string> | null {
  const characters = [...text];
  const fields = new Map<string, string>();
  for (let at = 0; at < characters.length; ) {
    const head = characters.slice(at, at + 4).join('');
    if (!/^\d{4}$/.test(head)) return null;
    const [id, length] = [head.slice(0, 2), Number(head.slice(2))];
    const value = characters.slice(at + 4, at + 4 + length);
    if (length === 0 || value.length !== length || fields.has(id)) return null;
    fields.set(id, value.join(''));
    at += 4 + length;
  }
  return fields;
}

export type ReadPayload =
  | { readonly ok: true; readonly token: string; readonly fields: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly why: 'malformed' | 'wrong_checksum' | 'not_ours' };

/** Reads a payload that a wallet scanned and finds our pay token in it. */
export function readMerchantPresented(payload: string): ReadPayload {
  const fields = readFields(payload);
  if (fields === null || !payload.startsWith('000201')) return { ok: false, why: 'malformed' };
  if (!/6304[0-9A-Fa-f]{4}$/.test(payload)) return { ok: false, why: 'wrong_checksum' };
  if (crcText(payload.slice(0, -4)) !== payload.slice(-4).toUpperCase()) {
    return { ok: false, why: 'wrong_checksum' };
  }
  for (let id = 26; id <= 51; id += 1) {
    const template = readFields(fields.get(String(id)) ?? '');
    const token = template?.get('00') === TEMPLATE_GUID ? template.get('01') : undefined;
    if (token !== undefined) return { ok: true, token, fields };
  }
  return { ok: false, why: 'not_ours' };
}
