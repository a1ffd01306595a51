/** Paying by card at the terminal's end: what is announced, what is journalled, what each tear leads to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex } from '#device/codecs/bytes.ts';
import { INS } from '#device/codecs/desfire.ts';
import type { Order } from '#device/messages/order.ts';
import { cardTextsIn } from '#device/words/cards.ts';
import type { Card } from '#simulators/card/card.ts';
import type { Tear } from '#simulators/card/field.ts';
import {
  balanceOf,
  blankCard,
  Counter,
  cardIdOf,
  cardWith,
  debitsOf,
  HOUSE,
  payElsewhere,
  uid,
} from './card-stand.ts';
import { settled } from './stand.ts';

/** Commands of a payment: six to open the card, then debit, record, commit. */
const COMMIT = 9;
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

test('an order that a card paid is sent until the gateway has it, also where the payment arrived alone', async () => {
  const counter = await Counter.open();
  const order = await counter.stand.sell('5');
  await counter.tap(await cardWith(10_000));
  const [payment] = counter.payments();
  assert.ok(payment !== undefined);
  await counter.receive(payment);
  const sent = counter.stand.orders().length;
  await counter.stand.clock.pass(70_000);
  assert.ok(counter.stand.orders().length > sent);
  await counter.restart();
  assert.deepEqual(counter.stand.orders().at(-1), order, 'also after a power cut');
  await counter.stand.receive(order);
  const later = counter.stand.orders().length;
  await counter.stand.clock.pass(200_000);
  assert.equal(counter.stand.orders().length, later);
});

describe('a disk that refuses what a card did', () => {
  const paidWhile = async (counter: Counter, refuses: (entry: string) => boolean) => {
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('5');
    const { append } = counter.disk;
    counter.disk.append = async (bytes) => {
      if (refuses(new TextDecoder().decode(bytes))) throw new Error('worn out');
      await append.call(counter.disk, bytes);
    };
    await counter.tap(card);
    assert.deepEqual(counter.stand.spoken, ['received five yuan']);
    await counter.stand.clock.pass(4_000);
    return {
      order,
      mend() {
        counter.disk.append = append;
      },
    };
  };

  test('the payment and that it was said: both are written when there is room', async () => {
    const counter = await Counter.open();
    const { mend } = await paidWhile(counter, (text) => /card_done|announced/.test(text));
    assert.ok(!/card_done|announced/.test(counter.disk.text));
    mend();
    await counter.stand.clock.pass(4_000);
    assert.match(counter.disk.text, /card_done.*announced/s);
    await counter.restart();
    assert.deepEqual(counter.heard, ['received five yuan'], 'a restart says nothing again');
    assert.equal(counter.payments().length, 1, 'and tells settlement');
  });

  test('a receipt of what is not written yet is asked for again, so that a restart knows it', async () => {
    const counter = await Counter.open();
    const { mend } = await paidWhile(counter, (text) => text.includes('card_done'));
    const [payment] = counter.payments();
    assert.ok(payment !== undefined);
    const { order, card, counter: count } = payment;
    const receipt = { order, card, counter: count, said: 'posted' } as const;
    await counter.stand.told({ kind: 'card_receipt', receipt });
    mend();
    await counter.stand.clock.pass(4_000);
    await counter.stand.told({ kind: 'card_receipt', receipt });
    assert.match(counter.disk.text, /card_done.*card_receipt/s);
    await counter.restart();
    const sent = counter.payments().length;
    await counter.clock.pass(100_000);
    assert.equal(counter.payments().length, sent, 'it has been told');
  });

  test('the payment of an order whose result it refused, too: neither is lost', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('5');
    // Torn after the commit; then the vendor cancels, and the disk takes nothing any more.
    await counter.tap(card, { ins: INS.commitTransaction, when: 'after' });
    counter.stand.key('cancel');
    await settled();
    counter.disk.full = true;
    await counter.stand.result(order, { outcome: 'cancelled' });
    await counter.tap(card);
    counter.disk.full = false;
    await counter.stand.clock.pass(4_000);
    assert.match(counter.disk.text, /"kind":"result"/);
    assert.match(counter.disk.text, /"kind":"card_done"/);
    assert.ok(counter.stand.sent.some(({ kind }) => kind === 'seen'));
    const [payment] = counter.payments();
    assert.deepEqual([payment?.order, payment?.sold], [order.number, false], 'owed back');
  });
});

