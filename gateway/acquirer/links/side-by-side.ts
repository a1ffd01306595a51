/**
 * Attempts through platforms, each a decision inside a unit. A stranger who knows the link, and even
 * the payer's phone number, can neither pay it nor keep its payer from it: nothing is bound before the
 * platform has told that the account registered for the order's phone number paid.
 */
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import type { Chance } from '../../clock.ts';
import type { LinkPlatformRow, LinkRow, LinkTable } from '../../store/tables-links.ts';
import type { Transaction } from '../../store/writer.ts';
import { requireLink, stands, type Verified } from './attempts.ts';

/** Who asks: digests of the phone, and of the address that it comes from. */
export interface Asker {
  readonly device: string;
  readonly client: string;
}

export type Begun =
  | { readonly said: 'begun'; readonly attempt: string }
  | { readonly said: 'no_platform' }
  /** The order's phone number is registered with no account there. */
  | { readonly said: 'no_contract' }
  | Verified;

/** How long a question about permission may be on its way before it is asked again. */
const TAKE_UP_MS = 6000;
/** Open attempts of one address on one link; its oldest give way, nobody else's do. */
const OF_ONE_ADDRESS = 5;

export interface Beginning {
  readonly link: string;
  readonly from: Asker;
  readonly name: string;
  readonly now: number;
}

/** The attempt of this phone: a new one, or the one with which it is at that platform already. */
export function beginAttempt(tx: Transaction, chance: Chance, beginning: Beginning): Begun {
  const { link, from, name, now } = beginning;
  const row = requireLink(tx, link);
  const end = stands(row, from.device, now);
  if (end !== null) return end;
  const contract = tx.links.contractOf(`platform:${name}`, row.phone);
  if (contract?.state !== 'active') return { said: 'no_contract' };
  const known = tx.links.platformOf(link, from.device);
  if (known !== undefined && known.platform === name && isOpen(known)) {
    return { said: 'begun', attempt: known.id };
  }
  const attempt = `PAY-${writeOrderNumber(chance.bytes(10))}`;
  // Those that are not wanted from now on are called off.
  tx.links.hurryPlatforms(link, now);
  tx.links.putPlatform({
    ...{ id: attempt, link, platform: name, contract: contract.id, ...from },
    ...{ state: 'requesting', page_url: null, payment: null, reason: null, tries: 0 },
    ...{ next_at: now + TAKE_UP_MS, made_at: Math.max(now, (known?.made_at ?? 0) + 1) },
  });
  tx.note({ about: 'open' });
  return { said: 'begun', attempt };
}

export const isOpen = ({ state }: LinkPlatformRow): boolean =>
  state === 'requesting' || state === 'permitted';

/** Whether a payment of this attempt would be the link's. */
export const isFree = (row: LinkPlatformRow, link: LinkRow): boolean =>
  link.state === 'open'
    ? link.device === null || link.device === row.device
    : link.state === 'paying' && link.attempt === row.id;

/** Whether its permission is worth having: its phone's last, and one of its address's newest. */
export function isWanted(
  { links }: { readonly links: Pick<LinkTable, 'platformOf' | 'openPlatforms'> },
  row: LinkPlatformRow,
  link: LinkRow,
): boolean {
  if (!isFree(row, link)) return false;
  if (row.device === null) return true;
  if (links.platformOf(link.id, row.device)?.id !== row.id) return false;
  return links
    .openPlatforms(link.id)
    .filter(({ client }) => client === row.client)
    .slice(0, OF_ONE_ADDRESS)
    .some(({ id }) => id === row.id);
}

/** The link is paid, and from now on its payer's phone's. */
export function payByPlatform(
  tx: Transaction,
  link: LinkRow,
  row: LinkPlatformRow,
  payer: string,
  now: number,
): void {
  tx.links.change(link.id, {
    ...{ state: 'paid', reason: null, device: row.device ?? link.device, attempt: row.id },
    payer: tx.links.contract(row.contract)?.payer ?? null,
    ...{ verified_by: `platform:${row.platform}`, verified_at: now, attempts: link.attempts + 1 },
    ...{ paid_from: payer, ended_at: now, next_at: null },
  });
  callOff(tx, link.id, now);
}

/** Nobody else can pay the link: those who are at a platform hear so before they do. */
export function callOff(tx: Transaction, link: string, now: number): void {
  tx.links.hurryPlatforms(link, now);
  tx.note({ about: 'link', id: link });
  tx.note({ about: 'open' });
}
