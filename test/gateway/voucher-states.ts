/** Vouchers in each state of the table, and all that is true of one. */
import assert from 'node:assert/strict';
import type { VoucherState } from '#device/messages/voucher.ts';
import { type Action, type Actor, isEnded } from '#gateway/funds/flow.ts';
import type { ActInput, VoucherView } from '#gateway/funds/schemas.ts';
import { until } from '#test/until.ts';
import { ACCOUNT, DAY_MS, PART, type Party, type Stand, WANG } from './voucher-stand.ts';

/** What each is to the vouchers of a stand. */
export const ROLE: Readonly<Record<Party, Actor | null>> = {
  ...{ shop: 'issuing', fund: 'paying', chen: 'beneficiary', zhao: null, stranger: null },
};

/** What an action takes beside its voucher. */
export const inputFor = (action: Action): ActInput => {
  if (action === 'name_account') return ACCOUNT(WANG);
  if (action === 'redeem') return PART(1000);
  return action === 'transfer' ? { transfer: { beneficiary: 'zhao' } } : {};
};

/** A voucher in each state; those in which the issuer is waited for only where it is apart. */
export async function bringTo(stand: Stand, state: VoucherState): Promise<VoucherView> {
  const { done, act, funds } = stand;
  const { number } = await stand.create();
  const seen = () => {
    const view = funds.reading.view('chen', number);
    if (view === null) throw new Error(`${number} is gone`);
    return view;
  };
  const steps: readonly (readonly [Party, Action, ActInput?])[] = [
    ['fund', 'agree'],
    ['shop', 'request_issue'],
    ['fund', 'name_account', ACCOUNT(WANG)],
    ['shop', 'confirm_account'],
  ];
  const order: readonly VoucherState[] = ['asked', 'agreed', 'requested', 'named'];
  const early = order.indexOf(state);
  if (state === 'refused') await done('fund', number, 'refuse');
  if (state === 'refused') return seen();
  if (state === 'verifying') stand.next('authorise', 'hold');
  for (const [party, action, input] of steps.slice(0, early < 0 ? 4 : early)) {
    if (state === 'changing' && action === 'confirm_account') continue;
    const acted = act(party, number, action, input);
    if (state === 'verifying' && action === 'confirm_account') {
      await until('verifying', () => seen().state === 'verifying');
    } else await acted;
  }
  switch (state) {
    case 'changing':
      await done('shop', number, 'ask_change');
      break;
    case 'redeeming':
      stand.next('capture', 'hold');
      void act('chen', number, 'redeem', PART(1000));
      await until('redeeming', () => seen().state === 'redeeming');
      break;
    case 'redeemed':
      await done('chen', number, 'redeem', PART(20_000));
      break;
    case 'cancel_asked':
    case 'cancelled':
      await done('shop', number, 'ask_cancel');
      if (state === 'cancelled') await done('chen', number, 'agree_cancel');
      break;
    case 'expired':
      stand.clock.ahead += 2 * DAY_MS;
      await act('chen', number, 'redeem', PART(1000));
      await until('its release', () => seen().frozen_minor === 0);
  }
  assert.equal(seen().state, state);
  if (isEnded(state)) await until('its release', () => seen().frozen_minor === 0);
  return seen();
}

/** All that is true of a voucher and of money: nothing of it may change by what is refused. */
export const truth = ({ core, bank }: Stand, number: string): string => {
  const { funds } = core.tables;
  const vouchers = [funds.voucher(number), funds.events(number)];
  const accounts = [...core.tables.ledger.accounts(), ...bank.tables.ledger.accounts()];
  return JSON.stringify([vouchers, accounts]);
};

/** Ends a voucher, so that nothing of it stays frozen. */
export async function letLapse(stand: Stand, number: string): Promise<void> {
  stand.clock.ahead += 2 * DAY_MS;
  for (const party of ['shop', 'chen'] as const) await stand.act(party, number, 'agree_cancel');
  await until('its release', () => stand.core.tables.funds.nextAsk() === undefined);
}
