/** A card at a terminal driven from the gateway, with a network between that takes its time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromHex, hex } from '#device/codecs/bytes.ts';
import { type LogRecord, mintCardId, purseKey, terminalMark } from '#device/codecs/purse.ts';
import { makePurse } from '#device/codecs/purse-making.ts';
import { drive } from '#device/codecs/purse-rounds.ts';
import { creditPurse, inspectPurse, openingOf } from '#device/codecs/purse-talks.ts';
import { NO_RELAY, type RelayEvent, type RelayState, stepRelay } from '#device/flows/relay.ts';
import type { Downlink, Uplink } from '#device/messages/order.ts';
import { uplinkSchema } from '#device/messages/order.ts';
import type { CardPresence } from '#device/ports/reader.ts';
import { runGroup } from '#device/relay-group.ts';
import { RelayDesk } from '#gateway/relay/desk.ts';
import type { RelayedCard, RelayOutcome } from '#gateway/relay/relayed-card.ts';
import { Card } from '#simulators/card/card.ts';
import { Field, type Tear } from '#simulators/card/field.ts';
import { REAL_TIMING } from '#simulators/card/work.ts';
import { repeatable } from '#test/card/bench.ts';
import { HandClock, settled } from '#test/flows/stand.ts';

const UID: Uint8Array = fromHex('04112233445566');
const OTHER = fromHex('04aabbccddeeff');
const chance = repeatable(5);
const key = (seed: number, uid: Uint8Array = UID) => purseKey(new Uint8Array(16).fill(seed), uid);
const keys = (uid: Uint8Array = UID) => ({
  ...{ master: key(1, uid), debit: key(2, uid), load: key(3, uid), read: key(4, uid) },
});

function purse(uid: Uint8Array = UID): Card {
  const card = new Card({ uid, chance: repeatable(uid[1] ?? 1) });
  const holder = { card: mintCardId(chance(10)), currency: 156, personalisedAtS: 1_800_000 };
  const talk = makePurse({
    ...{ holder, cardKey: key(9, uid), keys: keys(uid), mostMinor: 100_000 },
    ...{ transactionKey: key(5, uid), keyVersion: 1, chance },
  });
  let step = talk.next();
  while (!step.done) step = talk.next(step.value.map((apdu) => card.process(apdu).bytes));
  assert.ok(step.value.ok);
  card.powerDown();
  return card;
}

type Told = Extract<Downlink, { kind: 'relay' | 'relay_end' | 'relay_invite' | 'relay_withdraw' }>;

/** A terminal's relay, a gateway's desk, and a network between that takes `delayMs` each way. */
class Bench {
  readonly clock = new HandClock();
  readonly logged: string[] = [];
  readonly told: Told[] = [];
  readonly field = new Field({ lifted: () => this.#left() }, this.clock);
  readonly desk: RelayDesk;
  readonly delayMs: number;
  state: RelayState = NO_RELAY;
  #presence: CardPresence | null = null;
  #arrivals = 0;
  #names = 0;
  #arrived: (terminal: string) => void = () => undefined;
  cut = false;
  /** What the terminal says is lost. */
  mute = false;

  constructor(delayMs = 0) {
    this.delayMs = delayMs;
    const downlinks = {
      tell: (_terminal: string, news: { kind: string }): boolean => {
        if (this.cut) return false;
        this.clock.after(this.delayMs, () => this.#hear(news as Told));
        return true;
      },
      onArrival: (listener: (terminal: string) => void) => {
        this.#arrived = listener;
        return () => undefined;
      },
    };
    const log = (entry: { says: string }): void => void this.logged.push(entry.says);
    this.desk = new RelayDesk({ clock: this.clock, chance: { bytes: chance }, log, downlinks });
  }

  reconnect(): void {
    this.step({ is: 'offline' });
    this.#arrived('t-0001');
  }

  put(card: Card, tear?: Tear): void {
    this.field.put([card]);
    if (tear !== undefined) this.field.tear(tear);
    this.#arrivals += 1;
    const historical = new Uint8Array(0);
    this.#presence = { number: this.#arrivals, uid: card.uid, historical };
    this.step({ is: 'card', reader: 'reader', card: this.#presence, relay: this.#name() });
  }

  ask(): void {
    if (this.#presence === null) throw new Error('no card');
    this.step({
      is: 'ask',
      reader: 'reader',
      card: this.#presence,
      relay: this.#name(),
      purpose: 'load',
    });
  }

  step(event: RelayEvent): void {
    const { state, effects } = stepRelay(this.state, event, this.clock.monotonic());
    this.state = state;
    for (const effect of effects) {
      if (effect.do === 'publish') this.#publish(effect.uplink);
      else void this.#run(effect);
    }
  }

  async until(done: () => boolean, limitMs = 60_000): Promise<void> {
    for (let passed = 0; !done(); passed += 5) {
      assert.ok(passed < limitMs, 'nothing came of it');
      await this.clock.pass(5);
      await settled();
    }
  }

  async #run(effect: {
    card: CardPresence;
    apdus: readonly string[];
    timeoutMs: number;
    relay: string;
    step: number;
  }) {
    const { card, relay, step } = effect;
    const ran = await runGroup(effect.apdus, effect.timeoutMs, this.clock, async (apdu) => {
      const there = this.#presence === card ? this.field.card : null;
      const response = there === null ? null : await this.field.exchange(there, apdu);
      return response === null ? { ok: false, gone: 'card' } : { ok: true, response };
    });
    this.step({ is: 'ran', relay, step, ran });
  }

  #publish(uplink: Uplink): void {
    const read = uplinkSchema.parse(uplink);
    if (this.mute) return;
    this.clock.after(this.delayMs, () => {
      if (read.kind === 'relay_wanted') this.desk.wanted('t-0001', read.wanted);
      if (read.kind === 'relay_answer') this.desk.answer('t-0001', read.answer);
    });
  }

  #hear(news: Told): void {
    this.told.push(news);
    const saidAt = this.clock.monotonic();
    switch (news.kind) {
      case 'relay_invite':
        this.step({ is: 'invite', invite: news.invite, saidAt });
        break;
      case 'relay_withdraw':
        this.step({ is: 'withdraw', invite: news.withdraw.invite });
        break;
      case 'relay':
        this.step({ is: 'group', group: news.group, taken: false });
        break;
      case 'relay_end':
        this.step({ is: 'end', end: news.end });
        break;
    }
  }

  #left(): void {
    const card = this.#presence;
    this.#presence = null;
    if (card !== null) this.step({ is: 'left', reader: 'reader', card: card.number });
  }

  #name(): string {
    this.#names += 1;
    return `RELAY${String(this.#names).padStart(11, '0')}`;
  }
}

