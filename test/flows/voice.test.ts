/** Row A2: a spoken amount is shown and said, and only Enter makes it an order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Heard } from '#device/ports/recogniser.ts';
import { Stand, settled } from './stand.ts';

const heard = (...texts: string[]): Heard => ({ is: 'heard', texts, fit: 0.9 });

/** Presses the key, waits for the microphone, and says it: both decoders hear the same. */
async function speak(stand: Stand, text: string): Promise<void> {
  stand.key('*');
  const { listening } = stand;
  assert.ok(listening, 'it listens');
  listening.started();
  listening.heard(heard(text, text));
  await settled();
}

test('the amount is shown and asked for, and Enter makes the order', async () => {
  const stand = await Stand.start();
  assert.match(stand.screen?.hint ?? '', /\*: say it/);
  stand.key('*');
  assert.equal(stand.screen?.title, 'One moment…');
  stand.listening?.started();
  assert.equal(stand.screen?.title, 'Listening…');
  assert.equal(stand.lamp, 'busy');
  assert.deepEqual(stand.beeps, ['key'], 'it beeps when it listens, not before');
  stand.listening?.heard(heard('twelve fifty', 'twelve fifty'));
  await settled();
  assert.equal(stand.screen?.title, 'Is this right?');
  assert.equal(stand.screen?.big, '¥12.50');
  assert.match(stand.spoken.at(-1) ?? '', /^is it twelve yuan fifty .*press enter$/);
  assert.deepEqual(stand.orders(), [], 'nothing is an order before Enter');
  stand.key('enter');
  await settled();
  assert.equal(stand.orders()[0]?.amount_minor, 1250);
});

test('goods for an amount are lines of the order', async () => {
  const stand = await Stand.start();
  await speak(stand, 'thirty five yuan five for two dumplings');
  assert.match(stand.screen?.lines.join() ?? '', /2 × Dumplings @ 17\.75 {2}35\.50/);
  stand.key('enter');
  await settled();
  const [order] = stand.orders();
  assert.deepEqual(order?.lines, [{ name: 'Dumplings', code: '2', quantity: 2, unit_minor: 1775 }]);
});

test('what can’t be shared out evenly keeps its amount', async () => {
  const stand = await Stand.start();
  await speak(stand, 'three dumplings for ten');
  stand.key('enter');
  await settled();
  const [order] = stand.orders();
  assert.deepEqual(order?.lines, [{ name: 'Dumplings × 3', quantity: 1, unit_minor: 1000 }]);
});

test('a figure begins another amount, back takes one away, cancel all', async () => {
  const stand = await Stand.start();
  await speak(stand, 'twelve fifty');
  stand.key('8', '.', '5', 'enter');
  await settled();
  assert.equal(stand.orders()[0]?.amount_minor, 850);

  const next = await Stand.start();
  await speak(next, 'twelve fifty');
  next.key('back', 'back', 'enter');
  await settled();
  assert.equal(next.orders()[0]?.amount_minor, 1200);

  const third = await Stand.start();
  await speak(third, 'twelve fifty');
  third.key('cancel');
  assert.equal(third.screen?.big, '¥0.00');
  third.key('enter');
  await settled();
  assert.deepEqual(third.orders(), []);
});

test('speech and keys make one order together', async () => {
  const stand = await Stand.start();
  stand.key('3', '+');
  assert.equal(stand.listening, null, 'a line has ended, the next is not asked for yet');
  await speak(stand, 'two dumplings');
  assert.equal(stand.screen?.big, '¥15.00');
  stand.key('+', '1', 'enter');
  await settled();
  assert.equal(stand.orders()[0]?.amount_minor, 1600);
});

test('a figure after a spoken line replaces that line alone', async () => {
  const stand = await Stand.start();
  stand.key('3', '+');
  await speak(stand, 'two dumplings');
  stand.key('4', 'enter');
  await settled();
  assert.equal(stand.orders()[0]?.amount_minor, 700);
});

async function guess(): Promise<Stand> {
  const stand = await Stand.start();
  stand.key('*');
  stand.listening?.started();
  stand.listening?.heard(heard('twelve fifty', 'twelve fifty', 'twelve fifteen'));
  await settled();
  return stand;
}

