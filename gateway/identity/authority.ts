/** The embedded certificate authority: one key in the data directory, and what it signs. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hex } from '#device/codecs/bytes.ts';
import type { Chance, Clock } from '../clock.ts';
import { storePrivately } from '../keys.ts';
import { type Holder, type Kind, LIFETIME_MS } from './kinds.ts';
import type { AuthorityPems, Revoked } from './x509.ts';

export interface IssuedCertificate {
  readonly kind: Kind;
  readonly subject: string;
  readonly names: readonly string[];
  /** Hexadecimal, lower case. */
  readonly serial: string;
  /** Digest of its public key, base64url. */
  readonly public_key: string;
  readonly pem: string;
  readonly issued_at: number;
  readonly expires_at: number;
}

export interface AuthorityParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly chance: Chance;
}

/** How long a list is believed; whoever can't get a newer one believes nobody. */
export const CRL_LIFETIME_MS = 24 * 3_600_000;

// The library takes a quarter of a second to load, and most starts write no certificate.
const load = () => import('./x509.ts');

export class Authority {
  readonly #pems: AuthorityPems;
  readonly #parts: AuthorityParts;

  constructor(pems: AuthorityPems, parts: AuthorityParts) {
    this.#pems = pems;
    this.#parts = parts;
  }

  /** PEM: what whoever believes this authority is given. */
  get certificate(): string {
    return this.#pems.certificate;
  }

  /** Signs a certificate; nobody is to get it before it is in the store. `publicKey` is DER. */
  async issue(
    holder: Holder,
    names: readonly string[],
    publicKey: Uint8Array,
    lifetimeMs = LIFETIME_MS[holder.kind],
  ): Promise<IssuedCertificate> {
    const { keyDigest, writeCertificate } = await load();
    const now = Math.floor(this.#parts.clock.now() / 1000) * 1000;
    const serial = freshSerial(this.#parts.chance);
    const wish = { holder, names, publicKey, serial, now, lifetimeMs };
    return {
      ...holder,
      names,
      serial,
      public_key: keyDigest(publicKey),
      pem: await writeCertificate(this.#pems, wish),
      issued_at: now,
      expires_at: now + lifetimeMs,
    };
  }

  /** The signed list of what is revoked. */
  async crl(revoked: readonly Revoked[]) {
    const { writeCrl } = await load();
    return writeCrl(this.#pems, revoked, this.#parts.clock.now(), CRL_LIFETIME_MS);
  }
}

/** The public key (DER) of a request that proves its private key, or `null`. */
export const readRequest = async (pem: string): Promise<Uint8Array | null> =>
  (await load()).readRequest(pem);

export const digestOfKey = async (publicKey: Uint8Array): Promise<string> =>
  (await load()).keyDigest(publicKey);

/** Reads the authority of a data directory, or makes one. Throws where half of it is missing. */
export async function loadAuthority(
  dataDirectory: string,
  parts: AuthorityParts,
): Promise<Authority> {
  const directory = join(dataDirectory, 'authority');
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  if (existsSync(certificate)) {
    const pems = { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
    return new Authority(pems, parts);
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { makeAuthority } = await load();
  const made = await makeAuthority(freshSerial(parts.chance), parts.clock.now());
  storePrivately(key, made.key);
  // The last one: a directory without it is one that was never finished.
  storePrivately(certificate, made.certificate);
  return new Authority(made, parts);
}

/** 127 random bits: positive, and never the same (RFC 5280 §4.1.2.2). */
function freshSerial(chance: Chance): string {
  const bytes = chance.bytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return hex(bytes);
}
