/** Paying by card at the terminal's end: what is announced, what is journalled, what is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { INS } from '#device/codecs/desfire.ts';
import { cardTextsIn } from '#device/words/cards.ts';
import type { Card } from '#simulators/card/card.ts';
import { balanceOf, blankCard, Counter, cardIdOf, cardWith, HOUSE } from './card-stand.ts';

const title = ({ stand }: Counter): string | undefined => stand.screen?.title;

describe('a tap', () => {
  test('pays the order on the screen: spoken once, off the air, told with its proof', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('12.50');
    assert.ok(counter.stand.screen?.lines.includes('or tap a card'));
    await counter.put(card);
    const { stand } = counter;
    assert.deepEqual(stand.spoken, ['received twelve yuan fifty']);
    assert.equal(stand.screen?.tone, 'good');
    assert.equal(stand.screen?.qr, undefined);
    assert.equal(stand.broadcasts.at(-1), null);
    assert.equal(stand.printed.length, 1);
    const [payment] = counter.payments();
    assert.equal(payment?.order, order.number);
    assert.equal(payment?.amount_minor, 1250);
    assert.equal(payment?.balance_after_minor, 8750);
    assert.equal(payment?.sold, true);
    assert.ok(payment?.mac);
    counter.lift();
    assert.equal(await balanceOf(card), 8750);
    await counter.receive(payment);
    await stand.result(order);
    assert.equal(stand.spoken.length, 1, 'the gateway says no news');
    await stand.clock.pass(120_000);
    assert.equal(counter.payments().length, 1, 'what was received is not sent again');
  });

  test('refused by settlement: seen and heard on whatever is shown, and on its own bill', async () => {
    const counter = await Counter.open();
    const order = await counter.stand.sell('12.50');
    await counter.tap(await cardWith(10_000));
    const [payment] = counter.payments();
    assert.ok(payment !== undefined);
    counter.stand.key('cancel', '7');
    const beeps = counter.stand.beeps.length;
    await counter.receive(payment, 'refused');
    await counter.receive(payment, 'refused');
    const lines = (): string => counter.stand.screen?.lines.join(' | ') ?? '';
    assert.match(lines(), /Card payment refused: ¥12\.50 \(order .* This money does not come/);
    assert.deepEqual(counter.stand.beeps.slice(beeps), ['bad'], 'once');
    counter.stand.key('back');
    assert.doesNotMatch(lines(), /refused/, 'read');
    await counter.stand.clock.pass(120_000);
    assert.equal(counter.payments().length, 1, `${order.number} is not sent again`);
    for (const language of ['en', 'zh-CN'] as const) {
      assert.match(cardTextsIn(language).refusedBySettlement('¥1', '12'), /¥1.*12/);
    }
  });

  test('what will be asked of the card is on disk before it is asked, and the answer before it is said', async () => {
    const counter = await Counter.open();
    await counter.stand.sell('12.50');
    counter.cutAt = 6;
    await counter.tap(await cardWith(10_000));
    assert.deepEqual(counter.told.slice(-1), [INS.getValue]);
    assert.match(counter.disk.text, /"card_begun"/);
    assert.doesNotMatch(counter.disk.text, /"card_done"/);
    assert.deepEqual(counter.stand.spoken, []);
  });

  test('without an order it shows the balance, which is never said', async () => {
    const counter = await Counter.open();
    await counter.put(await cardWith(10_000));
    assert.equal(title(counter), 'Balance');
    assert.equal(counter.stand.screen?.big, '¥100.00');
    assert.deepEqual(counter.stand.spoken, []);
    counter.stand.key('5');
    assert.equal(title(counter), 'Key in the amount');
  });

  test('a card that lay there before the order pays it; one that has paid does not pay the next', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    await counter.put(card);
    await counter.sell('1');
    assert.equal(counter.stand.spoken.length, 1);
    await counter.sell('2');
    assert.equal(counter.stand.spoken.length, 1);
    await counter.put(card);
    assert.equal(counter.stand.spoken.length, 2);
  });

  test('a phone that was faster: announced once, and the card is not asked', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('3');
    await counter.stand.result(order);
    await counter.tap(card);
    assert.equal(counter.stand.spoken.length, 1);
    assert.equal(await balanceOf(card), 10_000);
  });

  test('the phone’s result comes while the card is debited: one announcement, the debit is told', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('3');
    const tapped = counter.put(card);
    await counter.until(() => counter.told.includes(INS.debit));
    await counter.stand.result(order, { payment: 'PAY-1' });
    await tapped;
    assert.equal(counter.stand.spoken.length, 1);
    assert.equal(counter.payments()[0]?.sold, true);
  });

  test('the order can’t end while the card is at it: expiry and Cancel come too late', async () => {
    const counter = await Counter.open();
    const order = await counter.stand.sell('3');
    const tapped = counter.put(await cardWith(10_000));
    await counter.until(() => counter.told.includes(INS.debit));
    counter.stand.key('cancel');
    await counter.stand.result(order, { outcome: 'expired' });
    await tapped;
    assert.deepEqual(counter.stand.spoken, ['received three yuan']);
    assert.equal(counter.stand.sent.filter(({ kind }) => kind === 'close').length, 0);
  });
});

describe('wrong', () => {
  const cases: [string, string, () => Promise<Card>][] = [
    ['too little on it', 'Not enough on the card', () => cardWith(100)],
    ['never issued', 'Card not issued yet', async () => blankCard()],
    [
      'a copy that has the number but not the key',
      'Card not genuine',
      () => cardWith(10_000, { keys: { ...HOUSE, debit: new Uint8Array(16).fill(9) } }),
    ],
    ['of another currency', 'Another currency', () => cardWith(10_000, { currency: 978 })],
  ];
  for (const [name, says, make] of cases) {
    test(`${name}: said and shown, nothing taken, the order goes on`, async () => {
      const counter = await Counter.open();
      await counter.stand.sell('12.50');
      await counter.tap(await make());
      assert.equal(title(counter), says);
      assert.equal(counter.stand.screen?.tone, 'bad');
      assert.equal(counter.stand.lamp, 'bad');
      assert.equal(counter.stand.spoken.length, 1);
      assert.ok(counter.stand.screen?.qr, 'it can still be scanned');
      await counter.tap(await cardWith(10_000));
      assert.equal(counter.stand.spoken.at(-1), 'received twelve yuan fifty');
    });
  }

  test('a foreign card, garbage, silence, two at once', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    await counter.stand.sell('12.50');
    for (const [answer, says] of [
      [Uint8Array.of(0x6d, 0x00), 'Not our card'],
      [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), 'Not our card'],
    ] as const) {
      counter.garbage = () => answer;
      await counter.tap(card);
      assert.equal(title(counter), says);
    }
    let answers = 0;
    counter.garbage = () => {
      answers += 1;
      return answers < 3 ? Uint8Array.of(0x91, 0x00) : Uint8Array.of(7, 7, 7);
    };
    await counter.tap(card);
    assert.equal(title(counter), 'Card answers wrongly');
    counter.garbage = null;
    counter.hung = true;
    await counter.tap(card);
    assert.equal(title(counter), 'Card does not answer');
    counter.hung = false;
    counter.unreadable();
    assert.equal(title(counter), 'Hold one card alone');
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received twelve yuan fifty');
    assert.equal(await balanceOf(card), 8750);
  });

  test('a blocked card is refused, online and off, also after a restart', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const entries = [await cardIdOf(card)];
    await counter.hotlist({ entries });
    await counter.stand.sell('1');
    await counter.tap(card);
    assert.equal(title(counter), 'Card blocked');
    await counter.restart(false);
    await counter.tap(card);
    assert.equal(title(counter), 'Card blocked');
    await counter.hotlist({ version: 2, full: false, entries: [], removed: entries });
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received one yuan without network');
  });

  test('a full disk: the card is not asked', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    await counter.stand.sell('1');
    counter.disk.full = true;
    await counter.tap(card);
    assert.equal(title(counter), "Can't be written down");
    counter.disk.full = false;
    assert.equal(await balanceOf(card), 10_000);
  });
});