describe('without network', () => {
  const open = async (limits: object): Promise<Counter> => {
    const counter = await Counter.open({ limits });
    await counter.hotlist();
    counter.stand.link(false);
    return counter;
  };

  test('paid, said so, and told when the network is back: the order first', async () => {
    const counter = await open({});
    await counter.stand.sell('1').catch(() => undefined);
    await counter.tap(await cardWith(10_000));
    assert.deepEqual(counter.stand.spoken, ['received one yuan without network']);
    assert.ok(counter.stand.screen?.lines.some((line) => line.startsWith('Without network')));
    assert.equal(counter.stand.sent.length, 0);
    await counter.restart(true);
    const kinds = counter.stand.sent.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['order', 'card_payment']);
    assert.equal(counter.payments()[0]?.offline, true);
    assert.deepEqual(counter.stand.spoken, [], 'it was said before');
  });

  test('each limit, in words; what the gateway posted counts no more', async () => {
    const counter = await open({ amount_minor: 500, count: 2, sum_minor: 800 });
    const card = await cardWith(10_000);
    const refuse = async (amount: string, says: string): Promise<void> => {
      await counter.sell(amount);
      await counter.tap(card);
      assert.equal(title(counter), says);
      counter.stand.key('cancel');
      await settled();
      counter.stand.key('cancel');
    };
    await refuse('5.01', 'Too much without network');
    await counter.sell('5');
    await counter.tap(card);
    await refuse('3.01', 'Too much in all without network');
    await counter.sell('1');
    await counter.tap(card);
    await refuse('1', 'Too many without network');
    counter.stand.link(true);
    await settled();
    for (const payment of counter.payments()) await counter.receive(payment);
    counter.stand.link(false);
    await counter.sell('1');
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received one yuan without network');
    await counter.clock.pass(86_400_000 + 1000);
    await refuse('1', 'List of blocked cards too old');
  });
});