const record = (amountMinor: number, balanceMinor: number): LogRecord => ({
  ...{ kind: 'load', amountMinor, balanceMinor, order: '0123456789ABCDEF' },
  ...{ terminal: terminalMark('t-0001'), atS: 1_900_000 },
});

const known = { counter: 0, mac: new Uint8Array(8), balanceMinor: 0 };

async function load({ uid, transport }: RelayedCard): Promise<RelayOutcome> {
  const { load: loadKey } = keys(uid);
  const decide = () => record(2000, 2000);
  const talk = creditPurse({ key: loadKey, rndA: chance(16), known, decide });
  const driven = await drive(talk, transport);
  if (driven.ended !== null) return { said: 'again' };
  if (!driven.result.ok || !('record' in driven.result)) return { said: 'failed' };
  return { said: 'done', balance_minor: driven.result.record.balanceMinor };
}

const invitation = (work = load, lifetimeMs = 60_000) => ({
  ...({ terminal: 't-0001', purpose: 'load', amount_minor: 2000, currency: 'CNY' } as const),
  ...{ lifetimeMs, opening: openingOf('load'), work, over: () => undefined },
});

async function balanceOf(card: Card): Promise<number> {
  card.powerDown();
  const driven = await drive(
    inspectPurse({ key: keys(card.uid).load, rndA: chance(16) }),
    async (apdus) => ({ answers: apdus.map((apdu) => card.process(apdu).bytes) }),
  );
  assert.ok(driven.ended === null && driven.result.ok);
  return driven.result.balanceMinor;
}

