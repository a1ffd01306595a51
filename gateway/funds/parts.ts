/** What the fund server's files share: its parts, and the steps of a voucher. */
import { hash } from 'node:crypto';
import type { VoucherState } from '#device/messages/voucher.ts';
import type { Chance, Clock } from '../clock.ts';
import type { IssuerGate } from '../issuer/gate.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import type { Log } from '../log.ts';
import type { Tables } from '../store/tables.ts';
import type { VoucherChange, VoucherRow } from '../store/tables-funds.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import type { Stretch } from '../stretch.ts';
import { type Action, type Actor, isEnded, step } from './flow.ts';

export interface FundParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: GatewayKeys;
  readonly log: Log;
  /** Whose accounts and holds the money is. */
  readonly issuer: IssuerGate;
  readonly stretch?: Stretch | undefined;
}

/** What a party is to a voucher; empty for a stranger. */
export function actorsOf(
  row: Pick<VoucherRow, 'issuing' | 'paying' | 'beneficiary'>,
  party: string,
): Actor[] {
  const actors: Actor[] = [];
  if (row.issuing === party) actors.push('issuing');
  if (row.paying === party) actors.push('paying');
  if (row.beneficiary === party) actors.push('beneficiary');
  return actors;
}

export interface Moved {
  readonly actor: string;
  readonly action: Action;
  readonly change?: VoucherChange;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly now: number;
}

/** Takes a step of the table, which somebody has allowed; throws where it has not that step. */
export function move(tx: Transaction, row: VoucherRow, moved: Moved): VoucherRow {
  const { actor, action, change = {}, detail = {}, now } = moved;
  const actors = actor === FUND_SERVER ? (['fund_server'] as const) : actorsOf(row, actor);
  const taken = step(row.state, action, actors);
  if (!taken.ok) throw new Error(`voucher ${row.number}: ${action} in ${row.state}: ${taken.why}`);
  const state: VoucherState = taken.to;
  const ended = isEnded(state) ? { ended_at: now } : {};
  const next = tx.funds.change(row.number, { ...change, ...ended, state });
  const written = JSON.stringify(detail);
  tx.funds.addEvent({ voucher: row.number, actor, action, state, at: now, detail: written });
  tx.note({ about: 'voucher', number: row.number });
  return next;
}

export const FUND_SERVER = 'fund_server';

/** Six digits that prove the beneficiary at a till; a transfer changes them. */
export function codeOf(keys: Pick<GatewayKeys, 'digest'>, row: VoucherRow): string {
  const text = `voucher code\n${row.number}\n${row.beneficiary}\n${row.serial}`;
  const digest = Buffer.from(keyedDigest(keys, text), 'base64url');
  return String(digest.readUIntBE(0, 6) % 1_000_000).padStart(6, '0');
}

export const leftMinor = (row: VoucherRow): number => row.face_minor - row.captured_minor;

/** What the issuer holds for it. */
export const frozenMinor = (row: VoucherRow): number => (row.hold === null ? 0 : leftMinor(row));

/** An id at the issuer, the same for the same request. */
export const askId = (kind: string, caller: string, key: string): string =>
  `v:${kind}:${hash('sha256', `${kind}\n${caller}\n${key}`, 'base64url').slice(0, 32)}`;