describe('torn', () => {
  const whens: Tear['when'][] = ['before', 'after'];
  for (let apdu = 1; apdu <= COMMIT; apdu += 1) {
    for (const when of whens) {
      const lost = apdu === COMMIT;
      test(`${when} command ${apdu}: the next tap finishes the same sale, debited once`, async () => {
        const counter = await Counter.open();
        const card = await cardWith(10_000);
        const order = await counter.stand.sell('12.50');
        await counter.tap(card, { apdu, when });
        assert.equal(title(counter), lost ? 'Hold the same card again' : 'Tap again');
        assert.equal(counter.stand.screen?.qr === undefined, lost, 'offered to no phone in doubt');
        assert.doesNotMatch(counter.stand.spoken.join(), /received/);
        await counter.tap(card);
        await once(counter, card, order);
      });

      test(`${when} command ${apdu}, then the power goes: the same after a restart`, async () => {
        const counter = await Counter.open();
        const card = await cardWith(10_000);
        const order = await counter.stand.sell('12.50');
        await counter.tap(card, { apdu, when });
        await counter.restart();
        await counter.tap(card);
        await once(counter, card, order);
      });
    }
  }

  for (let cutAt = 0; cutAt <= COMMIT; cutAt += 1) {
    test(`the terminal's power goes before command ${cutAt + 1}: recalled, debited once`, async () => {
      const counter = await Counter.open();
      const card = await cardWith(10_000);
      const order = await counter.stand.sell('12.50');
      counter.cutAt = cutAt;
      await counter.tap(card);
      await counter.restart();
      if (cutAt < COMMIT) await counter.tap(card);
      await once(counter, card, order);
    });
  }

  async function once(counter: Counter, card: Card, order: Order): Promise<void> {
    const paid = counter.heard.filter((text) => text.includes('received'));
    const told = new Set(counter.payments().map((each) => JSON.stringify(each)));
    assert.equal(told.size, 1);
    assert.equal(counter.payments()[0]?.order, order.number);
    assert.ok(counter.payments()[0]?.mac);
    assert.equal(paid.length, 1);
    assert.equal(await balanceOf(card), 8750);
    assert.equal(await debitsOf(card), 1);
  }

  test('another card meanwhile is asked to wait; Cancel gives the order up, and says so', async () => {
    const counter = await Counter.open();
    const [first, second] = [await cardWith(10_000), await cardWith(5000, { last: 2 })];
    const order = await counter.stand.sell('12.50');
    await counter.tap(first, { apdu: COMMIT, when: 'after' });
    await counter.tap(second);
    assert.equal(title(counter), 'This is another card');
    assert.equal(await balanceOf(second), 5000);
    counter.stand.key('cancel');
    await settled();
    const unknown = counter.stand.sent.find((each) => each.kind === 'card_unknown');
    assert.equal(unknown?.kind === 'card_unknown' && unknown.unknown.uid, hex(uid(1)));
    await counter.stand.result(order, { outcome: 'cancelled' });
    // Another sale, another card: it pays as ever.
    await counter.sell('1');
    await counter.tap(second);
    assert.equal(counter.stand.spoken.at(-1), 'received one yuan');
  });

  test('given up, and the card comes back: it is owed, not sold; then it pays the new order', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('12.50');
    await counter.tap(card, { apdu: COMMIT, when: 'after' });
    counter.stand.key('cancel');
    await settled();
    await counter.stand.result(order, { outcome: 'cancelled' });
    await counter.tap(card);
    assert.equal(title(counter), 'Cancelled');
    assert.ok(counter.stand.screen?.lines.includes('Debited for an order that had ended'));
    assert.deepEqual(
      counter.payments().map(({ sold, counter: number }) => [sold, number]),
      [[false, 2]],
    );
    assert.doesNotMatch(counter.stand.spoken.join(), /received/);
    await counter.sell('1');
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received one yuan');
  });

  test('settlement’s verdict ends a doubt, also one from before a restart', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('12.50');
    await counter.tap(card, { apdu: COMMIT, when: 'after' });
    counter.stand.key('cancel');
    await settled();
    await counter.stand.result(order, { outcome: 'cancelled' });
    await counter.restart();
    const told = () => counter.stand.sent.filter(({ kind }) => kind === 'card_unknown').length;
    assert.equal(told(), 1, 'told until it is answered');
    const of = { order: order.number, card: await cardIdOf(card) };
    await counter.stand.told({
      kind: 'card_receipt',
      receipt: { ...of, counter: 1, said: 'noted' },
    });
    await counter.clock.pass(100_000);
    assert.equal(told(), 1);
    await counter.stand.told({
      kind: 'card_verdict',
      verdict: { ...of, counter_before: 1, committed: true },
    });
    await counter.restart();
    await counter.clock.pass(100_000);
    assert.equal(told(), 0);
    assert.equal(counter.payments().length, 0);
  });

  test('a doubt that the card’s log has forgotten is left to settlement, and the card pays on', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    const order = await counter.stand.sell('12.50');
    await counter.tap(card, { apdu: COMMIT, when: 'after' });
    counter.stand.key('cancel');
    await settled();
    await counter.stand.result(order, { outcome: 'cancelled' });
    await payElsewhere(card, 11);
    await counter.tap(card);
    assert.ok(counter.stand.screen?.lines.includes('Settlement will tell'));
    await counter.sell('1');
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received one yuan');
  });

  test('a doubt is decided by the log alone: paid elsewhere since, its proof is gone', async () => {
    const counter = await Counter.open();
    const card = await cardWith(10_000);
    await counter.stand.sell('12.50');
    await counter.tap(card, { apdu: COMMIT, when: 'after' });
    await payElsewhere(card, 2);
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received twelve yuan fifty');
    assert.equal(counter.payments()[0]?.mac, undefined);
    assert.equal(counter.payments()[0]?.counter, 2);
  });
});

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
