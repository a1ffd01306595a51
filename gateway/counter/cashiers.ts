/**
 * Who is signed in at the counter's page: the operator, on this machine alone, or an agent of the
 * order centre. Sessions are in memory: after a restart one signs in again.
 */
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance, Clock } from '../clock.ts';
import { sameSecret } from '../keys.ts';
import type { Agents } from '../orders/telephone/agents.ts';
import type { Tables } from '../store/tables.ts';

export interface Cashier {
  /** Of the forms of this session, so that no other page can send them. */
  readonly token: string;
  /** `null` is the operator. */
  readonly agent: string | null;
  /** Number of the terminal that was used last. */
  terminal: string;
}

export interface CashierParts {
  readonly tables: Pick<Tables, 'agents'>;
  readonly agents: Pick<Agents, 'ofToken'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly chance: Chance;
  readonly operatorToken: string;
}

/** A shift. */
export const SESSION_S = 8 * 3600;
const MOST = 200;

interface Session {
  readonly cashier: Cashier;
  /** Of the agent's token then: a new one ends this. */
  readonly digest: string | null;
  readonly until: number;
}

export class Cashiers {
  readonly #parts: CashierParts;
  readonly #sessions = new Map<string, Session>();

  constructor(parts: CashierParts) {
    this.#parts = parts;
  }

  /** A session for the bearer of a token; `near` is whether it comes from this machine. */
  signIn(given: string, near: boolean): Cashier | null {
    const { tables, agents, clock, chance, operatorToken } = this.#parts;
    const operator = near && sameSecret(given, operatorToken);
    const agent = operator ? null : agents.ofToken(given);
    if (!operator && agent === null) return null;
    const cashier: Cashier = { token: base64url(chance.bytes(24)), agent, terminal: '' };
    const digest = agent === null ? null : (tables.agents.find(agent)?.digest ?? null);
    const until = clock.now() + SESSION_S * 1000;
    this.#sessions.set(cashier.token, { cashier, digest, until });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MOST && oldest !== undefined) this.#sessions.delete(oldest);
    return cashier;
  }

  /** Who that is, unless the session is over or the agent's token was revoked. */
  find(token: string | null, near: boolean): Cashier | null {
    const session = token === null ? undefined : this.#sessions.get(token);
    if (session === undefined) return null;
    const { cashier, digest, until } = session;
    if (until > this.#parts.clock.now() && this.#stands(cashier.agent, digest, near)) {
      return cashier;
    }
    this.signOut(cashier.token);
    return null;
  }

  signOut(token: string): void {
    this.#sessions.delete(token);
  }

  #stands(agent: string | null, digest: string | null, near: boolean): boolean {
    if (agent === null) return near;
    const row = this.#parts.tables.agents.find(agent);
    return row?.revoked_at === null && row.digest === digest;
  }
}
