/** Several agents at the desk: one call each, breaks, connections that drop, what the assistant left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Handover } from '#device/ports/call-handler.ts';
import { TalkLog } from '#firmware/telephone/talk-log.ts';
import { until } from '#test/until.ts';
import { DeskStand, type MadeCall, type SeatedAgent } from './desk-stand.ts';

async function open(t: { after(work: () => Promise<void>): void }): Promise<DeskStand> {
  const stand = await new DeskStand().open();
  t.after(() => stand.close());
  return stand;
}

function comes(stand: DeskStand, id: string, handover: Handover | null = null): MadeCall {
  const call = stand.ring(id, handover);
  assert.ok(call, `${id} finds a free agent`);
  return call;
}

async function takes(agent: SeatedAgent, id: string): Promise<void> {
  await until(`${id} rings`, () => agent.calls.ringing.some((each) => each.id === id));
  agent.send({ do: 'answer', id });
  await until(`${id} is on`, () => agent.calls.call?.id === id);
}

const PLACE = {
  ...{ do: 'place', lines: [{ code: '1', quantity: 2 }], phone: '+8613800000001' },
  ...{ email: null, language: 'en' },
};

test('two agents talk with one caller each; who is slower is told; a third caller finds nobody', async (t) => {
  const stand = await open(t);
  const [mei, tom] = [await stand.agent('mei'), await stand.agent('tom')];
  const [first, second] = [comes(stand, 'a'), comes(stand, 'b')];
  assert.equal(stand.ring('c'), null);
  await until('both ring at both', () =>
    [mei, tom].every((agent) => agent.calls.ringing.length === 2),
  );
  await takes(mei, 'a');
  tom.send({ do: 'answer', id: 'a' });
  await until('the slower one is told', () =>
    tom.words.some(({ is, code }) => is === 'trouble' && code === 'gone'),
  );
  mei.send({ do: 'answer', id: 'b' });
  await until('one call is enough', () => mei.words.some(({ code }) => code === 'gone'));
  await takes(tom, 'b');
  first.speak(100);
  second.speak(200);
  mei.speak(11);
  tom.speak(22);
  await until(
    'each is heard',
    () => first.said.at(-1)?.[0] === 11 && second.said.at(-1)?.[0] === 22,
  );
  await until('each hears', () => mei.heard.at(-1)?.[0] === 100 && tom.heard.at(-1)?.[0] === 200);
  mei.send({ do: 'hang_up' });
  await until('it is over', () => first.went.length === 1);
  const third = comes(stand, 'c');
  await takes(mei, 'c');
  assert.deepEqual([first.went, second.went, third.went], [['hung up'], [], []]);
});

test('a break keeps new calls away and the one that is on', async (t) => {
  const stand = await open(t);
  const mei = await stand.agent('mei');
  comes(stand, 'a');
  await takes(mei, 'a');
  mei.send({ do: 'ready', ready: false });
  await until('the break', () => !mei.calls.ready);
  assert.equal(mei.calls.call?.id, 'a');
  mei.send({ do: 'hang_up' });
  await until('the end', () => mei.calls.call === null);
  assert.equal(stand.handler.places(), 0);
  assert.equal(stand.ring('b'), null);
  mei.send({ do: 'ready', ready: true });
  await until('back', () => stand.handler.places() === 1);
  comes(stand, 'b');
  await takes(mei, 'b');
});

test('a connection that drops: the call goes on, is shown once, an order is placed and told once', async (t) => {
  const stand = await open(t);
  const mei = await stand.agent('mei');
  const call = comes(stand, 'a');
  await takes(mei, 'a');
  const answer = Promise.withResolvers<void>();
  stand.centre.hold = answer.promise;
  const place = { ...PLACE, key: crypto.randomUUID() };
  mei.send(place);
  await until('the order centre is asked', () => stand.centre.asked.length === 1);
  mei.drop();
  call.speak(5);
  answer.resolve();
  await until('the order is there', () => stand.events.some(({ event }) => event === 'order'));
  mei.words.length = 0;
  await mei.connect();
  await until('the call is still on', () => mei.calls.call?.id === 'a');
  mei.send(place);
  await until('its answer', () => mei.words.some(({ is }) => is === 'placed'));
  assert.deepEqual([...new Set(stand.centre.asked)], [place.key], 'under one key');
  assert.equal(stand.centre.placed.size, 1);
  const orders = mei.words.filter(({ is }) => is === 'order');
  assert.equal(orders.length, 1, 'told once to the page that is new');
  call.speak(6);
  await until('it hears', () => mei.heard.at(-1)?.[0] === 6);
  assert.deepEqual([call.went, mei.calls.ringing], [[], []]);
});

test('who stays away: the caller rings at another agent, once', async (t) => {
  const stand = await open(t);
  const [mei, tom] = [await stand.agent('mei'), await stand.agent('tom')];
  const call = comes(stand, 'a');
  await takes(mei, 'a');
  mei.drop();
  await until('the desk notices', async () => {
    stand.giveUp();
    return call.went.length === 1;
  });
  assert.deepEqual(call.went, ['agent']);
  comes(stand, 'a');
  await takes(tom, 'a');
  await mei.connect();
  await until('she is back, and free', () => stand.handler.places() === 1);
  assert.equal(mei.calls.call, null);
  assert.deepEqual(mei.calls.ringing, []);
});

test('what the assistant left is shown with the call, but no sentence that held a card number', async (t) => {
  const log = new TalkLog();
  log.add('assistant', 'What would you like?', 0);
  log.add('caller', 'two pork dumplings', 1000);
  log.add('caller', 'four one one one', 30_000);
  log.hide(10_000);
  log.add('assistant', 'Please do not tell me card numbers.', 31_000);
  const handover: Handover = {
    ...{ said: log.lines, basket: [{ code: '1', quantity: 2 }], phone: null, email: null },
  };
  const stand = await open(t);
  const mei = await stand.agent('mei');
  comes(stand, 'a', handover);
  await takes(mei, 'a');
  assert.deepEqual(mei.calls.call?.handover, handover);
  assert.deepEqual(
    handover.said.map(({ text }) => text),
    ['What would you like?', 'two pork dumplings', 'Please do not tell me card numbers.'],
  );
  for (let count = 0; count < 40; count += 1) log.add('caller', String(count), 40_000 + count);
  assert.equal(log.lines.length, 12);
  assert.equal(log.lines.at(-1)?.text, '39');
});

test('a desk that was started anew knows nobody, and says so', async (t) => {
  const stand = await open(t);
  const mei = await stand.agent('mei');
  const port = Number(new URL(stand.url).port);
  await stand.closeDesk();
  const again = await new DeskStand().open(port, new URL('http://127.0.0.1:9'));
  t.after(() => again.closeDesk());
  await assert.rejects(mei.connect(), /403/);
  assert.equal((await fetch(`${again.url}recordings`)).status, 401);
});
