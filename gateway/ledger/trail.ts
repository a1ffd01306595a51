/** Everything that happened to one order: what was said, what was posted, what was sent. */
import type {
  EventRow,
  HoldRow,
  OutboxRow,
  PostingRow,
  Tables,
  TransferRow,
} from '../store/tables.ts';
import type { AgentActRow } from '../store/tables-agents.ts';

export interface Trail {
  readonly order: string;
  readonly events: readonly (Omit<EventRow, 'detail' | 'order_number'> & {
    readonly detail: unknown;
  })[];
  readonly transfers: readonly (Omit<TransferRow, 'order_number'> & {
    readonly postings: readonly Omit<PostingRow, 'transfer'>[];
  })[];
  /** What agents of the telephone desk did about it. */
  readonly acts: readonly Omit<AgentActRow, 'reference'>[];
  /** Money that was frozen for it. */
  readonly holds: readonly Omit<HoldRow, 'order_number'>[];
  readonly messages: readonly (Pick<OutboxRow, 'id' | 'terminal' | 'kind' | 'at'> & {
    readonly body: unknown;
  })[];
}

/**
 * The trail of an order, as far as this store has it, in the order in which it happened; empty lists
 * where nothing is known.
 */
export function readTrail(tables: Tables, order: string): Trail {
  return {
    order,
    events: tables.orders.events(order).map(({ kind, at, detail }) => ({
      kind,
      at,
      detail: JSON.parse(detail) as unknown,
    })),
    acts: tables.agents.actsOf(order).map(({ reference: _, ...act }) => act),
    transfers: tables.ledger.transfersOfOrder(order).map(({ order_number: _, ...transfer }) => ({
      ...transfer,
      postings: tables.ledger
        .postingsOf(transfer.id)
        .map(({ transfer: _transfer, ...posting }) => posting),
    })),
    holds: tables.ledger.holdsOfOrder(order).map(({ order_number: _, ...hold }) => hold),
    messages: tables.outbox.ofOrder(order).map(({ id, terminal, kind, at, body }) => ({
      id,
      terminal,
      kind,
      at,
      body: JSON.parse(body) as unknown,
    })),
  };
}
