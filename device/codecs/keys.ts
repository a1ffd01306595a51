/** One terminal secret, one key a purpose: what leaks of one says nothing of the others (RFC 5869). */
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { fromBase64url, utf8 } from './bytes.ts';

export interface TerminalKeys {
  /** Signs uplinks (HS256). */
  readonly uplink: Uint8Array;
  /** Authenticates the QR. */
  readonly offer: Uint8Array;
  /** Authenticates the broadcast. */
  readonly broadcast: Uint8Array;
  /** Makes the two digits beside the QR. */
  readonly digits: Uint8Array;
  /** MQTT password of the terminal. */
  readonly broker: Uint8Array;
  /** Seals the card keys that the terminal is sent (AES-256-GCM). */
  readonly card_keys: Uint8Array;
}

/** Derives the keys from the 32-byte terminal secret (base64url); throws where it is not one. */
export function deriveKeys(secret: string): TerminalKeys {
  const input = fromBase64url(secret);
  if (input === null || input.length !== 32) throw new RangeError('a terminal secret is 32 bytes');
  const derive = (purpose: string): Uint8Array =>
    hkdf(sha256, input, undefined, utf8(`hawker/1 ${purpose}`), 32);
  return {
    uplink: derive('uplink'),
    offer: derive('offer'),
    broadcast: derive('broadcast'),
    digits: derive('digits'),
    broker: derive('broker'),
    card_keys: derive('card keys'),
  };
}
