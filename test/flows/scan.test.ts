/** A voucher held before the terminal's scanner, and what else may be held there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { base64url } from '#device/codecs/bytes.ts';
import { mintVoucherNumber, writeVoucher } from '#device/codecs/voucher.ts';
import { writeShortVoucher } from '#device/codecs/voucher-short.ts';
import type { Uplink } from '#device/messages/order.ts';
import type { VoucherClaims, VoucherLooked } from '#device/messages/voucher.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { Scan } from '#device/ports/scanner.ts';
import { SETTINGS, START, Stand } from './stand.ts';

const SECRET = new Uint8Array(32).fill(21);
const KEY = base64url(ed25519.getPublicKey(SECRET));
const CLAIMS: VoucherClaims = {
  ...{ v: 1, number: mintVoucherNumber(new Uint8Array(8).fill(77)), amount_minor: 20_000 },
  ...{ currency: 'CNY', issuing: 'Shop', paying: 'Fund', beneficiary: 'Chen Yi', serial: 0 },
  terms: { transferable: true, partial: true },
  ...{ issued_at: START - 1000, expires_at: START + 86_400_000 },
};
const WITH_SCANNER = {
  ...SETTINGS,
  organs: [...SETTINGS.organs, { name: 'scanner', role: 'scanner' } as const],
};

const digits = (text: string): Key[] => [...text] as Key[];
const qr = (claims: Partial<VoucherClaims> = {}, secret = SECRET): string =>
  `HTTP://PAY.TEST/V/${writeShortVoucher(secret, { ...CLAIMS, ...claims })}`;
const code = (text: string, ended = true): Scan => ({ is: 'code', text, ended });
const lines = (stand: Stand): string => (stand.screen?.lines ?? []).join('\n');
const of = <K extends Uplink['kind']>(stand: Stand, kind: K) =>
  stand.sent.filter((each): each is Extract<Uplink, { kind: K }> => each.kind === kind);

type Told = NonNullable<VoucherLooked['voucher']>;
const GOOD: Told = { said: 'genuine', state: 'issued', left_minor: 15_000, superseded: false };

/** The gateway answers the last question. */
async function answer(stand: Stand, voucher: Told | null): Promise<void> {
  const asked = of(stand, 'voucher_look').at(-1);
  assert.ok(asked);
  await stand.told({ kind: 'voucher_looked', looked: { id: asked.look.id, key: KEY, voucher } });
}

async function opened(): Promise<Stand> {
  const stand = await Stand.start({ settings: WITH_SCANNER });
  await answer(stand, null);
  return stand;
}

const scan = (stand: Stand, text: string): void => stand.scan(code(text));

