/** One good message of each kind, both ways. */
import type { CardDebit } from '#device/messages/card.ts';
import type { DayHead } from '#device/messages/day.ts';
import type { Downlink, Order, Uplink } from '#device/messages/order.ts';
import { START } from '#test/flows/stand.ts';

const CARD = 'HC0123456789ABCDEF';
const MAC = 'AAAAAAAAAAA';
const DIGEST = 'A'.repeat(43);
const RELAY = 'relay-0001';
const UID = '04112233445566';
const money = { amount_minor: 100, currency: 'CNY' } as const;
const day = { book: '0123456789ABCDEF', number: 1 };

const debitOf = (order: string): CardDebit => ({
  ...{ order, uid: UID, card: CARD, amount_minor: 1250, currency: 'CNY', at: START },
  ...{ offline: true, record: '00'.repeat(32), mac_before: MAC },
  ...{ counter_before: 2, balance_before_minor: 5000 },
});

const headOf = (): DayHead => ({
  ...{ ...day, currency: 'CNY', from: START - 1000, to: START, gateway_to: START },
  totals: [{ outcome: 'paid', way: 'phone', count: 1, sum_minor: 1250 }],
  ...{ refunds: { count: 1, sum_minor: 100 }, cards: { count: 1, sum_minor: 1250 } },
  ...{ open: 1, lines: 4, digest: DIGEST, before: DIGEST, head: 'chain' },
});

/** What the gateway tells; `order` is one that the terminal has open. */
export function downlinksOf(order: string): Downlink[] {
  const head = { terminal: 't-0001', gateway_time: START };
  const named = { order, card: CARD };
  const bodies: Downlink[] = [
    { kind: 'receipt', ...head, receipt: { order, said: 'recorded' } },
    { kind: 'receipts', ...head, receipts: [{ order, said: 'conflicts', field: 'vendor' }] },
    { kind: 'result', ...head, result: { order, outcome: 'paid', ...money, at: START } },
    {
      ...{ kind: 'refund', ...head },
      refund: { order, refund: 'R-1', ...money, refunded_minor: 100, at: START },
    },
    {
      ...{ kind: 'web_paid', ...head },
      paid: {
        ...{ order: '0123456789ABCDEF', ...money, at: START, payment: `CARD-${CARD}-3` },
        ...{ card: '•••• CDEF', lines: [{ name: 'Tofu', quantity: 1, unit_minor: 100 }] },
      },
    },
    {
      ...{ kind: 'voucher_refused', ...head },
      refused: { id: '0123456789ABCDEF', order, reason: 'wrong_code' },
    },
    {
      ...{ kind: 'voucher_looked', ...head },
      looked: {
        ...{ id: '0123456789ABCDEF', key: DIGEST },
        voucher: { said: 'genuine', state: 'issued', left_minor: 100, superseded: false },
      },
    },
    { kind: 'time', ...head },
    { kind: 'attempt', ...head, attempt: { order, attempt: 1, state: 'asked', payer: '•••• 1' } },
    {
      ...{ kind: 'pairing', ...head },
      pairing: { number: '123456', paired: { pairing: 'p', payer: '1' } },
    },
    {
      ...{ kind: 'relay_invite', ...head },
      invite: {
        ...{ invite: 'invite-0001', purpose: 'pay', ...money, label: 'Shop', digits_of: order },
        ...{ lifetime_ms: 60_000, opening: ['905a000003e01cf500'] },
      },
    },
    { kind: 'relay_withdraw', ...head, withdraw: { invite: 'invite-0001' } },
    {
      ...{ kind: 'relay', ...head },
      group: {
        ...{ relay: RELAY, step: 1, uid: UID, apdus: ['905a000003e01cf500'] },
        ...{ timeout_ms: 1000, purpose: 'load' },
      },
    },
    {
      ...{ kind: 'relay_end', ...head },
      end: { relay: RELAY, purpose: 'load', said: 'done', ...money, balance_minor: 100 },
    },
    { kind: 'card_receipt', ...head, receipt: { ...named, counter: 3, said: 'posted' } },
    { kind: 'card_verdict', ...head, verdict: { ...named, counter_before: 2, committed: false } },
    {
      ...{ kind: 'hotlist', ...head },
      hotlist: { version: 1, full: true, entries: [CARD], removed: [], issued_at: START },
    },
    { kind: 'card_keys', ...head, sealed: 'A'.repeat(64) },
    { kind: 'day_wanted', ...head, wanted: { ...day, page: 0 } },
    {
      ...{ kind: 'day_receipt', ...head },
      receipt: {
        ...{ ...day, digest: DIGEST, agreed: false, differing: 1, healed: 0, at: START },
        differences: [{ kind: 'outcome_differs', of: 'order', name: order, gateway: 'paid' }],
      },
    },
  ];
  return bodies;
}

/** What a terminal tells; `order` is recorded, `fresh` is not. */
export function uplinksOf(order: Order, fresh: Order): Uplink[] {
  const { number } = order;
  const { counter_before: _, balance_before_minor: __, ...debit } = debitOf(number);
  const wanted = { relay: RELAY, uid: UID, purpose: 'load', invite: 'invite-0001' } as const;
  const opened = { apdus: ['905a000003e01cf500'], answers: ['9100'] };
  return [
    { kind: 'order', order },
    { kind: 'order', order: fresh },
    { kind: 'close', close: { order: number, because: 'expired' } },
    { kind: 'seen', seen: { order: number } },
    { kind: 'unpair', unpair: { pairing: 'p-1' } },
    { kind: 'refund_seen', seen: { order: number, refund: 'R-1' } },
    { kind: 'relay_wanted', wanted: { ...wanted, opened } },
    { kind: 'relay_answer', answer: { relay: RELAY, step: 1, answers: ['9000'], ended: 'card' } },
    { kind: 'relay_declined', declined: { invite: 'invite-0001' } },
    {
      kind: 'card_payment',
      payment: { ...debit, counter: 3, mac: MAC, balance_after_minor: 3750, sold: true },
    },
    { kind: 'card_unknown', unknown: debitOf(number) },
    { kind: 'card_keys_kept', kept: { key_version: 1, set_at: START } },
    { kind: 'web_paid_seen', seen: { order: number } },
    {
      kind: 'day',
      day: {
        ...{ head: headOf(), page: 0 },
        lines: [
          { is: 'order', order: number, way: 'phone', outcome: 'paid', amount_minor: 1250 },
          { is: 'card', card: CARD, counter: 3, order: number, amount_minor: 1250, sold: true },
          { is: 'refund', order: number, refund: 'R-1', amount_minor: 100 },
          { is: 'open', order: fresh.number },
        ],
      },
    },
    {
      kind: 'voucher',
      voucher: { id: '0123456789ABCDEF', order: number, number: '123456789012', code: '123456' },
    },
    { kind: 'voucher_look', look: { id: '0123456789ABCDEF', token: 'A'.repeat(40) } },
  ];
}
