/** PINs are stretched with scrypt (RFC 7914) under a key that is not in the database. */
import { createHmac, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

const COST = { N: 2 ** 14, r: 8, p: 1 };
const BYTES = 32;

function stretch(key: Uint8Array, pin: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
  const peppered = createHmac('sha256', key).update(pin).digest();
  return new Promise((resolve, reject) => {
    scrypt(peppered, salt, BYTES, { ...cost, maxmem: 2 ** 26 }, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    );
  });
}

/** `scrypt$N$r$p$salt$hash`; `salt` is 16 random bytes. */
export async function hashPin(key: Uint8Array, pin: string, salt: Uint8Array): Promise<string> {
  const hash = await stretch(key, pin, Buffer.from(salt), COST);
  const text = Buffer.from(salt).toString('base64url');
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${text}$${hash.toString('base64url')}`;
}

/** Whether the PIN is the hashed one; as slow for a wrong one. Throws on a damaged hash. */
export async function verifyPin(key: Uint8Array, pin: string, hashed: string): Promise<boolean> {
  const [name, N, r, p, salt, hash] = hashed.split('$');
  if (name !== 'scrypt' || salt === undefined || hash === undefined) {
    throw new Error('a stored PIN hash is damaged');
  }
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const made = await stretch(key, pin, Buffer.from(salt, 'base64url'), cost);
  return timingSafeEqual(made, Buffer.from(hash, 'base64url'));
}
