/**
 * An authenticator in software (WebAuthn level 2, §6): it makes P-256 keys and signs with them. Bytes
 * are those of a real one; what a browser would check is left to the test.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const HAS_CREDENTIAL = 0x40;

const sha256 = (bytes: string | Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** CBOR (RFC 8949) of what is needed here: small integers, bytes, text and maps. */
function cbor(value: unknown): Buffer {
  const head = (major: number, length: number): Buffer => {
    if (length < 24) return Buffer.from([(major << 5) | length]);
    if (length < 256) return Buffer.from([(major << 5) | 24, length]);
    return Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
  };
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, value.length), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) {
    const entries = [...value].flatMap(([key, each]) => [cbor(key), cbor(each)]);
    return Buffer.concat([head(5, value.size), ...entries]);
  }
  throw new Error(`no CBOR for ${typeof value}`);
}

export interface Deed {
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
}

export class Authenticator {
  readonly id = base64url(randomBytes(16));
  readonly #key: KeyObject;
  readonly #public: KeyObject;
  counter = 0;
  /** Whether the finger is the right one. */
  verified = true;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.#public = publicKey;
  }

  /** What `navigator.credentials.create` gives, as JSON. */
  create(deed: Deed) {
    const { x = '', y = '' } = this.#public.export({ format: 'jwk' });
    const key = cbor(
      new Map<number, unknown>([
        ...([
          [1, 2],
          [3, -7],
          [-1, 1],
        ] as const),
        [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
        [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
      ]),
    );
    const id = Buffer.from(this.id, 'base64url');
    const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, key]);
    const authData = this.#data(deed.rpId, HAS_CREDENTIAL, credential);
    const attestation = cbor(
      new Map<string, unknown>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ]),
    );
    return this.#json({
      clientDataJSON: base64url(client('webauthn.create', deed)),
      attestationObject: base64url(attestation),
      transports: ['internal'],
    });
  }

  /** What `navigator.credentials.get` gives, as JSON. */
  get(deed: Deed) {
    this.counter += 1;
    const data = this.#data(deed.rpId, 0, Buffer.alloc(0));
    const json = client('webauthn.get', deed);
    const signature = sign('sha256', Buffer.concat([data, sha256(json)]), this.#key);
    return this.#json({
      clientDataJSON: base64url(json),
      authenticatorData: base64url(data),
      signature: base64url(signature),
      userHandle: null,
    });
  }

  #data(rpId: string, flags: number, rest: Buffer): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    const all = flags | USER_PRESENT | (this.verified ? USER_VERIFIED : 0);
    return Buffer.concat([sha256(rpId), Buffer.from([all]), counter, rest]);
  }

  #json<R>(response: R) {
    return {
      ...{ id: this.id, rawId: this.id, type: 'public-key', authenticatorAttachment: 'platform' },
      ...{ clientExtensionResults: {}, response },
    };
  }
}

const client = (type: string, { challenge, origin }: Deed): Buffer =>
  Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
