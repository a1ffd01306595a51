/** What is not empty, settled or switched on yet, after everything has healed. */

import type { GatewayMachine } from './gateway-machine.ts';
import type { JournalBooks } from './journal-books.ts';
import type { TerminalMachine } from './terminal-machine.ts';

/** Of one organisation, a few words each. */
export function unfinishedAt({ tables, name, life }: GatewayMachine): string[] {
  const open: readonly (readonly [boolean, string])[] = [
    [life === null, 'is down'],
    [tables.attempts.nextAt() !== undefined, 'has an open attempt'],
    [tables.payments.nextAt() !== undefined, 'has an open payment'],
    [tables.deliveries.next('acquirer') !== undefined, 'has a result to tell'],
    [tables.deliveries.next('settlement') !== undefined, 'has news of cards to tell'],
    [tables.funds.nextAsk() !== undefined, 'has an open question about a voucher'],
    [tables.orders.nextExpiry() !== undefined, 'has an open order'],
  ];
  return [
    ...open.flatMap(([is, what]) => (is ? [`${name} ${what}`] : [])),
    ...tables.outbox.pendingTerminals().map((id) => `${name}'s outbox has news for ${id}`),
  ];
}

/** Of one terminal. */
export function unfinishedOn({ id, isReady }: TerminalMachine, journals: JournalBooks): string[] {
  return [
    ...(isReady ? [] : [`${id} is down`]),
    ...journals.unsettled(id).map((number) => `${id} has ${number} open`),
  ];
}
