/** What the gateway signs and seals with: one secret, one derived key a purpose. */
import { createHash, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import type { Chance } from './clock.ts';

export interface GatewayKeys {
  /** Ed25519 secret key: signs downlinks. */
  readonly signing: Uint8Array;
  /** Ed25519 public key, base64url: what terminals verify with. */
  readonly public: string;
  /** HMAC key of bearers. */
  readonly bearer: Uint8Array;
  /** HMAC key under which PINs are hashed: a copied database alone is then worth nothing. */
  readonly pin: Uint8Array;
  /** HMAC key of digests of what should not be stored as it is. */
  readonly digest: Uint8Array;
}

/** Derives all keys from 32 bytes. */
export function deriveGatewayKeys(secret: Uint8Array): GatewayKeys {
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, '', `hawker gateway/1 ${purpose}`, 32));
  const signing = derive('signing');
  return {
    signing,
    public: base64url(ed25519.getPublicKey(signing)),
    bearer: derive('bearer'),
    pin: derive('pin'),
    digest: derive('digest'),
  };
}

/** The secret in `gateway.key`, made at first start. Throws where the file is damaged. */
export function loadGatewayKeys(dataDirectory: string, chance: Chance): GatewayKeys {
  const path = join(dataDirectory, 'gateway.key');
  const secret = fromBase64url(loadSecret(path, chance));
  if (secret?.length !== 32) throw new Error(`${path} is damaged: restore it from your backup`);
  return deriveGatewayKeys(secret);
}

/** The text in a file that only this user reads; 32 random bytes where there is no file. */
export function loadSecret(path: string, chance: Chance): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const text = base64url(chance.bytes(32));
  storePrivately(path, `${text}\n`);
  return text;
}

/** Writes a file that only this user reads: whole and on disk, or not at all. */
export function storePrivately(path: string, text: string): void {
  const fresh = openSync(`${path}.new`, 'w', 0o600);
  writeSync(fresh, text);
  fsyncSync(fresh);
  closeSync(fresh);
  renameSync(`${path}.new`, path);
  const directory = openSync(join(path, '..'), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

/** Digest of a text under the gateway's key, base64url. */
export const keyedDigest = (keys: Pick<GatewayKeys, 'digest'>, text: string): string =>
  createHmac('sha256', keyObject(keys.digest)).update(text).digest('base64url');

/** Made once for each key: to import one anew takes four times as long as the digest itself. */
const KEY_OBJECTS = new WeakMap<Uint8Array, KeyObject>();

function keyObject(key: Uint8Array): KeyObject {
  const known = KEY_OBJECTS.get(key);
  if (known !== undefined) return known;
  const made = createSecretKey(key);
  KEY_OBJECTS.set(key, made);
  return made;
}

/** Whether two secrets are the same, without telling by its time how much of them is. */
export function sameSecret(left: string, right: string): boolean {
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  const [a, b] = [digest(left), digest(right)];
  let difference = 0;
  for (let at = 0; at < a.length; at += 1) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}
