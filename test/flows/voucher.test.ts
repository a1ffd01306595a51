/** A voucher keyed in at the terminal for the order that it offers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mintVoucherNumber } from '#device/codecs/voucher.ts';
import type { Key } from '#device/ports/keypad.ts';
import { Stand } from './stand.ts';

const NUMBER = mintVoucherNumber(new Uint8Array(8).fill(77));
const digits = (text: string): Key[] => [...text] as Key[];
const lines = (stand: Stand): string => (stand.screen?.lines ?? []).join('\n');
const told = (stand: Stand) => stand.sent.filter((each) => each.kind === 'voucher');

async function offering() {
  const stand = await Stand.start();
  const order = await stand.sell('12.50');
  await stand.receive(order);
  return { stand, order };
}

describe('a voucher at the terminal', () => {
  test('its number and code go to the gateway, whose result pays the order', async () => {
    const { stand, order } = await offering();
    stand.key('+', ...digits(NUMBER), ...digits('482913'));
    assert.equal(stand.screen?.title, 'Voucher');
    assert.match(lines(stand), /Code: ••••••/);
    assert.doesNotMatch(lines(stand), /482913/);
    stand.key('enter');
    const [first] = told(stand);
    assert.ok(first?.kind === 'voucher');
    assert.equal(first.voucher.number, NUMBER);
    assert.equal(first.voucher.code, '482913');
    assert.equal(stand.screen?.title, 'Redeeming…');
    stand.key('enter', 'cancel');
    assert.equal(told(stand).length, 1, 'asked once');
    await stand.result(order);
    assert.equal(stand.screen?.title, 'Paid');
  });

  test('a refusal leaves the order open, and another question has another name', async () => {
    const { stand, order } = await offering();
    stand.key('+', ...digits(NUMBER), ...digits('482913'), 'enter');
    const [first] = told(stand);
    assert.ok(first?.kind === 'voucher');
    const refused = { id: first.voucher.id, order: order.number, reason: 'too_small' } as const;
    await stand.told({ kind: 'voucher_refused', refused: { ...refused, id: 'ANOTHERQUESTION1' } });
    assert.equal(stand.screen?.title, 'Redeeming…');
    await stand.told({ kind: 'voucher_refused', refused });
    assert.match(lines(stand), /too little left/);
    stand.key('enter');
    const again = told(stand)[1];
    assert.ok(again?.kind === 'voucher' && again.voucher.id !== first.voucher.id);
    await stand.told({ kind: 'voucher_refused', refused: { ...refused, id: again.voucher.id } });
    stand.key('cancel');
    assert.ok(stand.screen?.qr, 'the offer is back');
  });

  test('misread digits and a lost network are told, and nothing is sent', async () => {
    const { stand } = await offering();
    const wrong = NUMBER.slice(0, 11) + ((Number(NUMBER[11]) + 1) % 10);
    stand.key('+', ...digits(wrong), ...digits('482913'), 'enter');
    assert.match(lines(stand), /look again/);
    stand.key('cancel', '+', ...digits('123'), 'enter');
    assert.match(lines(stand), /look again/);
    stand.key('cancel', '+', ...digits(NUMBER), ...digits('482913'));
    stand.link(false);
    stand.key('enter');
    assert.match(lines(stand), /No network/);
    assert.deepEqual(told(stand), []);
  });

  test('without an answer Enter asks the same question again', async () => {
    const { stand } = await offering();
    stand.key('+', ...digits(NUMBER), ...digits('482913'), 'enter');
    await stand.clock.pass(21_000);
    assert.match(lines(stand), /No answer/);
    stand.key('enter');
    const [first, second] = told(stand);
    assert.deepEqual(second, first);
  });
});
