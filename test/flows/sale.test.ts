/** Rows A1, A3–A9 at the terminal's end: one payment story a test, on the loop that ships. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { verifyBroadcast } from '#device/codecs/broadcast.ts';
import { verifyOffer } from '#device/codecs/offer.ts';
import { HandClock, KEYS, MemoryDisk, STALL, Stand, settled } from './stand.ts';

const tokenOf = (stand: Stand): string =>
  (stand.screen?.qr ?? '').replace('http://pay.test/p/', '');

describe('a sale', () => {
  test('an amount is on the screen with each key', async () => {
    const stand = await Stand.start();
    stand.key('1', '2');
    assert.equal(stand.screen?.big, '¥12');
    stand.key('.', '5', '0');
    assert.equal(stand.screen?.big, '¥12.50');
  });

  test('the order is on disk before it is offered, broadcast or sent', async () => {
    const stand = await Stand.start();
    stand.key('1', '2', 'enter');
    assert.equal(stand.screen?.qr, undefined);
    assert.equal(stand.broadcasts.length, 0);
    assert.equal(stand.orders().length, 0);
    assert.equal(stand.disk.text, '');
    await settled();
    const [order] = stand.orders();
    assert.ok(order);
    assert.match(stand.disk.text, new RegExp(order.number));
    assert.equal(verifyOffer(KEYS.offer, tokenOf(stand), STALL.place, stand.clock.now()), 'good');
    const data = stand.broadcasts.at(-1)?.manufacturerData ?? new Uint8Array();
    assert.equal(verifyBroadcast(KEYS.broadcast, data, stand.clock.now()), 'good');
  });

  test('a key that means nothing on an offer tells what keys do, each thing once', async () => {
    const stand = await Stand.start();
    await stand.sell('12.50');
    const quiet = stand.screen?.lines ?? [];
    stand.key('7');
    const { lines = [], hint = '' } = stand.screen ?? {};
    assert.match(hint, /Cancel: call off this order/);
    assert.ok(lines.length > quiet.length, 'there is more to read');
    const texts = [...lines, hint];
    assert.deepEqual(texts, [...new Set(texts)]);
  });

  test('paid: shown, spoken once, printed, acknowledged; off the air', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('12.50');
    await stand.receive(order);
    await stand.result(order, { payment: 'PAY-1', payer: '•••• 0001' });
    assert.equal(stand.screen?.tone, 'good');
    assert.equal(stand.screen?.big, '¥12.50');
    assert.equal(stand.screen?.qr, undefined);
    assert.equal(stand.broadcasts.at(-1), null);
    assert.deepEqual(stand.spoken, ['received twelve yuan fifty']);
    assert.equal(stand.printed.length, 1);
    assert.deepEqual(stand.sent.at(-1), { kind: 'seen', seen: { order: order.number } });
    await stand.result(order);
    assert.equal(stand.spoken.length, 1, 'a repeated result is not announced again');
    assert.equal(stand.sent.filter((each) => each.kind === 'seen').length, 2);
  });

  test('a repeated result is acknowledged, not announced, after the next sale has begun', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('1');
    await stand.result(order);
    await stand.sell('2');
    await stand.result(order);
    assert.equal(stand.spoken.length, 1);
    assert.equal(stand.sent.filter((each) => each.kind === 'seen').length, 2);
  });

  test('a result for another amount, or of a stranger, is silent and logged', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('12.50');
    await stand.result(order, { amount_minor: 1 });
    await stand.result({ ...order, number: '0000000000000000' });
    assert.deepEqual(stand.spoken, []);
    assert.equal(stand.logged.length, 2);
    assert.equal(stand.screen?.tone, 'busy');
  });

  test('the result of an order that the journal has dropped is not sent for ever', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('12.50');
    const number = '0000000000000000';
    await stand.result({ ...order, number });
    assert.deepEqual(stand.sent.at(-1), { kind: 'seen', seen: { order: number } });
    assert.deepEqual([stand.spoken, stand.printed], [[], []]);
    await stand.result(order, { amount_minor: 1 });
    assert.ok(!stand.sent.some((each) => each.kind === 'seen' && each.seen.order === order.number));
  });

  test('a key pressed as the result comes begins the next amount, and the result is said', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('12.50');
    const arrival = stand.result(order);
    stand.key('7');
    await arrival;
    assert.equal(stand.screen?.big, '¥7');
    assert.deepEqual(stand.spoken, ['received twelve yuan fifty']);
    assert.match(stand.screen?.lines[0] ?? '', /Paid: ¥12\.50/);
  });

  test('cancel asks the gateway, and a payment that was faster wins', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('12.50');
    stand.key('cancel');
    assert.equal(stand.screen?.qr, undefined, 'nobody may scan it any more');
    assert.equal(
      stand.sent.some((each) => each.kind === 'close'),
      false,
      'not before it is on disk',
    );
    await settled();
    assert.deepEqual(stand.sent.at(-1), {
      kind: 'close',
      close: { order: order.number, because: 'cancelled' },
    });
    await stand.result(order);
    assert.deepEqual(stand.spoken, ['received twelve yuan fifty']);
  });

  test('cancelled, declined and expired are each said', async () => {
    for (const outcome of ['cancelled', 'declined', 'expired'] as const) {
      const stand = await Stand.start();
      const order = await stand.sell('3');
      await stand.result(order, { outcome });
      assert.equal(stand.spoken.length, 1);
      assert.notEqual(stand.screen?.tone, 'good');
      assert.equal(stand.printed.length, 0);
    }
  });

  test('after its lifetime it is offered no longer, and the gateway is asked to end it', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('3');
    await stand.receive(order);
    await stand.clock.pass(119_000);
    assert.notEqual(stand.screen?.qr, undefined);
    await stand.clock.pass(2_000);
    assert.equal(stand.screen?.qr, undefined);
    assert.equal(stand.broadcasts.at(-1), null);
    const close = stand.sent.find((each) => each.kind === 'close');
    assert.deepEqual(close?.close, { order: order.number, because: 'expired' });
  });

  test('the QR and the broadcast are drawn anew while it is offered', async () => {
    const stand = await Stand.start();
    await stand.sell('3');
    const [first, firstOnAir] = [tokenOf(stand), stand.broadcasts.at(-1)];
    await stand.clock.pass(100_000);
    assert.notEqual(tokenOf(stand), first);
    assert.notDeepEqual(stand.broadcasts.at(-1), firstOnAir);
    const place = STALL.place;
    assert.equal(verifyOffer(KEYS.offer, tokenOf(stand), place, stand.clock.now()), 'good');
    assert.equal(verifyOffer(KEYS.offer, first, place, stand.clock.now()), 'too_old');
  });

  test("a wrong wall clock does not matter once the gateway's time is known", async () => {
    const clock = new HandClock();
    clock.wall = Date.UTC(1999, 0, 1);
    const stand = await Stand.start({ clock });
    await stand.sell('3');
    const gateway_time = Date.UTC(2026, 5, 1);
    stand.terminal.push({
      is: 'downlink',
      downlink: { kind: 'time', terminal: 't-0001', gateway_time },
    });
    assert.equal(verifyOffer(KEYS.offer, tokenOf(stand), STALL.place, gateway_time), 'good');
  });
});

describe('without a network', () => {
  test('orders are kept and sent, in order, when it comes', async () => {
    const stand = await Stand.start({ online: false });
    stand.key('1', 'enter');
    await settled();
    stand.key('cancel');
    await settled();
    stand.key('2', 'enter');
    await settled();
    assert.equal(stand.sent.length, 0);
    stand.link(true);
    const kinds = stand.sent.map((each) => each.kind);
    assert.deepEqual(kinds, ['order', 'close', 'order']);
  });

  test('what is not answered is sent again, less and less often, until the receipt', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('1');
    await stand.clock.pass(30_000);
    const tries = stand.orders().length;
    assert.ok(tries >= 4 && tries <= 6, `${tries} tries in 30 s`);
    await stand.receive(order);
    await stand.clock.pass(60_000);
    assert.equal(stand.orders().length, tries);
  });

  test('an order whose number is taken ends in words', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('1');
    await stand.receive(order, 'conflicts');
    assert.equal(stand.screen?.tone, 'bad');
    assert.equal(stand.screen?.qr, undefined);
  });
});

describe('after a restart', () => {
  const restart = async (stand: Stand, options = {}): Promise<Stand> => {
    stand.terminal.stop();
    stand.disk.crash();
    return Stand.start({ disk: stand.disk, clock: stand.clock, ...options });
  };

  test('an open order is offered again and sent again under its number', async () => {
    const before = await Stand.start();
    const order = await before.sell('12.50');
    const after = await restart(before);
    assert.equal(after.screen?.big, '¥12.50');
    assert.notEqual(after.screen?.qr, undefined);
    assert.equal(after.orders()[0]?.number, order.number);
  });

  test('an order whose time went by meanwhile is ended', async () => {
    const before = await Stand.start();
    await before.sell('12.50');
    await before.clock.pass(60_000);
    before.clock.wall += 600_000;
    const after = await restart(before);
    after.terminal.push({ is: 'tick' });
    await settled();
    assert.equal(after.screen?.qr, undefined);
    assert.ok(after.sent.some((each) => each.kind === 'close'));
  });

  test('a result that was announced is not announced again', async () => {
    const before = await Stand.start();
    const order = await before.sell('12.50');
    await before.result(order);
    const after = await restart(before);
    await after.result(order);
    assert.deepEqual(after.spoken, []);
  });

  test('a result that was saved and not announced is announced as an earlier one', async () => {
    const before = await Stand.start();
    // The speaker neither starts nor fails: power goes in that very moment.
    before.organ('speaker', true);
    const order = await before.sell('12.50');
    before.terminal.push({ is: 'organ', name: 'speaker', state: { is: 'starting' } });
    await before.result(order);
    assert.deepEqual(before.spoken, []);
    const after = await restart(before);
    assert.deepEqual(after.spoken, ['earlier received twelve yuan fifty']);
    assert.match(after.screen?.lines[0] ?? '', /Earlier order: paid: ¥12\.50/);
    const again = await restart(after);
    assert.deepEqual(again.spoken, []);
  });

  test('an order that never reached the disk is gone, and nobody was offered it', async () => {
    const before = await Stand.start();
    before.key('5', 'enter');
    before.disk.crash();
    assert.equal(before.orders().length, 0);
    const after = await restart(before);
    assert.equal(after.orders().length, 0);
  });
});

describe('when something is broken', () => {
  test('without a speaker the screen and a beep announce it', async () => {
    const stand = await Stand.start({ speaker: false });
    const order = await stand.sell('12.50');
    await stand.result(order);
    assert.deepEqual(stand.spoken, []);
    assert.ok(stand.beeps.includes('good'));
    assert.equal(stand.screen?.tone, 'good');
    assert.equal(stand.screen?.missing[0]?.organ, 'Speaker');
    assert.match(stand.disk.text, /announced/);
  });

  test('a full disk refuses the order in words and offers nothing', async () => {
    const disk = new MemoryDisk();
    const stand = await Stand.start({ disk });
    disk.full = true;
    stand.key('5', 'enter');
    await settled();
    assert.equal(stand.orders().length, 0);
    assert.equal(stand.screen?.qr, undefined);
    assert.equal(stand.screen?.tone, 'bad');
    assert.match(stand.screen?.lines.join(' ') ?? '', /full/);
    disk.full = false;
    await stand.sell('5');
    assert.equal(stand.orders().length, 1);
  });

  test('a result on a full disk is announced once and acknowledged when there is room', async () => {
    const disk = new MemoryDisk();
    const stand = await Stand.start({ disk });
    const order = await stand.sell('5');
    disk.full = true;
    await stand.result(order);
    assert.equal(stand.spoken.length, 1);
    assert.equal(
      stand.sent.some((each) => each.kind === 'seen'),
      false,
    );
    await stand.clock.pass(4_000);
    disk.full = false;
    await stand.clock.pass(4_000);
    assert.equal(stand.spoken.length, 1);
    assert.ok(stand.sent.some((each) => each.kind === 'seen'));
    assert.equal(stand.screen?.tone, 'good');
    assert.match(disk.text, /"announced"/);
  });

  test('that a result was said is written down as soon as the disk takes it', async () => {
    const disk = new MemoryDisk();
    const stand = await Stand.start({ disk });
    const order = await stand.sell('5');
    const { append } = disk;
    disk.append = async (bytes) => {
      if (new TextDecoder().decode(bytes).includes('announced')) throw new Error('worn out');
      await append.call(disk, bytes);
    };
    await stand.result(order);
    assert.equal(stand.spoken.length, 1);
    disk.append = append;
    stand.key('7');
    await stand.clock.pass(4_000);
    assert.match(disk.text, /"announced"/);
    assert.equal(stand.spoken.length, 1);
  });

  test('a slow disk is not told twice that it was announced', async () => {
    let held: (() => void) | null = null;
    class SlowDisk extends MemoryDisk {
      override async append(bytes: Uint8Array): Promise<void> {
        if (held === null && new TextDecoder().decode(bytes).includes('announced')) {
          await new Promise<void>((go) => {
            held = go;
          });
        }
        await super.append(bytes);
      }
    }
    const disk = new SlowDisk();
    const stand = await Stand.start({ disk });
    const order = await stand.sell('1');
    await stand.receive(order);
    await stand.result(order);
    await stand.clock.pass(30_000);
    assert.ok(held !== null, 'it is being written');
    (held as () => void)();
    await settled();
    await stand.clock.pass(30_000);
    assert.equal(disk.text.match(/"announced"/g)?.length, 1);
    assert.equal(stand.spoken.length, 1);
  });

  test('a wrong amount is refused with its reason and becomes no order', async () => {
    const stand = await Stand.start();
    for (const text of ['0', '-5', '1.234', '1..2', '1000000']) {
      stand.key(...(text.split('') as never[]), 'enter');
      await settled();
      assert.equal(stand.orders().length, 0, text);
      assert.equal(stand.screen?.tone, 'bad', text);
      assert.ok((stand.screen?.lines[0] ?? '').length > 10, text);
      stand.key('cancel');
    }
    stand.key('enter');
    assert.equal(stand.screen?.tone, 'bad');
  });
});
