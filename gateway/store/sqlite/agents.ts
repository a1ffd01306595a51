import type { DatabaseSync } from 'node:sqlite';
import type { AgentActRow, AgentRow, AgentTable } from '../tables-agents.ts';
import { every, first } from './rows.ts';

/** `appendOnly` gives the triggers that refuse changes of a table. */
export const agentSchema = (appendOnly: (table: string) => string): string => `
  CREATE TABLE agents (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    made_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE agent_acts (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL REFERENCES agents,
    act TEXT NOT NULL,
    reference TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX agent_acts_of ON agent_acts (reference);
  ${appendOnly('agent_acts')}`;

export function agentTable(database: DatabaseSync): AgentTable {
  const find = database.prepare('SELECT * FROM agents WHERE id = ?');
  const byDigest = database.prepare('SELECT * FROM agents WHERE digest = ?');
  const all = database.prepare('SELECT * FROM agents ORDER BY id');
  const put = database.prepare(
    `INSERT INTO agents (id, digest, made_at, revoked_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, made_at = excluded.made_at,
       revoked_at = excluded.revoked_at`,
  );
  const act = database.prepare(
    'INSERT INTO agent_acts (agent, act, reference, outcome, at) VALUES (?, ?, ?, ?, ?)',
  );
  const actsOf = database.prepare(
    'SELECT agent, act, reference, outcome, at FROM agent_acts WHERE reference = ? ORDER BY id',
  );
  return {
    find: (id) => first<AgentRow>(find, id),
    byDigest: (digest) => first<AgentRow>(byDigest, digest),
    all: () => every<AgentRow>(all),
    put: ({ id, digest, made_at, revoked_at }) => void put.run(id, digest, made_at, revoked_at),
    act: (row) => void act.run(row.agent, row.act, row.reference, row.outcome, row.at),
    actsOf: (reference) => every<AgentActRow>(actsOf, reference),
  };
}
