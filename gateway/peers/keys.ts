/**
 * What two organisations know each other by: 32 random bytes that both have in their data directory,
 * from which each direction has a signing key of its own.
 */
import { hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';

/** Key of what `from` says to `to`. */
export const directionKey = (shared: Uint8Array, from: string, to: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', shared, '', `hawker peer/1 ${from} to ${to}`, 32));

/** What a request of `from` to `to` is verified with; base64url. */
export const directionPublicKey = (shared: Uint8Array, from: string, to: string): string =>
  base64url(ed25519.getPublicKey(directionKey(shared, from, to)));

/** Reads `peers/NAME.key` of the data directory; throws where it is missing or damaged. */
export function loadPeerSecret(dataDirectory: string, peer: string): Uint8Array {
  const path = join(dataDirectory, 'peers', `${peer}.key`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const mend = 'put the same 32 random bytes, base64url, there and at the peer';
    throw new Error(`${path} can't be read: ${mend}`, { cause });
  }
  const secret = fromBase64url(text);
  if (secret?.length !== 32) throw new Error(`${path} is not 32 bytes in base64url`);
  return secret;
}