test('what most decoders heard is offered as a guess, with a beep, and Enter takes it', async () => {
  const stand = await guess();
  assert.equal(stand.screen?.title, 'Perhaps this?');
  assert.equal(stand.screen?.big, '¥12.50');
  assert.equal(stand.screen?.tone, 'bad');
  assert.match(stand.screen?.lines.join() ?? '', /look before Enter/);
  assert.equal(stand.beeps.at(-1), 'bad');
  assert.match(stand.spoken.at(-1) ?? '', /^is it twelve yuan fifty/);
  assert.deepEqual(stand.orders(), []);
  stand.key('enter');
  await settled();
  assert.equal(stand.orders()[0]?.amount_minor, 1250);
});

test('after a guess * listens again in its place, and a figure begins another amount', async () => {
  const stand = await guess();
  await speak(stand, 'eight fifty');
  assert.equal(stand.screen?.title, 'Is this right?');
  assert.equal(stand.screen?.big, '¥8.50');
  stand.key('cancel');
  const other = await guess();
  other.key('7', 'enter');
  await settled();
  assert.equal(other.orders()[0]?.amount_minor, 700);
});

const DECLINED: readonly [why: string, heard: Heard, shown: RegExp][] = [
  ['decoders that disagree', heard('twelve fifty', 'twelve fifteen'), /Not heard clearly/],
  ['talk', { is: 'heard', texts: ['ten', 'ten', 'twelve'], fit: 0.6 }, /Not heard clearly/],
  ['a poor fit', { is: 'heard', texts: ['twelve fifty', 'twelve fifty'], fit: 0.1 }, /Not heard/],
  ['two readings', heard('twelve five', 'twelve five'), /two amounts/],
  ['another currency', heard('five dollars', 'five dollars'), /another currency/],
  ['too much', heard('nine hundred thousand dumplings', 'nine hundred thousand dumplings'), /much/],
  ['no sense', heard('for for', 'for for'), /not understood/],
  ['noise', { is: 'nothing' }, /not understood/],
  ['silence', { is: 'silence' }, /after the beep/],
  ['a failure', { is: 'failed' }, /Key the amount in/],
];

for (const [why, said, shown] of DECLINED) {
  test(`${why}: it says so, and the keys go on`, async () => {
    const stand = await Stand.start();
    stand.key('*');
    stand.listening?.started();
    stand.listening?.heard(said);
    await settled();
    assert.match(stand.screen?.lines.join() ?? '', shown);
    assert.equal(stand.screen?.tone, 'bad');
    assert.equal(stand.beeps.at(-1), 'bad');
    stand.key('4', 'enter');
    await settled();
    assert.equal(stand.orders()[0]?.amount_minor, 400);
  });
}

test('a key ends the listening; what is heard too late changes nothing', async () => {
  const stand = await Stand.start();
  stand.key('*');
  const late = stand.listening;
  stand.key('5');
  assert.equal(stand.listening, null);
  late?.heard(heard('ninety', 'ninety'));
  assert.equal(stand.screen?.big, '¥5');
  stand.key('enter');
  await settled();
  assert.equal(stand.orders()[0]?.amount_minor, 500);
});

test('a recogniser that never answers is given up', async () => {
  const stand = await Stand.start();
  stand.key('*');
  stand.listening?.started();
  await stand.clock.pass(35_000);
  assert.equal(stand.listening, null);
  assert.match(stand.screen?.lines.join() ?? '', /Voice entry failed/);
});

test('without a microphone it says so, and * is as ever where there never was one', async () => {
  const stand = await Stand.start();
  stand.organ('microphone', false);
  assert.doesNotMatch(stand.screen?.hint ?? '', /say it/);
  stand.key('*');
  assert.equal(stand.listening, null);
  assert.match(stand.screen?.lines.join() ?? '', /does not work just now/);
});

test('a result that comes while it listens is said afterwards', async () => {
  const stand = await Stand.start();
  const order = await stand.sell('7');
  await stand.receive(order);
  stand.key('cancel');
  await settled();
  stand.key('*');
  assert.ok(stand.listening);
  stand.listening?.started();
  const before = stand.spoken.length;
  await stand.result(order);
  assert.equal(stand.spoken.length, before, 'it would be heard as the vendor');
  stand.listening?.heard({ is: 'silence' });
  await settled();
  assert.match(stand.spoken.slice(before).join(), /received seven yuan/);
});
