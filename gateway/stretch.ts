/**
 * How PINs and passwords are stretched before they are compared: scrypt (RFC 7914), on threads of
 * the operating system. A port, because when a thread is done is chance.
 */
import { createHmac, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { StoreError } from './store/writer.ts';

export interface StretchCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 32 bytes out of a secret and its salt; the same for the same, and slow on purpose. */
export type Stretch = (
  secret: Uint8Array,
  salt: Uint8Array,
  cost: StretchCost,
) => Promise<Uint8Array>;

const COST: StretchCost = { N: 2 ** 14, r: 8, p: 1 };
const BYTES = 32;

export const stretchWithScrypt: Stretch = (secret, salt, cost) => {
  const options: ScryptOptions = { ...cost, maxmem: 2 ** 26 };
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, BYTES, options, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    );
  });
};

/** Of whom none waits for long: on two cores the last of them for two seconds. */
const AT_ONCE = 64;

/**
 * Scrypt for a whole gateway. Rejects with a `StoreError` ("ask again") at once where too many wait:
 * whoever gave up waiting would ask again while the work for them still queues, and nobody ever got an
 * answer.
 */
export function crowdedStretch(stretch: Stretch = stretchWithScrypt): Stretch {
  let waiting = 0;
  return async (secret, salt, cost) => {
    if (waiting >= AT_ONCE) throw new StoreError('too many PINs and passwords at once');
    waiting += 1;
    try {
      return await stretch(secret, salt, cost);
    } finally {
      waiting -= 1;
    }
  };
}

/** Under a key that is not in the database: a copied database alone is then worth nothing. */
const peppered = (key: Uint8Array, text: string): Uint8Array =>
  createHmac('sha256', key).update(text).digest();

/** `scrypt$N$r$p$salt$hash`; `salt` is 16 random bytes. */
export async function hashSecret(
  key: Uint8Array,
  text: string,
  salt: Uint8Array,
  stretch: Stretch = stretchWithScrypt,
): Promise<string> {
  const hash = await stretch(peppered(key, text), salt, COST);
  const write = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${write(salt)}$${write(hash)}`;
}

/** Whether it is the hashed one; as slow for a wrong one. Throws on a damaged hash. */
export async function verifySecret(
  key: Uint8Array,
  text: string,
  hashed: string,
  stretch: Stretch = stretchWithScrypt,
): Promise<boolean> {
  const [name, N, r, p, salt, hash] = hashed.split('$');
  if (name !== 'scrypt' || salt === undefined || hash === undefined) {
    throw new Error('a stored hash of a secret is damaged');
  }
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const made = await stretch(peppered(key, text), Buffer.from(salt, 'base64url'), cost);
  return timingSafeEqual(made, Buffer.from(hash, 'base64url'));
}
