/** What a paired phone is shown: a pure reading of the store. */

import { stallSchema } from '#device/messages/enrolment.ts';
import type { AttemptReason } from '#device/messages/order.ts';
import { type OrderView, viewOrder } from '../orders/view.ts';
import type { Tables } from '../store/tables.ts';
import type { AttemptRow, PairingEnd, PairingRow } from '../store/tables-pairing.ts';

/**
 * `pair` type a number · `wait` no order yet · `confirm` yes or no · `asking` the platform is asked ·
 * `pay` go to its page · `paid` by this phone · `ended` otherwise.
 */
export type PairingStep = 'pair' | 'wait' | 'confirm' | 'asking' | 'pay' | 'paid' | 'ended';

export interface PairingView {
  readonly step: PairingStep;
  readonly terminal?: { readonly number: string; readonly vendor: string; readonly place: string };
  /** Why the last pairing has ended. */
  readonly unpaired?: PairingEnd;
  readonly order?: OrderView;
  readonly attempt?: AttemptView;
}

export interface AttemptView {
  readonly attempt: number;
  readonly platform: string;
  readonly state: 'requesting' | 'permitted' | 'paid' | 'failed';
  readonly reason?: AttemptReason;
  /** The platform's page; only while the payment is open there. */
  readonly page_url?: string;
}

type Sources = Pick<Tables, 'pairings' | 'orders' | 'terminals'>;

/** What the phone of a session is shown now. */
export function viewPairing(tables: Sources, session: string): PairingView {
  const pairing = tables.pairings.ofSession(session) ?? tables.pairings.lastOf(session);
  if (pairing === undefined) return { step: 'pair' };
  const { order, attempt } = viewAttempt(tables, pairing);
  const shown = {
    ...(order === undefined ? {} : { order }),
    ...(attempt === undefined ? {} : { attempt }),
  };
  if (pairing.ended_at !== null) {
    // A bill that somebody paid for does not vanish because the next phone is there.
    const kept = pairing.because === 'next_phone' || pairing.because === 'time';
    const paid = kept && attempt?.state === 'paid';
    return {
      step: paid ? 'paid' : 'pair',
      unpaired: pairing.because ?? 'time',
      ...(paid ? shown : {}),
    };
  }
  const terminal = viewTerminal(tables, pairing.terminal);
  return { step: stepOf(order, attempt), ...(terminal === null ? {} : { terminal }), ...shown };
}

function stepOf(order: OrderView | undefined, attempt: AttemptView | undefined): PairingStep {
  if (order === undefined) return 'wait';
  if (order.state !== 'offered') return attempt?.state === 'paid' ? 'paid' : 'ended';
  if (attempt?.state === 'requesting') return 'asking';
  return attempt?.state === 'permitted' ? 'pay' : 'confirm';
}

function viewAttempt(
  tables: Sources,
  pairing: PairingRow,
): { readonly order?: OrderView; readonly attempt?: AttemptView } {
  const row = pairing.order_number === null ? undefined : tables.orders.find(pairing.order_number);
  if (row === undefined) return {};
  const mine = tables.pairings
    .attemptsOf(row.number)
    .filter((each) => each.pairing === pairing.id)
    .at(-1);
  const order = viewOrder(row);
  return mine === undefined ? { order } : { order, attempt: viewOne(mine) };
}

function viewOne(row: AttemptRow): AttemptView {
  const { nth: attempt, platform, reason, page_url } = row;
  const live = row.withdraw === 0;
  const state =
    row.state === 'requesting' || row.state === 'permitted'
      ? live
        ? row.state
        : 'failed'
      : row.state === 'paid'
        ? 'paid'
        : 'failed';
  return {
    attempt,
    platform,
    state,
    ...(reason === null ? {} : { reason }),
    ...(state === 'permitted' && page_url !== null ? { page_url } : {}),
  };
}

export function viewTerminal(
  tables: Pick<Tables, 'pairings' | 'terminals'>,
  id: string,
): NonNullable<PairingView['terminal']> | null {
  const row = tables.terminals.find(id);
  const number = tables.pairings.numberOf(id);
  if (row === undefined || number === undefined) return null;
  const stall = stallSchema.parse(JSON.parse(row.stall));
  return { number, vendor: stall.vendor, place: stall.place.name };
}
