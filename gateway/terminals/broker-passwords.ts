/** A Mosquitto password file of all enrolled terminals, for an external broker. */
import { pbkdf2Sync } from 'node:crypto';
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance } from '../clock.ts';
import type { Tables } from '../store/tables.ts';
import type { Registry } from './registry.ts';

/** Mosquitto's default; the passwords are 32 random bytes, so that stretching adds nothing. */
const ITERATIONS = 101;

/** One line: `user:$7$iterations$salt$hash` (PBKDF2-HMAC-SHA512), as `mosquitto_passwd` writes it. */
export function passwordLine(user: string, password: string, chance: Chance): string {
  const salt = Buffer.from(chance.bytes(12));
  const hash = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512');
  return `${user}:$7$${ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}\n`;
}

export function brokerPasswords(
  tables: Pick<Tables, 'terminals'>,
  registry: Registry,
  chance: Chance,
): string {
  return tables.terminals
    .all()
    .map(({ id }) => {
      const keys = registry.keys(id);
      return keys === undefined ? '' : passwordLine(id, base64url(keys.broker), chance);
    })
    .join('');
}
