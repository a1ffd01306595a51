/**
 * Who is signed in at the counter's page: the operator, on this machine alone, or an agent of the
 * order centre. Sessions are in memory: after a restart one signs in again.
 */
import type { Chance, Clock } from '../clock.ts';
import { sameSecret } from '../keys.ts';
import type { Agents } from '../orders/telephone/agents.ts';
import type { Tables } from '../store/tables.ts';
import { Sessions } from '../web/sessions.ts';

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
interface Signed {
  readonly cashier: Cashier;
  /** Of the agent's token then: a new one ends this. */
  readonly digest: string | null;
}

export class Cashiers {
  readonly #parts: CashierParts;
  readonly #sessions: Sessions<Signed>;

  constructor(parts: CashierParts) {
    this.#parts = parts;
    this.#sessions = new Sessions(parts, SESSION_S);
  }

  /** A session for the bearer of a token; `near` is whether it comes from this machine. */
  signIn(given: string, near: boolean): Cashier | null {
    const { tables, agents, operatorToken } = this.#parts;
    const operator = near && sameSecret(given, operatorToken);
    const agent = operator ? null : agents.ofToken(given);
    if (!operator && agent === null) return null;
    const digest = agent === null ? null : (tables.agents.find(agent)?.digest ?? null);
    const token = this.#sessions.begin((fresh) => ({
      ...{ cashier: { token: fresh, agent, terminal: '' }, digest },
    }));
    return this.#sessions.find(token)?.cashier ?? null;
  }

  /** Who that is, unless the session is over or the agent's token was revoked. */
  find(token: string | null, near: boolean): Cashier | null {
    const signed = this.#sessions.find(token);
    if (signed === null) return null;
    const { cashier, digest } = signed;
    if (this.#stands(cashier.agent, digest, near)) return cashier;
    this.signOut(cashier.token);
    return null;
  }

  signOut(token: string): void {
    this.#sessions.end(token);
  }

  #stands(agent: string | null, digest: string | null, near: boolean): boolean {
    if (agent === null) return near;
    const row = this.#parts.tables.agents.find(agent);
    return row?.revoked_at === null && row.digest === digest;
  }
}
