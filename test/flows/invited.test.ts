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

  test('two cards, one that never answers, one that is no good: said, and seen while it is asked for', async () => {
    for (const [language, words] of [
      [
        'en',
        ['hold one card alone', 'card does not answer', 'not our card', 'not enough on the card'],
      ],
      ['zh-CN', ['请只放一张卡', '卡没有反应', '不是本系统的卡', '卡内余额不足']],
    ] as const) {
      const counter = await Counter.open({ language });
      const said = (): string | undefined => counter.stand.spoken.at(-1);
      await invite(counter, { opening: ['905a00000341485400'] });
      counter.unreadable();
      assert.equal(said(), words[0]);
      assert.equal(counter.stand.screen?.big, '¥18.00', 'what is asked for still is');
      assert.equal(lines(counter).length, 3, 'and why, above it');
      counter.hung = true;
      await counter.put(await cardWith(5000));
      assert.equal(said(), words[1]);
      counter.hung = false;
      counter.lift();
      await invite(counter);
      for (const [at, word] of [
        ['unknown_card', words[2]],
        ['insufficient_funds', words[3]],
      ] as const) {
        await counter.put(await cardWith(5000));
        const wanted = counter.stand.sent.findLast(({ kind }) => kind === 'relay_wanted');
        assert.ok(wanted?.kind === 'relay_wanted');
        const end = { relay: wanted.wanted.relay, purpose: 'pay', said: at } as const;
        await counter.stand.told({ kind: 'relay_end', end });
        assert.equal(said(), word);
        counter.lift();
      }
    }
  });

  test('in Chinese, too', async () => {
    const counter = await Counter.open({ language: 'zh-CN' });
    counter.stand.key('+');
    await invite(counter, { label: '林家水饺' });
    assert.equal(lines(counter)[0], '稍后：请刷卡付款 ¥18.00');
  });
});
