/** The keys of enrolled terminals, derived once per secret. */
import { base64url } from '#device/codecs/bytes.ts';
import { deriveKeys, type TerminalKeys } from '#device/codecs/keys.ts';
import { sameSecret } from '../keys.ts';
import type { Tables } from '../store/tables.ts';

export class Registry {
  readonly #tables: Pick<Tables, 'terminals'>;
  readonly #derived = new Map<string, { secret: string; keys: TerminalKeys }>();

  constructor(tables: Pick<Tables, 'terminals'>) {
    this.#tables = tables;
  }

  /** `undefined` for a terminal that is unknown or not enrolled. */
  readonly keys = (terminal: string): TerminalKeys | undefined => {
    const secret = this.#tables.terminals.find(terminal)?.secret ?? null;
    if (secret === null) return undefined;
    const known = this.#derived.get(terminal);
    if (known?.secret === secret) return known.keys;
    const keys = deriveKeys(secret);
    this.#derived.set(terminal, { secret, keys });
    return keys;
  };

  /** Whether this is the MQTT password of the terminal. */
  admits(terminal: string, password: string): boolean {
    const keys = this.keys(terminal);
    return keys !== undefined && sameSecret(base64url(keys.broker), password);
  }
}
