/**
 * Versions of the cards' keys, from when terminals are given one until none has it any more:
 *
 *   spreading ──each terminal has it, or its time──▶ current ──a newer one──▶ accepted ──▶ retired
 *
 * A version is retired when no card has it, when its time is over, or at once where a terminal was lost.
 */
import type { CardKeys } from '#device/messages/card.ts';
import type { KeyVersionRow } from '../store/tables-settlement.ts';
import type { Transaction } from '../store/writer.ts';
import type { KeySpread } from './gate.ts';
import { terminalCardKeys } from './keys.ts';
import type { SettlementParts } from './parts.ts';

/** As many as a terminal keeps. */
const MOST_AT_TERMINALS = 9;
const SET_AT = 'settlement_key_set_at';

type Reads = Pick<Transaction, 'settlement'>;

/** Of new cards, and what others are given. */
export const currentVersion = ({ house }: Pick<SettlementParts, 'house'>, tx: Reads): number =>
  tx.settlement.keyVersions().find(({ state }) => state === 'current')?.version ?? house.version;

/** Whether a card with these keys has to be given newer ones before anything is believed of it. */
export const isRetired = (tx: Reads, version: number): boolean =>
  tx.settlement.keyVersions().some((row) => row.version === version && row.state === 'retired');

/** Takes each version as far as time and cards allow; tells where that changes what terminals have. */
export function advanceKeys(parts: SettlementParts, tx: Transaction): readonly KeyVersionRow[] {
  begin(parts, tx);
  const now = Math.floor(parts.clock.now());
  let changed = false;
  const spreading = tx.settlement.keyVersions().find(({ state }) => state === 'spreading');
  if (spreading !== undefined && (spreading.waiting === 0 || now >= (spreading.ready_at ?? 0))) {
    makeCurrent(tx, spreading, now);
  }
  for (const row of tx.settlement.keyVersions()) {
    if (row.state !== 'accepted') continue;
    const over = row.ends_at !== null && now >= row.ends_at;
    if (!over && tx.settlement.cardsWith(row.version) > 0) continue;
    tx.settlement.putKeyVersion({ ...row, state: 'retired', ended_at: now });
    changed = true;
  }
  if (changed) tellKeys(parts, tx, now);
  return tx.settlement.keyVersions();
}

/** What the file has and the store does not know yet: as at the first start. */
function begin({ house, clock }: SettlementParts, tx: Transaction): void {
  const known = new Set(tx.settlement.keyVersions().map(({ version }) => version));
  if (known.size > 0) return;
  for (const version of house.versions.keys()) {
    tx.settlement.putKeyVersion({
      ...{ version, state: version === house.version ? 'current' : 'accepted' },
      ...{ because: 'made at the first start', made_at: Math.floor(clock.now()) },
      ...{ ready_at: null, older_for_ms: null, ends_at: null, ended_at: null, waiting: null },
    });
  }
}

function makeCurrent(tx: Transaction, row: KeyVersionRow, now: number): void {
  const ends = row.older_for_ms === null ? null : now + row.older_for_ms;
  for (const older of tx.settlement.keyVersions()) {
    if (older.state !== 'current' && older.state !== 'accepted') continue;
    const ends_at =
      ends === null ? older.ends_at : Math.min(ends, older.ends_at ?? Number.MAX_SAFE_INTEGER);
    tx.settlement.putKeyVersion({ ...older, state: 'accepted', ends_at });
  }
  tx.settlement.putKeyVersion({ ...row, state: 'current' });
}

function tellKeys({ tell }: SettlementParts, tx: Transaction, now: number): void {
  const set_at = Math.max(setAt(tx) + 1, now);
  tx.settings.set(SET_AT, String(set_at));
  tell.event(tx, { kind: 'keys', event: `keys:${set_at}`, set_at, at: now });
}

const setAt = (tx: Pick<Transaction, 'settings'>): number => Number(tx.settings.get(SET_AT) ?? 0);

/** What terminals are given now. */
export function keysOfTerminals(parts: SettlementParts, tx: Transaction): CardKeys {
  const wanted = advanceKeys(parts, tx)
    .filter(({ state }) => state !== 'retired')
    .map(({ version }) => version)
    .reverse()
    .slice(0, MOST_AT_TERMINALS);
  return terminalCardKeys(parts.house, wanted, setAt(tx));
}

/** The order centre has counted the terminals that lack the newest version. */
export function spreadKeys(
  parts: SettlementParts,
  tx: Transaction,
  { key_version, waiting }: KeySpread,
): KeySpread {
  const row = tx.settlement.keyVersions().find(({ version }) => version === key_version);
  if (row?.state === 'spreading' && row.waiting !== waiting) {
    tx.settlement.putKeyVersion({ ...row, waiting });
  }
  advanceKeys(parts, tx);
  return { key_version, waiting };
}

export interface NewKeys {
  readonly because: string;
  /** Cards are given it then, whether or not each terminal has it. */
  readonly readyWithinMs: number;
  /** `null`: as long as an active card has older ones. */
  readonly olderForMs: number | null;
}

export type KeysChanged =
  | { readonly ok: true; readonly row: KeyVersionRow }
  | {
      readonly ok: false;
      readonly code: 'key_version_spreads' | 'key_version_in_use' | 'unknown_key_version';
    };

/** Has terminals given `version`, whose keys are in the file already; one at a time. */
export function spreadNew(
  parts: SettlementParts,
  tx: Transaction,
  version: number,
  { because, readyWithinMs, olderForMs }: NewKeys,
): KeysChanged {
  const known = advanceKeys(parts, tx);
  if (known.some(({ state }) => state === 'spreading')) {
    return { ok: false, code: 'key_version_spreads' };
  }
  const now = Math.floor(parts.clock.now());
  const row: KeyVersionRow = {
    ...{ version, state: 'spreading', because, made_at: now, ready_at: now + readyWithinMs },
    ...{ older_for_ms: olderForMs, ends_at: null, ended_at: null, waiting: null },
  };
  tx.settlement.putKeyVersion(row);
  tellKeys(parts, tx, now);
  return { ok: true, row };
}

/** No terminal takes cards that have it from then on; they are given newer ones where they come online. */
export function retireKeys(
  parts: SettlementParts,
  tx: Transaction,
  version: number,
  because: string,
): KeysChanged {
  const row = advanceKeys(parts, tx).find((each) => each.version === version);
  if (row === undefined) return { ok: false, code: 'unknown_key_version' };
  if (row.state === 'retired') return { ok: true, row };
  if (row.state !== 'accepted') return { ok: false, code: 'key_version_in_use' };
  const now = Math.floor(parts.clock.now());
  const retired: KeyVersionRow = { ...row, state: 'retired', because, ended_at: now };
  tx.settlement.putKeyVersion(retired);
  tellKeys(parts, tx, now);
  return { ok: true, row: retired };
}
