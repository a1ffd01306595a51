/** A web shop or the counter asks for a card while the terminal's screen is taken: the customer is not lost. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RelayInvite } from '#device/messages/relay.ts';
import { Counter, cardWith } from './card-stand.ts';

const ORDER = '06H0A14RVBZGGMEH';
const INVITE: RelayInvite = {
  ...{ invite: 'invite-01', purpose: 'pay', amount_minor: 1800, currency: 'CNY' },
  ...{ label: 'Lin’s Dumplings', opening: [], lifetime_ms: 120_000 },
};
const HOLD = 'Hold the card to pay ¥18.00 · Lin’s Dumplings';

const lines = ({ stand }: Counter): readonly string[] => stand.screen?.lines ?? [];
const invite = (counter: Counter, change: Partial<RelayInvite> = {}) =>
  counter.stand.told({ kind: 'relay_invite', invite: { ...INVITE, ...change } });

describe('an invitation while the screen is taken', () => {
  test('by an amount that is half keyed: in one line, with its digits, and all of it when that is gone', async () => {
    const counter = await Counter.open();
    counter.stand.key('1', '2');
    await invite(counter, { digits_of: ORDER });
    assert.equal(counter.stand.screen?.big, '¥12');
    assert.match(lines(counter)[0] ?? '', /^For the shop’s page: \d\d · Lin’s Dumplings$/);
    await invite(counter);
    assert.equal(lines(counter)[0], HOLD);
    await counter.put(await cardWith(5000));
    assert.equal(counter.stand.sent.at(-1)?.kind, 'relay_wanted', 'the card goes to it');
    assert.equal(lines(counter)[0], 'Keep the card there ¥18.00 · Lin’s Dumplings');
    assert.equal(counter.stand.screen?.big, '¥12', 'nothing that was keyed is lost');
  });

  test('by the menu, or an order that is offered: it says that it comes after', async () => {
    const counter = await Counter.open();
    counter.stand.key('+');
    await invite(counter);
    assert.equal(lines(counter)[0], 'After this: Hold the card to pay ¥18.00');
    counter.stand.key('cancel');
    assert.equal(counter.stand.screen?.title, 'Hold the card to pay');
    const order = await counter.stand.sell('1.25');
    assert.equal(lines(counter)[0], 'After this: Hold the card to pay ¥18.00');
    const card = await cardWith(5000);
    await counter.tap(card);
    assert.equal(counter.stand.screen?.title, 'Paid', 'the card paid what is on the screen');
    assert.ok(!counter.stand.sent.some(({ kind }) => kind === 'relay_wanted'));
    assert.equal(order.amount_minor, 125);
    assert.ok(lines(counter).includes(HOLD), 'the next one is for the shop');
    await counter.stand.told({ kind: 'relay_withdraw', withdraw: { invite: INVITE.invite } });
    assert.ok(!lines(counter).includes(HOLD));
  });

  test('in Chinese, too', async () => {
    const counter = await Counter.open({ language: 'zh-CN' });
    counter.stand.key('+');
    await invite(counter, { label: '林家水饺' });
    assert.equal(lines(counter)[0], '稍后：请刷卡付款 ¥18.00');
  });
});
