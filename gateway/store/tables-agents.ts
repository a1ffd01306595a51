/** The nouns of the telephone desk's agents: who they are, and what each did. */

export interface AgentRow {
  readonly id: string;
  /** Keyed digest of the token, of which nobody keeps a copy here. */
  readonly digest: string;
  readonly made_at: number;
  readonly revoked_at: number | null;
}

/** One write of an agent, with what came of it. */
export interface AgentActRow {
  readonly agent: string;
  /** Route, such as `POST /v1/centre/orders/{number}/cancellation`. */
  readonly act: string;
  /** Order number, or merchant and product code. */
  readonly reference: string;
  /** HTTP status, or the code of the problem. */
  readonly outcome: string;
  readonly at: number;
}

export interface AgentTable {
  find(id: string): AgentRow | undefined;
  byDigest(digest: string): AgentRow | undefined;
  all(): AgentRow[];
  /** A new agent, or a new token of one. */
  put(row: AgentRow): void;
  /** Appended, never changed. */
  act(row: AgentActRow): void;
  actsOf(reference: string): AgentActRow[];
}
