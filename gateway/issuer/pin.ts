/** PINs are kept stretched, under a key that is not in the database. */
import { hashSecret, type Stretch, verifySecret } from '../stretch.ts';

/** `scrypt$N$r$p$salt$hash`; `salt` is 16 random bytes. */
export const hashPin = (
  key: Uint8Array,
  pin: string,
  salt: Uint8Array,
  stretch?: Stretch,
): Promise<string> => hashSecret(key, pin, salt, stretch);

/** Whether the PIN is the hashed one; as slow for a wrong one. Throws on a damaged hash. */
export const verifyPin = (
  key: Uint8Array,
  pin: string,
  hashed: string,
  stretch?: Stretch,
): Promise<boolean> => verifySecret(key, pin, hashed, stretch);
