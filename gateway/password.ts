/** Passwords are kept stretched, under a key that is not in the database. */
import { hashSecret, type Stretch, verifySecret } from './stretch.ts';

/** NFKC, so that the same password typed on another keyboard is the same (RFC 8265 §4.2). */
const normalised = (password: string): string => password.normalize('NFKC');

/** `scrypt$N$r$p$salt$hash`; `salt` is 16 random bytes. */
export const hashPassword = (
  key: Uint8Array,
  password: string,
  salt: Uint8Array,
  stretch?: Stretch,
): Promise<string> => hashSecret(key, normalised(password), salt, stretch);

/** Whether it is the hashed one; as slow for a wrong one. Throws on a damaged hash. */
export const verifyPassword = (
  key: Uint8Array,
  password: string,
  hashed: string,
  stretch?: Stretch,
): Promise<boolean> => verifySecret(key, normalised(password), hashed, stretch);