describe('a scanned voucher', () => {
  test('for an open order: its code is keyed, and it is redeemed once', async () => {
    const stand = await opened();
    const order = await stand.sell('12.50');
    await stand.receive(order);
    scan(stand, qr());
    assert.equal(stand.screen?.title, 'Voucher');
    assert.match(lines(stand), /Genuine voucher over ¥200\.00/);
    assert.match(String(stand.screen?.hint), /code of six/);
    await answer(stand, GOOD);
    assert.match(lines(stand), /¥150\.00 left of ¥200\.00/);
    stand.key('back');
    stand.key('enter');
    assert.deepEqual(of(stand, 'voucher'), [], 'a QR alone redeems nothing');
    stand.key(...digits('482913'), 'enter');
    const [told] = of(stand, 'voucher');
    assert.deepEqual(
      [told?.voucher.number, told?.voucher.code, told?.voucher.order],
      [CLAIMS.number, '482913', order.number],
    );
    scan(stand, qr());
    assert.match(lines(stand), /Not now/);
    assert.equal(stand.screen?.title, 'Redeeming…');
    assert.equal(of(stand, 'voucher').length, 1);
    await stand.result(order);
    assert.equal(stand.screen?.title, 'Paid');
  });

  test('while nothing is sold: it waits for an amount, and pays the order of it', async () => {
    const stand = await opened();
    scan(stand, `]Q1${qr()}`);
    assert.equal(stand.screen?.title, 'Voucher: how much?');
    assert.match(lines(stand), /For Chen Yi\nGood until 2026-01-06 08:00$/m);
    await answer(stand, GOOD);
    assert.equal(stand.screen?.big, '¥150.00');
    stand.key(...digits('150.01'), 'enter');
    assert.match(lines(stand), /too little left/);
    assert.deepEqual(of(stand, 'order'), [], 'nothing was sold');
    stand.key('back', 'back', 'back', 'enter');
    await stand.settle();
    const [sold] = of(stand, 'order');
    assert.equal(sold?.order.amount_minor, 15_000);
    assert.equal(stand.screen?.title, 'Voucher');
    assert.match(lines(stand), /¥150\.00 left/);
    stand.key(...digits('482913'), 'enter');
    assert.equal(of(stand, 'voucher')[0]?.voucher.order, sold?.order.number);
  });

  test('Enter alone sells for all that is left, where that is known', async () => {
    const stand = await opened();
    scan(stand, qr());
    stand.key('enter');
    assert.match(lines(stand), /Key the amount/);
    await answer(stand, GOOD);
    stand.key('enter');
    await stand.settle();
    assert.equal(of(stand, 'order')[0]?.order.amount_minor, 15_000);
    assert.equal(stand.screen?.title, 'Voucher');
  });

  test('one that is redeemed as a whole takes no other amount', async () => {
    const stand = await opened();
    scan(stand, qr({ terms: { transferable: false, partial: false } }));
    assert.match(lines(stand), /Only as a whole/);
    stand.key('5', 'enter');
    assert.match(lines(stand), /only.* redeemed as a whole/i);
    stand.key('back', 'enter');
    await stand.settle();
    assert.equal(of(stand, 'order')[0]?.order.amount_minor, 20_000);
    const other = await opened();
    const order = await other.sell('12.50');
    await other.receive(order);
    scan(other, qr({ terms: { transferable: false, partial: false } }));
    assert.match(lines(other), /only.* redeemed as a whole/i);
  });

  test('without network it is checked, and the screen says that this is all', async () => {
    const stand = await opened();
    stand.link(false);
    const asked = of(stand, 'voucher_look').length;
    scan(stand, qr());
    assert.equal(stand.screen?.title, 'Voucher checked');
    assert.match(lines(stand), /No network: only checked/);
    stand.key('5', 'enter');
    assert.match(lines(stand), /not redeemed now/);
    assert.deepEqual([of(stand, 'order'), of(stand, 'voucher_look').length], [[], asked]);
    stand.link(true);
    assert.doesNotMatch(lines(stand), /not redeemed now/);
    await answer(stand, GOOD);
    assert.match(lines(stand), /¥150\.00 left/, 'asked as soon as there was one');
    stand.key('enter');
    await stand.settle();
    assert.equal(of(stand, 'order').length, 1);
  });

  test('the key of vouchers outlives a restart without network', async () => {
    const stand = await opened();
    const again = await Stand.start({ settings: WITH_SCANNER, disk: stand.disk, online: false });
    scan(again, qr());
    assert.equal(again.screen?.title, 'Voucher checked');
    const fresh = await Stand.start({ settings: WITH_SCANNER, online: false });
    scan(fresh, qr());
    assert.match(lines(fresh), /can’t be checked yet/);
  });

  test('a house without a fund server says so', async () => {
    const stand = await Stand.start({ settings: WITH_SCANNER });
    const id = of(stand, 'voucher_look')[0]?.look.id ?? '';
    await stand.told({ kind: 'voucher_looked', looked: { id, key: null, voucher: null } });
    scan(stand, qr());
    assert.match(lines(stand), /has no vouchers/);
  });

  test('the long form is taken, too', async () => {
    const stand = await opened();
    scan(stand, `https://pay.test/v?t=${writeVoucher(SECRET, CLAIMS)}`);
    assert.equal(stand.screen?.title, 'Voucher: how much?');
  });

  test('what the fund server has against it stands on the screen, and ends it', async () => {
    for (const [told, says] of [
      [{ ...GOOD, superseded: true }, /passed on/],
      [{ ...GOOD, state: 'redeemed', left_minor: 0 }, /used up/i],
      [{ said: 'forged' }, /[Nn]ot genuine/],
    ] as const) {
      const idle = await opened();
      scan(idle, qr());
      await answer(idle, told);
      assert.match(lines(idle), says);
      assert.equal(idle.screen?.title, 'Key in the amount');
      const order = await idle.sell('12.50');
      await idle.receive(order);
      scan(idle, qr());
      await answer(idle, told);
      assert.match(lines(idle), /passed on|used up|not genuine/i);
      assert.equal(idle.screen?.tone, 'bad');
      idle.key('cancel');
      assert.ok(idle.screen?.qr, 'the offer is back');
    }
  });

  test('an amount that is more than is left is told before the code is keyed', async () => {
    const stand = await opened();
    const order = await stand.sell('160');
    await stand.receive(order);
    scan(stand, qr());
    assert.doesNotMatch(lines(stand), /too little/);
    await answer(stand, GOOD);
    assert.match(lines(stand), /too little left/);
  });

  test('Cancel and time take it away; another scan takes its place', async () => {
    const stand = await opened();
    scan(stand, qr());
    stand.key('cancel');
    assert.equal(stand.screen?.title, 'Key in the amount');
    scan(stand, qr());
    const earlier = of(stand, 'voucher_look').at(-1)?.look.id ?? '';
    await stand.clock.pass(1);
    const number = mintVoucherNumber(new Uint8Array(8).fill(3));
    scan(stand, qr({ number, amount_minor: 700 }));
    const late = { id: earlier, key: KEY, voucher: { ...GOOD, superseded: true } };
    await stand.told({ kind: 'voucher_looked', looked: late });
    assert.match(lines(stand), /over ¥7\.00/, 'an answer about the first is none about this');
    await stand.clock.pass(125_000);
    assert.equal(stand.screen?.title, 'Key in the amount');
  });

  test('an order that the disk refuses leaves the voucher where it was', async () => {
    const stand = await opened();
    scan(stand, qr());
    await answer(stand, GOOD);
    stand.disk.full = true;
    stand.key('5', 'enter');
    await stand.settle();
    assert.deepEqual(of(stand, 'voucher'), []);
    stand.disk.full = false;
    stand.key('5', 'enter');
    await stand.settle();
    assert.equal(stand.screen?.title, 'Voucher');
  });
});

