/** The operator’s menu of cards and the day, by keys. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counter, cardWith, payElsewhere } from './card-stand.ts';
import { settled } from './stand.ts';

const title = ({ stand }: Counter): string | undefined => stand.screen?.title;

describe('the operator’s menu', () => {
  test('a card’s log, the day, and back', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    await counter.sell('1.25');
    await counter.tap(card);
    counter.stand.key('cancel', '+');
    assert.equal(title(counter), 'Menu');
    counter.stand.key('3');
    assert.equal(title(counter), 'Hold the card to the reader');
    await counter.tap(card);
    assert.match(
      counter.stand.screen?.lines.join() ?? '',
      /¥1\.25 {2}paid here.*¥100\.00 {2}loaded/,
    );
    await payElsewhere(card, 4);
    counter.stand.key('cancel', '3');
    await counter.tap(card);
    assert.doesNotMatch(counter.stand.screen?.lines.join() ?? '', /loaded/);
    counter.stand.key('enter');
    assert.match(counter.stand.screen?.lines.join() ?? '', /loaded/);
    counter.stand.key('cancel', '4');
    assert.match(counter.stand.screen?.lines.join() ?? '', /1 payments, ¥1\.25.*not sent yet/);
    counter.stand.key('cancel', '1');
    await counter.tap(card);
    assert.equal(counter.stand.screen?.big, '¥98.71');
    counter.stand.key('cancel', 'cancel', '7');
    assert.equal(counter.stand.screen?.big, '¥7');
  });

  test('limits are set by keys, kept over a restart, and wrong ones refused', async () => {
    const counter = await Counter.open();
    counter.stand.key('+', '5', '1', '9', '.', '5', 'enter');
    assert.ok(counter.stand.screen?.lines.includes('1  One payment: up to ¥9.50'));
    counter.stand.key('2', '5', '0', '0', '0', 'enter');
    assert.equal(counter.stand.screen?.tone, 'bad');
    counter.stand.key('0', 'enter');
    assert.ok(counter.stand.screen?.lines.includes('2  Payments not sent: up to 0'));
    await settled();
    await counter.restart();
    counter.stand.key('+', '5');
    assert.ok(counter.stand.screen?.lines.includes('1  One payment: up to ¥9.50'));
    assert.ok(counter.stand.screen?.lines.includes('2  Payments not sent: up to 0'));
  });

  test('a payment made here is given back by its figure: settlement is asked', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('1.25');
    await counter.tap(card);
    counter.stand.key('cancel', '+', '2');
    await counter.put(card);
    assert.equal(title(counter), 'Give back which payment?');
    counter.stand.key('1');
    const wanted = counter.stand.sent.find(({ kind }) => kind === 'relay_wanted');
    assert.ok(wanted?.kind === 'relay_wanted');
    assert.equal(wanted.wanted.order, order.number);
    assert.equal(wanted.wanted.purpose, 'refund');
  });

  test('left open it closes by itself, and a card pays again; each key keeps it open', async () => {
    const counter = await Counter.open();
    counter.stand.key('+', '5', '1', '9');
    await counter.clock.pass(110_000);
    counter.stand.key('9');
    await counter.clock.pass(110_000);
    assert.equal(counter.stand.screen?.title, 'Limits without network');
    await counter.clock.pass(12_000);
    assert.equal(title(counter), 'Key in the amount');
    await counter.sell('1.25');
    await counter.tap(await cardWith(10_000));
    assert.equal(title(counter), 'Paid');
    const limits = counter.disk.durable;
    assert.doesNotMatch(
      new TextDecoder().decode(limits),
      /card_limits"/,
      'nothing half-keyed is kept',
    );
  });

  test('a paid order stays three seconds on the screen while a web order asks for its digits', async () => {
    const counter = await Counter.open();
    await counter.stand.sell('1.25');
    await counter.tap(await cardWith(10_000));
    assert.equal(title(counter), 'Paid');
    const order = '06H0A14RVBZGGMEH';
    const money = { amount_minor: 2000, currency: 'CNY' } as const;
    const purpose = 'pay' as const;
    const standing = { invite: 'digits-1', digits_of: order, opening: [], lifetime_ms: 120_000 };
    await counter.stand.told({ kind: 'relay_invite', invite: { ...standing, ...money, purpose } });
    await counter.clock.pass(1900);
    assert.equal(title(counter), 'Paid');
    await counter.clock.pass(2200);
    assert.equal(title(counter), 'Type these two digits');
    assert.match(counter.stand.screen?.big ?? '', /^\d\d$/);
    await counter.stand.told({ kind: 'relay_withdraw', withdraw: { invite: 'digits-1' } });
    assert.equal(title(counter), 'Key in the amount');
  });

  test('no card keys: the terminal says so, and its menu is of the day alone', async () => {
    const counter = await Counter.open({ takesCards: false });
    await counter.tap(await cardWith(10_000));
    assert.equal(title(counter), 'No cards here');
    counter.stand.key('+');
    assert.deepEqual(counter.stand.screen?.lines, ['6  End of the day']);
    counter.stand.key('1');
    assert.equal(title(counter), 'Menu');
    counter.stand.key('cancel');
    counter.stand.terminal.push({ is: 'card_keys', kept: { key_version: 1, set_at: 0 } });
    await counter.tap(await cardWith(10_000));
    assert.equal(title(counter), 'Balance');
  });
});