describe('a card driven through a terminal', () => {
  test('a load takes three round trips, and under 1.5 s at 200 ms each way', async () => {
    const bench = new Bench(200);
    const card = purse();
    card.timing = REAL_TIMING;
    bench.desk.invite(invitation());
    await bench.until(() => bench.state.invite !== null);
    const began = bench.clock.monotonic();
    bench.put(card);
    await bench.until(() => bench.state.end !== null);
    const took = bench.clock.monotonic() - began;
    assert.equal(bench.state.end?.end.said, 'done');
    assert.equal(bench.state.end?.end.balance_minor, 2000);
    assert.equal(bench.told.filter(({ kind }) => kind === 'relay').length, 2);
    assert.ok(took < 1500, `${took} ms`);
    assert.equal(await balanceOf(card), 2000);
    assert.equal(bench.state.invite, null);
  });

  test('torn at each command it says so, and the invitation stands for the next tap', async () => {
    for (let apdu = 1; apdu <= 8; apdu += 1) {
      for (const when of ['before', 'after'] as const) {
        const bench = new Bench();
        const card = purse();
        bench.desk.invite(invitation());
        await bench.until(() => bench.state.invite !== null);
        bench.put(card, { apdu, when });
        await bench.until(() => bench.state.run === null);
        const { said } = bench.state.end?.end ?? { said: 'nothing' };
        const opening = apdu <= 3;
        assert.equal(said, opening ? 'nothing' : 'again', `apdu ${apdu} ${when}`);
        assert.notEqual(bench.state.invite, null);
        const done = apdu === 8 && when === 'after';
        assert.equal(await balanceOf(card), done ? 2000 : 0, `apdu ${apdu} ${when}`);
      }
    }
  });

  test('another card, a card that left and a strange relay get nothing', async () => {
    const bench = new Bench();
    bench.desk.serve(async ({ transport }) => {
      const { ended = 'none' } = await transport([fromHex('905a0000034148f500')]);
      return { said: ended === 'no_card' ? 'again' : 'failed' };
    });
    bench.put(purse());
    bench.ask();
    bench.field.lift();
    bench.put(purse(OTHER));
    await bench.until(() => bench.state.run === null);
    assert.equal(bench.state.end?.end.said, 'again');
    const group = {
      ...{ relay: 'SOMEBODYELSES000', step: 1, uid: hex(OTHER), apdus: ['9060000000'] },
      ...({ timeout_ms: 1000, purpose: 'load' } as const),
    };
    const { state, effects } = stepRelay(bench.state, { is: 'group', group, taken: false }, 0);
    assert.equal(state.run, null);
    assert.equal(effects[0]?.do, 'publish');
  });

  test('while a payment is under way nothing is sent to the card', async () => {
    const bench = new Bench();
    bench.put(purse());
    bench.ask();
    const relay = bench.state.run?.relay ?? '';
    const group = {
      ...{ relay, step: 1, uid: hex(UID), apdus: ['9060000000'], timeout_ms: 1000 },
      ...({ purpose: 'load' } as const),
    };
    const { effects } = stepRelay(bench.state, { is: 'group', group, taken: true }, 0);
    const [effect] = effects;
    assert.ok(effect?.do === 'publish' && effect.uplink.kind === 'relay_answer');
    assert.equal(effect.uplink.answer.ended, 'busy');
  });

  test('a message that comes twice is worked on once; a silent network ends it', async () => {
    const bench = new Bench();
    bench.mute = true;
    let runs = 0;
    bench.desk.serve(async ({ transport }) => {
      runs += 1;
      const { ended = 'none' } = await transport([Uint8Array.of(0x90, 0x60, 0, 0, 0)]);
      return { said: ended === 'network' ? 'again' : 'done' };
    });
    const wanted = { relay: 'TWICETWICETWICE0', uid: hex(UID), purpose: 'load' } as const;
    bench.desk.wanted('t-0001', wanted);
    bench.desk.wanted('t-0001', wanted);
    await bench.until(() => bench.told.some(({ kind }) => kind === 'relay_end'));
    bench.desk.wanted('t-0001', wanted);
    await settled();
    assert.equal(runs, 1);
    const end = bench.told.find(({ kind }) => kind === 'relay_end');
    assert.ok(end?.kind === 'relay_end' && end.end.said === 'again');
  });

  test('invitations end by time, by another and by withdrawal, and are told again', async () => {
    const bench = new Bench();
    const over: string[] = [];
    const each = (lifetimeMs: number) =>
      bench.desk.invite({ ...invitation(load, lifetimeMs), over: (why) => void over.push(why) });
    each(60_000);
    each(2000);
    assert.deepEqual(over, ['replaced']);
    await bench.until(() => over.length === 2);
    assert.deepEqual(over, ['replaced', 'expired']);
    const last = each(60_000);
    bench.reconnect();
    assert.equal(bench.state.invite, null);
    await bench.until(() => bench.state.invite !== null);
    last.withdraw();
    await bench.until(() => bench.state.invite === null);
    bench.cut = true;
    assert.equal(each(60_000).heard, false);
  });

  test('work that throws is logged, and the screen says that it failed', async () => {
    const bench = new Bench();
    bench.desk.serve(() => Promise.reject(new Error('no such card')));
    bench.put(purse());
    bench.ask();
    await bench.until(() => bench.state.end !== null);
    assert.equal(bench.state.end?.end.said, 'failed');
    assert.match(bench.logged[0] ?? '', /no such card/);
  });
});
