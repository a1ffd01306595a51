/** Passwords are stretched with scrypt (RFC 7914) under a key that is not in the database. */
import { createHmac, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

const COST = { N: 2 ** 14, r: 8, p: 1 };
const BYTES = 32;

function stretch(
  key: Uint8Array,
  password: string,
  salt: Buffer,
  cost: ScryptOptions,
): Promise<Buffer> {
  // NFKC, so that the same password typed on another keyboard is the same (RFC 8265 §4.2).
  const peppered = createHmac('sha256', key).update(password.normalize('NFKC')).digest();
  return new Promise((resolve, reject) => {
    scrypt(peppered, salt, BYTES, { ...cost, maxmem: 2 ** 26 }, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    );
  });
}

/** `scrypt$N$r$p$salt$hash`; `salt` is 16 random bytes. */
export async function hashPassword(
  key: Uint8Array,
  password: string,
  salt: Uint8Array,
): Promise<string> {
  const hash = await stretch(key, password, Buffer.from(salt), COST);
  const text = Buffer.from(salt).toString('base64url');
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${text}$${hash.toString('base64url')}`;
}

/** Whether it is the hashed one; as slow for a wrong one. Throws on a damaged hash. */
export async function verifyPassword(
  key: Uint8Array,
  password: string,
  hashed: string,
): Promise<boolean> {
  const [name, N, r, p, salt, hash] = hashed.split('$');
  if (name !== 'scrypt' || salt === undefined || hash === undefined) {
    throw new Error('a stored password hash is damaged');
  }
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const made = await stretch(key, password, Buffer.from(salt, 'base64url'), cost);
  return timingSafeEqual(made, Buffer.from(hash, 'base64url'));
}
