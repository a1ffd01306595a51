/**
 * Face and fingerprint: WebAuthn level 2. A challenge is good once, for one link on one device; the
 * authenticator has to have verified its user; a counter that goes back means that there are two.
 */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server';
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import { keyedDigest } from '../../keys.ts';
import type { ChallengeRow, ContractRow, LinkRow } from '../../store/tables-links.ts';
import type { Transaction } from '../../store/writer.ts';
import { admitPayer, countWrong, requireLink, stands, type Verified } from './attempts.ts';
import type { Links, LinksParts } from './links.ts';
import {
  addPasskey,
  CHALLENGE_MS,
  type RelyingParty,
  readRegistration,
  registrationOptions,
} from './registration.ts';

/** How long after a password log-in a passkey may be added. */
const REGISTER_MS = 10 * 60_000;

const id = z.string().regex(/^[\w-]{1,1400}$/);
const bytes = z
  .string()
  .regex(/^[\w-]*$/)
  .max(8000);
const common = {
  ...{ id, rawId: id, type: z.literal('public-key') },
  authenticatorAttachment: z.string().max(40).nullish(),
  clientExtensionResults: z.looseObject({}).default({}),
};
/** As `PublicKeyCredential.toJSON` writes it (WebAuthn level 3, §5.1.8). */
export const assertionSchema = z.object({
  ...common,
  response: z.object({
    ...{ clientDataJSON: bytes, authenticatorData: bytes, signature: bytes },
    userHandle: bytes.nullish(),
  }),
});
export const attestationSchema = z.object({
  ...common,
  response: z.object({
    ...{ clientDataJSON: bytes, attestationObject: bytes },
    transports: z.array(z.string().max(20)).max(10).optional(),
  }),
});

export class Passkeys {
  readonly #parts: LinksParts;
  readonly #links: Links;

  constructor(parts: LinksParts, links: Links) {
    this.#parts = parts;
    this.#links = links;
  }

