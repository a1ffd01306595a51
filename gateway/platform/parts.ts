/** What the rooms of the platform share: its own store, keys and ledger, nobody else's. */
import { createHmac, hkdfSync } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { base64url } from '#device/codecs/bytes.ts';
import type { Currency } from '#device/messages/money.ts';
import type { Chance, Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Tables } from '../store/tables.ts';
import type { Writer } from '../store/writer.ts';

export interface PlatformKeys {
  /** Ed25519 secret key: signs what a payer carries back to the merchant. */
  readonly signing: Uint8Array;
  /** Its public key, base64url. */
  readonly public: string;
  readonly password: Uint8Array;
  readonly digest: Uint8Array;
}

export interface PlatformParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: PlatformKeys;
  readonly log: Log;
}

/** Derives all keys from 32 bytes. */
export function derivePlatformKeys(secret: Uint8Array): PlatformKeys {
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, '', `hawker platform/1 ${purpose}`, 32));
  const signing = derive('signing');
  return {
    signing,
    public: base64url(ed25519.getPublicKey(signing)),
    password: derive('password'),
    digest: derive('digest'),
  };
}

/** Digest of a secret or of a person's name under the platform's key, base64url. */
export const digestOf = (keys: Pick<PlatformKeys, 'digest'>, text: string): string =>
  createHmac('sha256', keys.digest).update(text).digest('base64url');

/** The key under which one client is told accounts: another client knows them by other names. */
export const accountKey = (keys: Pick<PlatformKeys, 'digest'>, client: string): string =>
  digestOf(keys, `account key\n${client}`);

export const holderAccount = (account: string, currency: Currency): string =>
  `platform:account:${account}:${currency}`;
/** What the platform owes to a merchant. */
export const merchantAccount = (client: string, currency: Currency): string =>
  `platform:merchant:${client}:${currency}`;
export const platformFunding = (currency: Currency): string => `platform:funding:${currency}`;
