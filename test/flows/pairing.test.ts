/** Row E at the terminal's end: its number, the phone that is paired, and how far it is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stallSchema } from '#device/messages/enrolment.ts';
import { STALL, Stand } from './stand.ts';

const NUMBER = '104233';
const PAIRED = { pairing: 'pair-1', payer: '•••• 0001' };
const lines = (stand: Stand): string => (stand.screen?.lines ?? []).join('\n');

describe('a terminal and a phone', () => {
  test('an identity of before numbers still loads, and the number comes with the connection', async () => {
    assert.equal(stallSchema.parse(STALL).number, undefined);
    const stand = await Stand.start();
    assert.doesNotMatch(lines(stand), /Terminal/);
    await stand.pairing({ number: NUMBER });
    assert.match(lines(stand), /Terminal 104 233/);
    assert.match(lines(stand), /pay\.test\/pair/);
    stand.key('1');
    assert.doesNotMatch(lines(stand), /Terminal/);
  });

  test('shows the paired phone until it is sent away by Cancel, or the connection is lost', async () => {
    const stand = await Stand.start();
    await stand.pairing({ number: NUMBER, paired: PAIRED });
    assert.match(lines(stand), /Phone •••• 0001 is connected/);
    assert.match(stand.screen?.hint ?? '', /disconnect/);
    stand.key('1', 'cancel');
    assert.equal(stand.sent.length, 0, 'Cancel first clears what was keyed');
    stand.key('cancel');
    assert.deepEqual(stand.sent.at(-1), { kind: 'unpair', unpair: { pairing: 'pair-1' } });
    await stand.pairing({ number: NUMBER });
    assert.doesNotMatch(lines(stand), /connected/);
    stand.key('cancel');
    assert.equal(stand.sent.length, 1, 'nobody to send away');
    await stand.pairing({ number: NUMBER, paired: PAIRED });
    stand.link(false);
    assert.doesNotMatch(lines(stand), /connected|104 233/);
  });

  test('asked, paying, failed, again, paid: the order stays open until its result', async () => {
    const stand = await Stand.start();
    await stand.pairing({ number: NUMBER, paired: PAIRED });
    const order = await stand.sell('12.50');
    await stand.receive(order);
    const attempt = { order: order.number, payer: PAIRED.payer };
    await stand.attempt({ ...attempt, attempt: 0, state: 'asked' });
    assert.equal(stand.screen?.title, 'The phone is asked');
    assert.ok(stand.screen?.qr, 'another customer may scan it all the same');
    await stand.attempt({ ...attempt, attempt: 1, state: 'paying' });
    assert.equal(stand.screen?.title, 'Paying…');
    assert.equal(stand.screen?.tone, 'busy');
    const failed = {
      ...attempt,
      attempt: 1,
      state: 'failed',
      reason: 'insufficient_funds',
    } as const;
    const beeps = stand.beeps.filter((each) => each === 'bad').length;
    await stand.attempt(failed);
    await stand.attempt(failed);
    assert.equal(stand.screen?.title, 'Payment failed');
    assert.equal(stand.screen?.tone, 'bad');
    assert.match(lines(stand), /not enough money/);
    assert.equal(stand.beeps.filter((each) => each === 'bad').length, beeps + 1, 'heard once');
    assert.deepEqual(stand.spoken, [], 'nothing final has happened');
    await stand.attempt({ ...attempt, attempt: 2, state: 'paying' });
    assert.equal(stand.screen?.title, 'Paying…');
    await stand.result(order, { payment: 'PAY-1', payer: PAIRED.payer });
    assert.equal(stand.screen?.title, 'Paid');
    assert.deepEqual(stand.spoken, ['received twelve yuan fifty']);
    await stand.attempt(failed);
    assert.equal(stand.screen?.title, 'Paid', 'a late one changes nothing');
  });

  test('can be cancelled while the phone is paying', async () => {
    const stand = await Stand.start();
    const order = await stand.sell('5');
    await stand.receive(order);
    await stand.attempt({ order: order.number, attempt: 1, state: 'paying', payer: '•••• 0001' });
    stand.key('cancel');
    await stand.pairing({ number: NUMBER });
    assert.equal(stand.sent.at(-1)?.kind, 'close');
    assert.equal(stand.screen?.title, 'Cancelling…');
  });
});
