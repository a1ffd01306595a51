/** Sessions of people at a page that are kept in memory: after a restart one signs in again. */
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance, Clock } from '../clock.ts';

const MOST = 200;

interface Session<Who> {
  readonly who: Who;
  readonly until: number;
}

export class Sessions<Who> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #chance: Chance;
  readonly #lastsMs: number;
  readonly #sessions = new Map<string, Session<Who>>();

  constructor(
    parts: { readonly clock: Pick<Clock, 'now'>; readonly chance: Chance },
    lastsS: number,
  ) {
    this.#clock = parts.clock;
    this.#chance = parts.chance;
    this.#lastsMs = lastsS * 1000;
  }

  /** Gives the token of a new one; the oldest end where there are too many. */
  begin(make: (token: string) => Who): string {
    const token = base64url(this.#chance.bytes(24));
    this.#sessions.set(token, { who: make(token), until: this.#clock.now() + this.#lastsMs });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MOST && oldest !== undefined) this.#sessions.delete(oldest);
    return token;
  }

  /** Whose it is, unless it is over. */
  find(token: string | null): Who | null {
    const session = token === null ? undefined : this.#sessions.get(token);
    if (session === undefined) return null;
    if (session.until > this.#clock.now()) return session.who;
    this.#sessions.delete(token ?? '');
    return null;
  }

  end(token: string): void {
    this.#sessions.delete(token);
  }
}