  /** Browsers offer it on https and on `localhost`, and for names, not for numbers (§5.1.3). */
  get possible(): boolean {
    const { protocol, hostname } = new URL(this.#links.publicUrl);
    if (hostname === 'localhost') return true;
    return protocol === 'https:' && !/^[\d.]+$|:/.test(hostname);
  }

  get relyingParty(): RelyingParty {
    const { hostname, origin } = new URL(this.#links.publicUrl);
    return { id: hostname, origin };
  }

  /** What the browser is asked for; any of the payer's passkeys will do, so none is named. */
  async options(link: LinkRow, device: string): Promise<object> {
    const challenge = await this.#challenge(link.id, device, 'pay');
    return generateAuthenticationOptions({
      rpID: this.relyingParty.id,
      challenge: new Uint8Array(challenge),
      userVerification: 'required',
      timeout: CHALLENGE_MS,
    });
  }

  /** Pays, where the authenticator's word is good and its payer the order's. */
  async pay(
    link: LinkRow,
    device: string,
    response: z.output<typeof assertionSchema>,
  ): Promise<Verified> {
    const proved = await this.#prove(link.id, device, response);
    return this.#links.decide((tx, now) => {
      const row = requireLink(tx, link.id);
      const end = stands(row, device, now);
      if (end !== null) return end;
      const contract = proved === null ? null : renew(tx, proved);
      if (contract === null) return countWrong(tx, this.#parts, row, now);
      return admitPayer(tx, this.#parts, row, device, contract, now);
    });
  }

  async #prove(
    link: string,
    device: string,
    response: z.output<typeof assertionSchema>,
  ): Promise<Proved | null> {
    const expectedChallenge = challengeOf(response.response.clientDataJSON);
    const taken = await this.#take(expectedChallenge, link, device, 'pay');
    const passkey = this.#parts.tables.links.passkey(response.id);
    if (!taken || passkey?.state !== 'active') return null;
    const { id, origin } = this.relyingParty;
    const verified = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      ...{ expectedChallenge, expectedOrigin: origin, expectedRPID: id },
      requireUserVerification: true,
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(Buffer.from(passkey.public_key, 'base64url')),
        // Compared in the unit that writes the new one.
        counter: 0,
      },
    }).catch(() => null);
    if (verified?.verified !== true) return null;
    const { newCounter } = verified.authenticationInfo;
    return { passkey: passkey.id, counter: newCounter };
  }

  /** Whether this device may add a passkey: its payer has just logged in by password. */
  mayRegister(row: LinkRow, device: string): boolean {
    const { verified_at, verified_by } = row;
    if (!this.possible || row.device !== device || verified_at === null) return false;
    return verified_by === 'password' && this.#parts.clock.now() - verified_at < REGISTER_MS;
  }

  async registrationOptions(link: LinkRow, device: string): Promise<object> {
    const challenge = await this.#challenge(link.id, device, 'register');
    const who = { payer: link.payer ?? '', phone: link.phone };
    return registrationOptions(this.#parts.tables, this.relyingParty, who, challenge);
  }

  /** Whether the passkey is the payer's from now on. */
  async register(
    link: LinkRow,
    device: string,
    response: z.output<typeof attestationSchema>,
  ): Promise<boolean> {
    const { writer, clock, chance } = this.#parts;
    const challenge = challengeOf(response.response.clientDataJSON);
    if (!(await this.#take(challenge, link.id, device, 'register'))) return false;
    const made = await readRegistration(response, challenge, this.relyingParty);
    if (made === null) return false;
    return writer.run((tx) => {
      const row = requireLink(tx, link.id);
      const { payer, phone } = row;
      if (payer === null || !this.mayRegister(row, device)) return false;
      const freshId = `ac-${base64url(chance.bytes(8))}`;
      return addPasskey(tx, { payer, phone }, made, freshId, Math.floor(clock.now()));
    });
  }

  async #challenge(
    link: string,
    device: string,
    purpose: ChallengeRow['purpose'],
  ): Promise<Uint8Array> {
    const { writer, clock, chance } = this.#parts;
    const challenge = chance.bytes(32);
    const digest = this.#digest(base64url(challenge));
    await writer.run((tx) => {
      const now = Math.floor(clock.now());
      tx.links.forgetChallenges(now);
      tx.links.addChallenge({ digest, link, purpose, device, expires_at: now + CHALLENGE_MS });
    });
    return challenge;
  }

  #take(
    challenge: string,
    link: string,
    device: string,
    purpose: ChallengeRow['purpose'],
  ): Promise<boolean> {
    const { writer, clock } = this.#parts;
    return writer.run((tx) => {
      const row = tx.links.takeChallenge(this.#digest(challenge));
      if (row === undefined || row.expires_at <= clock.now()) return false;
      return row.link === link && row.device === device && row.purpose === purpose;
    });
  }

  #digest(challenge: string): string {
    return keyedDigest(this.#parts.keys, `challenge\n${challenge}`);
  }
}

interface Proved {
  readonly passkey: string;
  readonly counter: number;
}

/** Keeps the new counter; one that does not grow suspends the passkey (WebAuthn §6.1.1). */
function renew(tx: Transaction, { passkey, counter }: Proved): ContractRow | null {
  const row = tx.links.passkey(passkey);
  if (row?.state !== 'active') return null;
  const counts = counter > 0 || row.counter > 0;
  if (counts && counter <= row.counter) {
    tx.links.setPasskey(row.id, row.counter, 'suspended');
    return null;
  }
  tx.links.setPasskey(row.id, counter, 'active');
  return tx.links.contract(row.contract) ?? null;
}

/** What the browser says that it signed; the signature is checked against the very same. */
export function challengeOf(clientDataJSON: string): string {
  try {
    const text = Buffer.from(clientDataJSON, 'base64url').toString('utf8');
    const { challenge } = JSON.parse(text) as { challenge?: unknown };
    return typeof challenge === 'string' ? challenge : '';
  } catch {
    return '';
  }
}
