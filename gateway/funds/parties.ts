/** The parties of vouchers: systems that bring a token, and people with a password and a session. */
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance, Clock } from '../clock.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import { hashPassword, verifyPassword } from '../password.ts';
import type { Tables } from '../store/tables.ts';
import type { PartyRow } from '../store/tables-funds.ts';
import type { Writer } from '../store/writer.ts';
import type { Stretch } from '../stretch.ts';
import { countWrong, isLocked, takeForOwn } from './tries.ts';

export interface PartiesParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Pick<Clock, 'now'>;
  readonly chance: Chance;
  readonly keys: GatewayKeys;
  readonly stretch?: Stretch | undefined;
}

export const SESSION_S = 60 * 60;

export type LoggedIn =
  | { readonly said: 'in'; readonly token: string }
  | { readonly said: 'wrong_password' | 'locked' };

export class Parties {
  readonly #parts: PartiesParts;

  constructor(parts: PartiesParts) {
    this.#parts = parts;
  }

  /** Adds a party and gives the token of its systems, which is shown once; `null` where it is known. */
  async add(
    id: string,
    name: string,
    password: string | null,
    { token, phone = null }: { readonly token?: string; readonly phone?: string | null } = {},
  ) {
    const { writer, chance, keys, stretch } = this.#parts;
    const fresh = token ?? base64url(chance.bytes(24));
    const salt = chance.bytes(16);
    const hashed = password === null ? null : await hashPassword(keys.pin, password, salt, stretch);
    const digest = this.#digest('token', fresh);
    return writer.run((tx) => {
      if (tx.funds.party(id) !== undefined) return null;
      tx.funds.addParty({ id, name, token: digest, password: hashed, phone });
      return fresh;
    });
  }

  /**
   * A fresh token, which is shown once; from then on the earlier one and all sessions are refused, and
   * no lock is left, nor any address that would be its own. With `password` that is changed, too.
   * `null` where there is no such party.
   */
  async renew(id: string, password: string | null): Promise<string | null> {
    const { writer, chance, keys, stretch } = this.#parts;
    const fresh = base64url(chance.bytes(24));
    const salt = chance.bytes(16);
    const hashed = password === null ? null : await hashPassword(keys.pin, password, salt, stretch);
    return writer.run((tx) => {
      const known = tx.funds.party(id);
      if (known === undefined) return null;
      tx.funds.setPartyAccess(id, this.#digest('token', fresh), hashed ?? known.password);
      tx.funds.endSessionsOf(id);
      tx.funds.endPartyTries(this.#digest('name', id));
      return fresh;
    });
  }

  /** Gives a party that has no phone number the one that a seed names. */
  async complete(id: string, phone: string | null): Promise<void> {
    const { tables, writer } = this.#parts;
    if (phone === null || tables.funds.party(id)?.phone !== null) return;
    await writer.run((tx) => {
      if (tx.funds.party(id)?.phone === null) tx.funds.setPartyPhone(id, phone);
    });
  }

  byToken(token: string): PartyRow | null {
    return this.#parts.tables.funds.partyByToken(this.#digest('token', token)) ?? null;
  }

  all(): PartyRow[] {
    return this.#parts.tables.funds.parties();
  }

  /** `client` is a digest of the address that it comes from; see tries.ts for what is locked when. */
  async logIn(id: string, password: string, client: string): Promise<LoggedIn> {
    const { tables, writer, keys, clock, chance, stretch } = this.#parts;
    const known = tables.funds.party(id)?.password ?? null;
    // As slow for a name that there is not.
    const right =
      known === null
        ? hashPassword(keys.pin, password, new Uint8Array(16), stretch).then(() => false)
        : verifyPassword(keys.pin, password, known, stretch);
    const token = base64url(chance.bytes(32));
    const good = await right;
    const asking = { name: this.#digest('name', id), client };
    return writer.run((tx): LoggedIn => {
      const now = Math.floor(clock.now());
      // Counted and locked for a name that there is not, too: nobody finds out which there are.
      if (isLocked(tx, asking, now)) return { said: 'locked' };
      // Renewed meanwhile, it is another password's.
      if (!good || tx.funds.party(id)?.password !== known) {
        return { said: countWrong(tx, asking, now) ? 'locked' : 'wrong_password' };
      }
      takeForOwn(tx, asking, now);
      tx.funds.forgetSessions(now);
      tx.funds.addSession(this.#digest('session', token), id, now + SESSION_S * 1000);
      return { said: 'in', token };
    });
  }

  /** Whose session it is. */
  bySession(token: string | null): PartyRow | null {
    if (token === null) return null;
    const { tables, clock } = this.#parts;
    const session = tables.funds.session(this.#digest('session', token));
    if (session === undefined || session.until <= clock.now()) return null;
    return tables.funds.party(session.party) ?? null;
  }

  async logOut(token: string): Promise<void> {
    await this.#parts.writer.run((tx) => tx.funds.endSession(this.#digest('session', token)));
  }

  #digest(what: 'token' | 'session' | 'name', text: string): string {
    return keyedDigest(this.#parts.keys, `party ${what}\n${text}`);
  }
}
