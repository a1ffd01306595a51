/** How a passkey is made (WebAuthn §5.4, §7.1), wherever its payer was verified before. */
import {
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { z } from 'zod';
import type { ContractRow, PasskeyRow } from '../../store/tables-links.ts';
import type { Transaction } from '../../store/writer.ts';
import type { attestationSchema } from './passkeys.ts';

const MOST = 10;
export const CHALLENGE_MS = 3 * 60_000;

/** Whom a passkey is for: the payer, and the phone number that it pays for. */
export interface Registering {
  readonly payer: string;
  /** E.164. */
  readonly phone: string;
}

/** Where passkeys are good: the host name and origin of the acquirer's pages. */
export interface RelyingParty {
  readonly id: string;
  readonly origin: string;
}

export const passkeyContract = (
  tables: Pick<Transaction, 'links'>,
  payer: string,
): ContractRow | undefined =>
  tables.links.contractsOf(payer).find(({ method }) => method === 'passkey');

/** What the browser is asked to make; not on an authenticator that has one already. */
export function registrationOptions(
  tables: Pick<Transaction, 'links'>,
  party: RelyingParty,
  { payer, phone }: Registering,
  challenge: Uint8Array,
): Promise<object> {
  const contract = passkeyContract(tables, payer);
  const known = contract === undefined ? [] : tables.links.passkeysOf(contract.id);
  const active = known.filter(({ state }) => state === 'active');
  const name = `•••• ${phone.slice(-4)}`;
  return generateRegistrationOptions({
    ...{ rpName: 'Hawker', rpID: party.id, userName: name, userDisplayName: name },
    userID: new Uint8Array(Buffer.from(payer)),
    challenge: new Uint8Array(challenge),
    timeout: CHALLENGE_MS,
    attestationType: 'none',
    excludeCredentials: active.map((each) => ({ id: each.id })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
}

export type MadePasskey = Omit<PasskeyRow, 'contract' | 'added_at' | 'state'>;

/** The passkey that the authenticator made, `null` where its word is not good. */
export async function readRegistration(
  response: z.output<typeof attestationSchema>,
  expectedChallenge: string,
  party: RelyingParty,
): Promise<MadePasskey | null> {
  const verified = await verifyRegistrationResponse({
    response: response as RegistrationResponseJSON,
    ...{ expectedChallenge, expectedOrigin: party.origin, expectedRPID: party.id },
    requireUserVerification: true,
  }).catch(() => null);
  if (verified?.verified !== true) return null;
  const { credential } = verified.registrationInfo;
  return {
    ...{ id: credential.id, counter: credential.counter },
    public_key: Buffer.from(credential.publicKey).toString('base64url'),
    transports: JSON.stringify(credential.transports ?? []),
  };
}

/** Adds it to the payer's contract, which is made or taken up again; refused where it is known. */
export function addPasskey(
  tx: Transaction,
  { payer, phone }: Registering,
  made: MadePasskey,
  freshId: string,
  now: number,
): boolean {
  if (tx.links.passkey(made.id) !== undefined) return false;
  const known = passkeyContract(tx, payer);
  if (known !== undefined && tx.links.passkeysOf(known.id).length >= MOST) return false;
  const contract = known?.id ?? freshId;
  if (known === undefined) {
    const fresh = { id: contract, payer, phone, method: 'passkey', verification: 'webauthn' };
    tx.links.addContract({ ...fresh, verification: 'webauthn', secret: null, state: 'active' });
  } else if (known.state === 'ended') tx.payerDesk.renewContract(contract, null, 'active');
  tx.links.addPasskey({ ...made, contract, state: 'active', added_at: now });
  const what = known?.state === 'active' ? 'changed' : 'registered';
  tx.payerDesk.addEvent({ contract, what, at: now });
  return true;
}
