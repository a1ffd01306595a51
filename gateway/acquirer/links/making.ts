/** Links are made and ended here, behind the acquirer's gate: each once, whatever is repeated. */
import { createHmac, hkdfSync } from 'node:crypto';
import { base64url } from '#device/codecs/bytes.ts';
import { linesTotal } from '#device/messages/order.ts';
import type { Chance } from '../../clock.ts';
import { type GatewayKeys, keyedDigest } from '../../keys.ts';
import type { LinkRow } from '../../store/tables-links.ts';
import type { Transaction } from '../../store/writer.ts';
import type {
  CloseLinkAnswer,
  CloseLinkRequest,
  CreateLinkAnswer,
  CreateLinkRequest,
} from '../gate.ts';
import { callOff } from './side-by-side.ts';

type Keys = Pick<GatewayKeys, 'digest'>;

export interface Making {
  readonly keys: Keys;
  readonly chance: Chance;
  /** What payers' phones reach the acquirer by, without a slash at its end. */
  readonly publicUrl: () => string;
}

/** The order centre ends its orders sooner. */
const LIFETIME_MS = 24 * 3_600_000;

/**
 * 192 bits that nobody can guess, and that the database alone does not hold: only its digest is kept,
 * and it is derived anew where the same request is repeated.
 */
export function tokenOf(keys: Keys, id: string, salt: string): string {
  const key = hkdfSync('sha256', keys.digest, '', 'hawker acquirer/1 link', 32);
  const mac = createHmac('sha256', new Uint8Array(key)).update(`${id}\n${salt}`).digest();
  return mac.subarray(0, 24).toString('base64url');
}

export const linkDigest = (keys: Keys, token: string): string =>
  keyedDigest(keys, `pay link\n${token}`);

export function createLink(
  tx: Transaction,
  making: Making,
  request: CreateLinkRequest,
  now: number,
): CreateLinkAnswer {
  const { keys } = making;
  const { id, merchant, order, lines, amount_minor, currency, phone } = request;
  const content = JSON.stringify([merchant, order, lines, amount_minor, currency, phone]);
  const fingerprint = keyedDigest(keys, `link\n${content}`);
  const earlier = tx.links.find(id);
  if (earlier !== undefined) {
    if (earlier.fingerprint !== fingerprint) return { said: 'conflict' };
    return earlier.digest === null ? { said: 'refused', code: 'closed' } : answer(making, earlier);
  }
  const refused = refusalOf(tx, request);
  if (refused !== null) return refused;
  const salt = base64url(making.chance.bytes(24));
  const token = tokenOf(keys, id, salt);
  const row: LinkRow = {
    ...{ id, fingerprint, salt, merchant, order_number: order, lines: JSON.stringify(lines) },
    ...{ amount_minor, currency, phone, ...FRESH },
    digest: linkDigest(keys, token),
    made_at: now,
    expires_at: now + LIFETIME_MS,
  };
  const made = answer(making, row);
  tx.links.add(row);
  return made;
}

const FRESH = {
  state: 'open',
  ...{ reason: null, device: null, payer: null, verified_by: null },
  ...{ verified_at: null, wrong: 0, attempts: 0, attempt: null, paid_from: null },
  ...{ next_at: null, ended_at: null },
} as const;

function answer({ keys, publicUrl }: Making, row: LinkRow): CreateLinkAnswer {
  const link = `${publicUrl()}/pay/${tokenOf(keys, row.id, row.salt)}`;
  return { said: 'created', link, expires_at: row.expires_at };
}

type Refused = Extract<CreateLinkAnswer, { said: 'refused' }>;

/** The merchant's details: known, active, paid in this currency, within its bounds. */
function refusalOf(tx: Transaction, request: CreateLinkRequest): Refused | null {
  const { amount_minor, currency, order } = request;
  const refuse = (code: Refused['code']): Refused => ({ said: 'refused', code });
  const merchant = tx.links.merchant(request.merchant);
  if (merchant === undefined) return refuse('unknown_merchant');
  if (merchant.state !== 'active') return refuse('merchant_suspended');
  const bounds = tx.links.currency(merchant.id, currency);
  if (bounds === undefined) return refuse('currency_refused');
  const within = amount_minor >= bounds.least_minor && amount_minor <= bounds.most_minor;
  if (!within || linesTotal(request.lines) !== amount_minor) return refuse('amount_refused');
  return tx.links.ofOrder(merchant.id, order) === undefined ? null : refuse('closed');
}

/** Nobody can pay any more; refused where somebody has, or is about to. */
export function closeLink(
  tx: Transaction,
  { keys }: Making,
  request: CloseLinkRequest,
  now: number,
): CloseLinkAnswer {
  const { id, merchant, order } = request;
  const fingerprint = keyedDigest(keys, `close link\n${merchant}\n${order}`);
  const kept = tx.answers.find(SCOPE, id);
  if (kept !== undefined) {
    if (kept.fingerprint !== fingerprint) return { said: 'conflict' };
    return JSON.parse(kept.answer) as CloseLinkAnswer;
  }
  const said = close(tx, request, now);
  tx.answers.add(SCOPE, id, { fingerprint, answer: JSON.stringify(said) }, now);
  return said;
}

const SCOPE = 'acquirer close-link';

function close(tx: Transaction, request: CloseLinkRequest, now: number): CloseLinkAnswer {
  const { id, merchant, order } = request;
  const row = tx.links.ofOrder(merchant, order);
  if (row === undefined) {
    // It may still be on its way: then it finds this.
    tx.links.add({
      ...{ id: `none:${id}`.slice(0, 64), fingerprint: '', salt: '', digest: null },
      ...{ merchant, order_number: order, lines: '[]', amount_minor: 0, currency: '', phone: '' },
      ...{ ...FRESH, state: 'closed', made_at: now, expires_at: now, ended_at: now },
    });
    return { said: 'closed', at: now };
  }
  switch (row.state) {
    case 'paid':
    case 'paying':
      return { said: 'refused', code: row.state };
    case 'open':
      tx.links.change(row.id, { state: 'closed', ended_at: now });
      callOff(tx, row.id, now);
      return { said: 'closed', at: now };
    case 'failed':
    case 'closed':
      return { said: 'closed', at: row.ended_at ?? now };
  }
}
