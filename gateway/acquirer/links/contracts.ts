/**
 * Contracts of payers: who pays by which method, how that is verified, and under which phone number.
 * The name and identity number that the issuer compares come from here, never from a page.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Chance } from '../../clock.ts';
import type { PayerProof } from '../../issuer/gate.ts';
import type { GatewayKeys } from '../../keys.ts';
import { hashPassword, verifyPassword } from '../../password.ts';
import type { Tables } from '../../store/tables.ts';
import type { ContractRow } from '../../store/tables-links.ts';
import type { Transaction } from '../../store/writer.ts';
import type { Stretch } from '../../stretch.ts';

type Keys = Pick<GatewayKeys, 'digest'>;

/** Wrong passwords in a row after which a contract is locked. */
const TRIES = 5;
const LOCKED_MS = 15 * 60_000;
const NONCE = 12;
const TAG = 16;

const derive = (keys: Keys, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', keys.digest, '', `hawker acquirer/1 ${purpose}`, 32));

/** Encrypts an identity number for one payer (AES-256-GCM), base64url. */
export function sealIdentity(keys: Keys, chance: Chance, payer: string, number: string): string {
  const nonce = chance.bytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', derive(keys, 'identity'), nonce);
  cipher.setAAD(Buffer.from(payer));
  const sealed = Buffer.concat([nonce, cipher.update(number, 'utf8'), cipher.final()]);
  return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url');
}

/** Throws where it was not sealed here, or for another payer. */
export function openIdentity(keys: Keys, payer: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const nonce = bytes.subarray(0, NONCE);
  const decipher = createDecipheriv('aes-256-gcm', derive(keys, 'identity'), nonce, {
    authTagLength: TAG,
  });
  decipher.setAAD(Buffer.from(payer));
  decipher.setAuthTag(bytes.subarray(-TAG));
  const text = Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]);
  return text.toString('utf8');
}

/** Seals the account that a payer has at a platform: its mask alone would fit another's, too. */
export const sealAccount = (keys: Keys, chance: Chance, payer: string, account: string): string =>
  sealIdentity(keys, chance, `${payer} account`, account);

/** The account of a contract with a platform; `null` where it was ended, or kept only masked. */
export function accountOf(
  keys: Keys,
  { payer, secret, state }: Pick<ContractRow, 'payer' | 'secret' | 'state'>,
): string | null {
  if (secret === null || state !== 'active') return null;
  try {
    return openIdentity(keys, `${payer} account`, secret);
  } catch {
    return null;
  }
}

/** What the issuer is told of a verified payer. */
export function proofOf(
  tables: Pick<Tables, 'links'>,
  keys: Keys,
  contract: ContractRow,
): PayerProof {
  const payer = tables.links.payer(contract.payer);
  if (payer === undefined) throw new Error(`payer ${contract.payer} is gone`);
  const identity_number = openIdentity(keys, payer.id, payer.identity_sealed);
  return { by: 'identity', name: payer.name, identity_number, phone: contract.phone };
}

/** `salt` is 16 random bytes. */
export const hashContractPassword = (
  keys: Keys,
  password: string,
  salt: Uint8Array,
  stretch?: Stretch,
): Promise<string> => hashPassword(derive(keys, 'password'), password, salt, stretch);

/** A typed password, compared outside any unit because that is slow on purpose. */
export interface CheckedPassword {
  readonly contract: string | null;
  readonly right: boolean;
}

export async function checkContractPassword(
  tables: Pick<Tables, 'links'>,
  keys: Keys,
  phone: string,
  password: string,
  stretch?: Stretch,
): Promise<CheckedPassword> {
  const contract = tables.links.contractOf('password', phone);
  const key = derive(keys, 'password');
  if (contract === undefined || contract.state !== 'active' || contract.secret === null) {
    // As slow as a known number, so that nobody can find out who has a contract.
    await hashPassword(key, password, new Uint8Array(16), stretch);
    return { contract: null, right: false };
  }
  const right = await verifyPassword(key, password, contract.secret, stretch);
  return { contract: contract.id, right };
}

export type Entered =
  | { readonly ok: true; readonly contract: ContractRow }
  | { readonly ok: false; readonly code: 'wrong_password' }
  | { readonly ok: false; readonly code: 'account_locked' };

/** Counts wrong passwords of a contract, and locks it for a while after {@link TRIES}. */
export function enterContract(tx: Transaction, checked: CheckedPassword, now: number): Entered {
  const row = checked.contract === null ? undefined : tx.links.contract(checked.contract);
  if (row === undefined) return { ok: false, code: 'wrong_password' };
  if (row.locked_until > now) return { ok: false, code: 'account_locked' };
  if (checked.right) {
    if (row.failures > 0) tx.links.setFailures(row.id, 0, 0);
    return { ok: true, contract: row };
  }
  const failures = row.failures + 1;
  const locks = failures >= TRIES;
  tx.links.setFailures(row.id, locks ? 0 : failures, locks ? now + LOCKED_MS : 0);
  return { ok: false, code: locks ? 'account_locked' : 'wrong_password' };
}
