/** Who may place, cancel and refund orders at the telephone desk: a token for each agent. */
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance, Clock } from '../../clock.ts';
import { type GatewayKeys, keyedDigest } from '../../keys.ts';
import type { Tables } from '../../store/tables.ts';
import type { AgentRow } from '../../store/tables-agents.ts';
import type { Writer } from '../../store/writer.ts';

/** Whose token is the file `agent.token`. */
export const FIRST_AGENT = 'first';

export interface AgentParts {
  readonly tables: Pick<Tables, 'agents'>;
  readonly writer: Writer;
  readonly clock: Pick<Clock, 'now'>;
  readonly chance: Chance;
  readonly keys: Pick<GatewayKeys, 'digest'>;
}

export interface MadeAgent {
  readonly agent: string;
  /** The only copy. */
  readonly token: string;
  readonly made_at: number;
}

export class Agents {
  readonly #parts: AgentParts;

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  /** The agent of a token, `null` where there is none or it was revoked. */
  ofToken(token: string): string | null {
    const row = this.#parts.tables.agents.byDigest(this.#digest(token));
    return row === undefined || row.revoked_at !== null ? null : row.id;
  }

  list(): AgentRow[] {
    return this.#parts.tables.agents.all();
  }

  /** A new agent; one that is known gets a new token, and the earlier one ends. */
  make(agent: string): Promise<MadeAgent> {
    const { writer, clock, chance } = this.#parts;
    const token = base64url(chance.bytes(32));
    return writer.run((tx) => {
      const made_at = Math.floor(clock.now());
      tx.agents.put({ id: agent, digest: this.#digest(token), made_at, revoked_at: null });
      return { agent, token, made_at };
    });
  }

  /** When it was revoked; `null` where there is no such agent. */
  revoke(agent: string): Promise<number | null> {
    const { writer, clock } = this.#parts;
    return writer.run((tx) => {
      const row = tx.agents.find(agent);
      if (row === undefined) return null;
      const revoked_at = row.revoked_at ?? Math.floor(clock.now());
      tx.agents.put({ ...row, revoked_at });
      return revoked_at;
    });
  }

  /** Takes the file's token for the first agent's, unless that one was revoked. */
  async adopt(token: string): Promise<void> {
    const { tables, writer, clock } = this.#parts;
    const digest = this.#digest(token);
    const known = tables.agents.find(FIRST_AGENT);
    if (known?.digest === digest || (known !== undefined && known.revoked_at !== null)) return;
    await writer.run((tx) => {
      const made_at = Math.floor(clock.now());
      tx.agents.put({ id: FIRST_AGENT, digest, made_at, revoked_at: null });
    });
  }

  #digest(token: string): string {
    return keyedDigest(this.#parts.keys, `agent\n${token}`);
  }
}
