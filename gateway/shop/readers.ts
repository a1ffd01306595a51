/**
 * The reader of the machine in front of the customer. Whoever chooses it proves once that they see
 * its screen, by the two digits that it shows; else anybody could have the next card at any stall
 * pay for their basket. The browser then keeps a token, and is not asked again.
 */
import { base64url } from '#device/codecs/bytes.ts';
import { verifyDigits } from '#device/codecs/digits.ts';
import type { Chance } from '../clock.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import type { Tables } from '../store/tables.ts';
import type { Transaction } from '../store/writer.ts';
import type { Registry } from '../terminals/registry.ts';

/** A PC beside its reader is told once in half a year. */
export const READER_MS = 180 * 86_400_000;

export interface ReaderParts {
  readonly tables: Tables;
  readonly keys: Pick<GatewayKeys, 'digest'>;
  readonly chance: Chance;
  readonly registry: Pick<Registry, 'keys'>;
}

const digestOf = ({ keys }: ReaderParts, token: string): string =>
  keyedDigest(keys, `shop reader\n${token}`);

/** The terminal whose reader this browser may use, or `null`. */
export function readerOf(parts: ReaderParts, token: string | null, now: number): string | null {
  if (token === null) return null;
  const terminal = parts.tables.shop.reader(digestOf(parts, token), now);
  // One that was expelled since has no keys.
  return terminal === undefined || parts.registry.keys(terminal) === undefined ? null : terminal;
}

/** A token for this reader; the only copy. */
export function keepReader(
  tx: Transaction,
  parts: ReaderParts,
  terminal: string,
  now: number,
): string {
  const token = base64url(parts.chance.bytes(32));
  tx.shop.addReader(digestOf(parts, token), terminal, now + READER_MS, now);
  return token;
}

export const forgetReader = (tx: Transaction, parts: ReaderParts, token: string): void =>
  tx.shop.forgetReader(digestOf(parts, token));

/** Whether these are the digits that the terminal shows for this order just now. */
export function provesReader(
  { registry }: ReaderParts,
  terminal: string,
  order: string,
  digits: string,
  now: number,
): boolean {
  const keys = registry.keys(terminal);
  return keys !== undefined && verifyDigits(keys.digits, order, digits, now);
}
