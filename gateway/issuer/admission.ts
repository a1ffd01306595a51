/** Whether a payer is who they say: by PIN, with a count of wrong ones, or by name and identity. */
import type { GatewayKeys } from '../keys.ts';
import { keyedDigest } from '../keys.ts';
import type { PayerRow, Tables } from '../store/tables.ts';
import type { Transaction } from '../store/writer.ts';
import type { Stretch } from '../stretch.ts';
import type { NotAdmitted, PayerProof, Presented } from './gate.ts';
import { identityDigest, isHolder, isNamed } from './identity.ts';
import { hashPin, verifyPin } from './pin.ts';

/** Wrong PINs in a row after which an account is locked. */
const TRIES = 5;
const LOCKED_MS = 15 * 60_000;

type Checked = { readonly digest: string } & (
  | { readonly by: 'pin'; readonly payer: string | null; readonly right: boolean }
  | {
      readonly by: 'identity';
      readonly phone: string;
      readonly name: string;
      readonly identity: string;
    }
  | { readonly by: 'account'; readonly account: string; readonly name: string }
  | { readonly by: 'nothing' }
);

/** Proofs that this issuer checked; whatever else says that it was checked is not believed. */
const CHECKED = new WeakMap<Presented, Checked>();

/** Compares the PIN outside any transaction, because that is slow on purpose. */
export async function present(
  tables: Pick<Tables, 'payers'>,
  keys: Pick<GatewayKeys, 'pin' | 'digest'>,
  proof: PayerProof,
  stretch?: Stretch,
): Promise<Presented> {
  const presented: Presented = { proof };
  CHECKED.set(presented, await check(tables, keys, proof, stretch));
  return presented;
}

/** Of a request that was answered: its PIN has been compared, and only has to be the one it was. */
export function presentAgain(keys: Pick<GatewayKeys, 'digest'>, proof: PayerProof): Presented {
  const presented: Presented = { proof };
  CHECKED.set(presented, read(keys, proof) ?? unread(keys, proof));
  return presented;
}

/** What an answer to this proof is kept under; says nothing of whether it is right. */
export const digestOfProof = (keys: Pick<GatewayKeys, 'digest'>, proof: PayerProof): string =>
  (read(keys, proof) ?? unread(keys, proof)).digest;

const unread = (keys: Pick<GatewayKeys, 'digest'>, proof: PayerProof): Checked => {
  const text = proof.by === 'pin' ? `pin\n${proof.phone}\n${proof.pin}` : '';
  return { by: 'pin', digest: keyedDigest(keys, text), payer: null, right: false };
};

/** All but a PIN, which takes time to compare. */
function read(keys: Pick<GatewayKeys, 'digest'>, proof: PayerProof): Checked | null {
  if (proof.by === 'account') {
    const { account, name } = proof;
    return { by: 'account', account, name, digest: keyedDigest(keys, `of ${account}\n${name}`) };
  }
  if (proof.by === 'voucher') return { by: 'nothing', digest: 'voucher' };
  if (proof.by === 'identity') {
    const { name, phone } = proof;
    const identity = identityDigest(keys, proof.identity_number);
    const digest = keyedDigest(keys, `identity\n${phone}\n${identity}\n${name}`);
    return { by: 'identity', digest, phone, name, identity };
  }
  return null;
}

async function check(
  tables: Pick<Tables, 'payers'>,
  keys: Pick<GatewayKeys, 'pin' | 'digest'>,
  proof: PayerProof,
  stretch?: Stretch,
): Promise<Checked> {
  const known = read(keys, proof);
  if (known !== null || proof.by !== 'pin') return known ?? unread(keys, proof);
  const { phone, pin } = proof;
  const { digest } = unread(keys, proof);
  const payer = tables.payers.byPhone(phone);
  if (payer === undefined) {
    // As slow as a known number, so that nobody can find out who has an account.
    await hashPin(keys.pin, pin, new Uint8Array(16), stretch);
    return { by: 'pin', digest, payer: null, right: false };
  }
  const right = await verifyPin(keys.pin, pin, payer.pin, stretch);
  return { by: 'pin', digest, payer: payer.id, right };
}

function checkedOf(presented: Presented): Checked {
  const checked = CHECKED.get(presented);
  if (checked === undefined) throw new Error('the proof was not presented to this issuer first');
  return checked;
}

/** Stands for the whole proof, where requests are compared. */
export const proofDigest = (presented: Presented): string => checkedOf(presented).digest;

export type Admitted =
  | { readonly said: 'admitted'; readonly payer: PayerRow }
  | { readonly said: 'declined'; readonly reason: 'payer_not_verified' }
  | NotAdmitted;

/** The account behind a proof; counts wrong PINs and locks the account after {@link TRIES}. */
export function admit(tx: Transaction, presented: Presented, now: number): Admitted {
  const checked = checkedOf(presented);
  if (checked.by === 'nothing') return { said: 'declined', reason: 'payer_not_verified' };
  if (checked.by === 'account') {
    const payer = tx.payers.find(checked.account);
    return payer === undefined || !isNamed(payer, checked.name)
      ? { said: 'declined', reason: 'payer_not_verified' }
      : { said: 'admitted', payer };
  }
  if (checked.by === 'identity') {
    const payer = tx.payers.byPhone(checked.phone);
    if (payer === undefined || !isHolder(payer, checked.name, checked.identity)) {
      return { said: 'declined', reason: 'payer_not_verified' };
    }
    return { said: 'admitted', payer };
  }
  const payer = checked.payer === null ? undefined : tx.payers.find(checked.payer);
  if (payer === undefined) return { said: 'not_admitted', code: 'wrong_pin' };
  if (payer.locked_until > now) return locked(payer.locked_until);
  if (checked.right) {
    if (payer.failures > 0) tx.payers.setFailures(payer.id, 0, 0);
    return { said: 'admitted', payer };
  }
  const failures = payer.failures + 1;
  if (failures < TRIES) {
    tx.payers.setFailures(payer.id, failures, 0);
    return { said: 'not_admitted', code: 'wrong_pin', tries_left: TRIES - failures };
  }
  tx.payers.setFailures(payer.id, 0, now + LOCKED_MS);
  return locked(now + LOCKED_MS);
}

const locked = (until: number): NotAdmitted => ({
  said: 'not_admitted',
  code: 'account_locked',
  retry_at: until,
});
