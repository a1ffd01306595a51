/**
 * Ed25519 by OpenSSL, in the shape of the library that product code uses: RFC 8032 signs without chance,
 * so both make the same bytes, and a simulated hour takes half the time. `useNativeCurves` puts it in
 * that library's place for whatever is imported afterwards.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { registerHooks } from 'node:module';

const REPLACED = '@noble/curves/ed25519.js';
/** DER before the 32 bytes of a secret (RFC 8410 §7) and of a public key (§4). */
const SECRET_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

const SECRETS = new Map<string, KeyObject>();
const PUBLICS = new Map<string, KeyObject>();

function keyIn(known: Map<string, KeyObject>, bytes: Uint8Array, make: () => KeyObject): KeyObject {
  const name = Buffer.from(bytes).toString('latin1');
  const found = known.get(name);
  if (found !== undefined) return found;
  if (known.size > 1000) known.clear();
  const key = make();
  known.set(name, key);
  return key;
}

const secretKey = (bytes: Uint8Array): KeyObject =>
  keyIn(SECRETS, bytes, () =>
    createPrivateKey({ key: Buffer.concat([SECRET_HEAD, bytes]), format: 'der', type: 'pkcs8' }),
  );

const publicKey = (bytes: Uint8Array): KeyObject =>
  keyIn(PUBLICS, bytes, () =>
    createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, bytes]), format: 'der', type: 'spki' }),
  );

/** What of the library is used. */
export const ed25519 = {
  sign: (message: Uint8Array, secret: Uint8Array): Uint8Array =>
    new Uint8Array(sign(null, message, secretKey(secret))),

  /** `false` also where the key is none, as the library has it. */
  verify(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
    try {
      return verify(null, message, publicKey(key), signature);
    } catch {
      return false;
    }
  },

  getPublicKey: (secret: Uint8Array): Uint8Array =>
    new Uint8Array(
      createPublicKey(secretKey(secret)).export({ format: 'der', type: 'spki' }).subarray(-32),
    ),

  utils: { randomSecretKey: (seed: Uint8Array): Uint8Array => seed },
};

/** From now on whoever imports the library gets this instead. */
export function useNativeCurves(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === REPLACED
        ? { url: import.meta.url, format: 'module-typescript', shortCircuit: true }
        : next(specifier, context),
  });
}