describe('another scan', () => {
  const CASES: readonly (readonly [string, Scan, RegExp])[] = [
    ['a product', code('4006381333931'), /product’s barcode/],
    ['a link', code('https://example.com/menu'), /A link/],
    ['a payment code', code('00020101021229300012D156000000000510A93FO3230Q'), /payment code/],
    ['another layout', code('HTTPS>&&PAY.TEST&V&123'), /US English/],
    ['nonsense', code('hello'), /That is no voucher/],
    ['half a voucher', code(qr().slice(0, 120), false), /Only half/],
    ['half, before its address ends', code('HTTP://PAY.T', false), /Only half/],
    ['garbage', { is: 'unreadable', why: 'garbled' }, /garbled/],
    ['too much', { is: 'unreadable', why: 'too_long' }, /Too long/],
    ['a forged one', code(qr({}, new Uint8Array(32).fill(5))), /[Nn]ot genuine/],
    ['an expired one', code(qr({ expires_at: START })), /has expired/],
    ['another currency', code(qr({ currency: 'EUR' })), /another currency/],
  ];
  for (const [name, scanned, says] of CASES) {
    test(`${name} is named with the mend, and changes nothing`, async () => {
      const stand = await opened();
      stand.key('1', '2');
      const before = stand.sent.length;
      stand.scan(scanned);
      assert.match(lines(stand), says);
      assert.equal(stand.screen?.tone, 'bad');
      assert.equal(stand.screen?.big, '¥12');
      assert.equal(stand.sent.length, before);
      stand.key('0');
      assert.doesNotMatch(lines(stand), says, 'read');
      stand.key('enter');
      await stand.settle();
      assert.equal(of(stand, 'order')[0]?.order.amount_minor, 12_000);
      stand.scan(scanned);
      assert.match(lines(stand), says);
      assert.ok(stand.screen?.qr, 'the offer stands');
      await stand.clock.pass(16_000);
      assert.doesNotMatch(lines(stand), says);
    });
  }

  test('in the menu nothing is taken', async () => {
    const stand = await opened();
    stand.key('+');
    scan(stand, qr());
    assert.match(lines(stand), /Not now/);
    stand.key('cancel');
    assert.equal(stand.screen?.title, 'Key in the amount');
  });

  test('in Chinese each has its own words', async () => {
    const stall = { ...SETTINGS.stall, language: 'zh-CN' as const };
    const stand = await Stand.start({ settings: { ...WITH_SCANNER, stall } });
    await answer(stand, null);
    const said = CASES.map(([, scanned]) => {
      stand.scan(scanned);
      return stand.screen?.lines[0] ?? '';
    });
    assert.ok(said.every((each) => /\p{Script=Han}/u.test(each)));
    // Half a voucher is told alike wherever it was cut.
    assert.equal(new Set(said).size, CASES.length - 1);
  });
});
