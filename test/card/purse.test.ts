/** The purse: made, loaded, debited and read, on a card that answers as the data sheet says. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex } from '#device/codecs/bytes.ts';
import { credit } from '#device/codecs/desfire-commands.ts';
import { converse } from '#device/codecs/desfire-exchange.ts';
import {
  CARD_ID,
  type LogRecord,
  mintCardId,
  PURSE_KEYS,
  purseKey,
  readHolder,
  readLogRecord,
  terminalMark,
  transactionInputOf,
  writeHolder,
  writeLogRecord,
} from '#device/codecs/purse.ts';
import { makePurse } from '#device/codecs/purse-making.ts';
import {
  drive,
  exchangeAll,
  goesOn,
  oneByOne,
  type Rounds,
  type Transport,
} from '#device/codecs/purse-rounds.ts';
import {
  type Committed,
  commitDebit,
  creditPurse,
  inspectPurse,
  type OpenPurse,
  openPurse,
  prepareDebit,
  readHistory,
} from '#device/codecs/purse-talks.ts';
import { verifyTransaction } from '#device/codecs/transaction-mac.ts';
import { Card } from '#simulators/card/card.ts';
import { repeatable } from './bench.ts';

const UID = Uint8Array.of(0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66);
const master = (seed: number): Uint8Array => new Uint8Array(16).fill(seed);
const mine = (seed: number): Uint8Array => purseKey(master(seed), UID);
const KEYS = { master: mine(1), debit: mine(2), load: mine(3), read: mine(4) };
const TRANSACTION_KEY = mine(5);
const HOLDER = { card: mintCardId(repeatable(4)(10)), currency: 156, personalisedAtS: 1_800_000 };
const ORDER = '0123456789ABCDEF';
const chance = repeatable(77);
const opening = (key: keyof typeof KEYS) => ({ key: KEYS[key], rndA: chance(16) });

const line = (kind: LogRecord['kind'], amountMinor: number, balanceMinor: number): LogRecord => ({
  ...{ kind, amountMinor, balanceMinor, order: ORDER, atS: 1_900_000 },
  terminal: terminalMark('T1'),
});

const over =
  (card: Card): Transport =>
  async (apdus) => {
    const answers: Uint8Array[] = [];
    for (const apdu of apdus) {
      const answer = card.process(apdu).bytes;
      answers.push(answer);
      if (!goesOn(answer)) break;
    }
    return { answers };
  };

async function run<Result>(card: Card, talk: Rounds<Result>): Promise<[Result, number]> {
  const driven = await drive(talk, over(card));
  assert.ok(driven.ended === null);
  return [driven.result, driven.rounds];
}

const making = (mostMinor = 100_000) => ({
  ...{ holder: HOLDER, cardKey: purseKey(master(9), UID, 0), keys: KEYS, mostMinor },
  ...{ transactionKey: TRANSACTION_KEY, keyVersion: 1, chance },
});

const blank = (): Card => new Card({ uid: UID, chance: repeatable() });

async function loaded(amount = 10_000): Promise<Card> {
  const card = blank();
  assert.deepEqual((await run(card, makePurse(making())))[0], { ok: true });
  card.powerDown();
  const decide = () => line('load', amount, amount);
  const [done] = await run(card, creditPurse({ ...opening('load'), decide }));
  assert.ok(done.ok && 'record' in done);
  return card;
}

async function debit(card: Card, amount: number): Promise<{ open: OpenPurse; done: Committed }> {
  const transmit = (apdu: Uint8Array): Uint8Array => card.process(apdu).bytes;
  const open = await converse(oneByOne(prepareDebit(opening('debit'))), transmit);
  assert.ok(open.ok, JSON.stringify(open));
  const record = line('debit', amount, open.balanceMinor - amount);
  const done = await converse(oneByOne(commitDebit(open, record)), transmit);
  assert.ok(done.ok, JSON.stringify(done));
  return { open, done };
}

describe('what stands on a card', () => {
  test('holder and records are read as they were written, and nothing else is', () => {
    assert.deepEqual(readHolder(writeHolder(HOLDER)), HOLDER);
    for (const kind of ['debit', 'load', 'refund'] as const) {
      const said = line(kind, 2_147_483_647, 0);
      assert.deepEqual(readLogRecord(writeLogRecord(said)), said);
    }
    assert.equal(readHolder(new Uint8Array(24)), null);
    assert.equal(readLogRecord(new Uint8Array(32)), null);
    assert.equal(readLogRecord(writeLogRecord(line('load', 1, 1)).slice(1)), null);
    assert.throws(() => writeHolder({ ...HOLDER, card: 'HC12' }), RangeError);
    assert.throws(() => writeLogRecord(line('debit', 2 ** 32, 0)), RangeError);
    assert.match(HOLDER.card, CARD_ID);
  });

  test('each card, purpose and application has its own key', () => {
    const other = UID.map((byte) => byte ^ 1);
    const keys = [mine(1), mine(2), purseKey(master(1), other), purseKey(master(1), UID, 0)];
    assert.equal(new Set(keys.map(hex)).size, keys.length);
  });
});

describe('a purse', () => {
  test('pays: balance, log and proof, recomputed from the facts alone', async () => {
    const card = await loaded();
    let before = 10_000;
    for (const counter of [2, 3, 4]) {
      const { open, done } = await debit(card, 1250);
      assert.equal(open.balanceMinor, before);
      assert.deepEqual(open.holder, HOLDER);
      const facts = { holder: writeHolder(HOLDER), balanceBeforeMinor: before };
      const record = writeLogRecord(line('debit', 1250, before - 1250));
      const input = transactionInputOf({ ...facts, record });
      assert.equal(done.proof.counter, counter);
      assert.ok(verifyTransaction(TRANSACTION_KEY, { uid: UID, ...done.proof, input }));
      const lie = transactionInputOf({ ...facts, balanceBeforeMinor: before + 1, record });
      assert.ok(!verifyTransaction(TRANSACTION_KEY, { uid: UID, ...done.proof, input: lie }));
      before -= 1250;
    }
    const [told] = await run(card, readHistory(opening('read')));
    assert.ok(told.ok);
    assert.deepEqual(told.holder, HOLDER);
    const balances = told.records.map(({ kind, balanceMinor }) => `${kind} ${balanceMinor}`);
    assert.deepEqual(balances, ['debit 6250', 'debit 7500', 'debit 8750', 'load 10000']);
  });

  test('is loaded in three rounds where its last proof is known, else in four', async () => {
    const card = await loaded();
    const { done } = await debit(card, 1000);
    const decide = () => line('load', 500, 9500);
    const known = { ...done.proof, balanceMinor: 9000 };
    const [first, three] = await run(card, creditPurse({ ...opening('load'), known, decide }));
    assert.ok(first.ok && 'record' in first);
    assert.equal(three, 3);
    const facts = { holder: writeHolder(HOLDER), balanceBeforeMinor: 9000 };
    const input = transactionInputOf({ ...facts, record: writeLogRecord(first.record) });
    assert.ok(verifyTransaction(TRANSACTION_KEY, { uid: UID, ...first.proof, input }));
    const after = () => line('refund', 1, 9501);
    const [second, four] = await run(
      card,
      creditPurse({ ...opening('load'), known, decide: after }),
    );
    assert.ok(second.ok && 'record' in second);
    assert.equal(second.balanceBeforeMinor, 9500);
    assert.equal(four, 4);
    const again = transactionInputOf({
      ...{ holder: facts.holder, balanceBeforeMinor: 9500 },
      record: writeLogRecord(second.record),
    });
    assert.ok(verifyTransaction(TRANSACTION_KEY, { uid: UID, ...second.proof, input: again }));
  });

  test('is left alone where the load was done before', async () => {
    const card = await loaded();
    const [told, rounds] = await run(card, creditPurse({ ...opening('load'), decide: () => null }));
    assert.ok(told.ok && 'declined' in told);
    assert.deepEqual([told.balanceMinor, told.last.counter, rounds], [10_000, 1, 3]);
  });

  test('refuses what is more than it holds, or than it may hold', async () => {
    const card = await loaded();
    const transmit = (apdu: Uint8Array): Uint8Array => card.process(apdu).bytes;
    const open = await converse(oneByOne(prepareDebit(opening('debit'))), transmit);
    assert.ok(open.ok);
    const spent = await converse(oneByOne(commitDebit(open, line('debit', 10_001, 0))), transmit);
    assert.ok(!spent.ok && spent.refusal.why === 'status');
    assert.deepEqual([spent.at, spent.refusal.name], ['change', 'boundaryError']);
    const decide = () => line('load', 90_001, 0);
    const [full] = await run(card, creditPurse({ ...opening('load'), decide }));
    assert.ok(!full.ok && full.at === 'change');
    const [seen] = await run(card, inspectPurse(opening('load')));
    assert.ok(seen.ok && seen.balanceMinor === 10_000);
  });

  test('gives each key its own work and no other', async () => {
    const card = await loaded();
    const [debitor] = await run(card, openPurse({ keyNo: PURSE_KEYS.debit, ...opening('debit') }));
    assert.ok(debitor.ok);
    const [wrong] = await run(card, openPurse({ keyNo: PURSE_KEYS.load, ...opening('debit') }));
    assert.deepEqual([wrong.ok, !wrong.ok && wrong.at], [false, 'key']);
    for (const key of ['debit', 'read'] as const) {
      const talk = (): Rounds<unknown> => creditAs(key);
      const [told] = await run(card, talk());
      assert.deepEqual(told, 'authenticationError');
    }
  });

  test('is told from a foreign card and from a copy', async () => {
    const [foreign] = await run(blank(), prepareDebit(opening('debit')));
    assert.deepEqual([foreign.ok, !foreign.ok && foreign.at], [false, 'select']);
    const copy = new Card({ uid: UID, chance: repeatable(3) });
    const keys = { ...KEYS, debit: master(7) };
    await run(copy, makePurse({ ...making(), keys }));
    const [cloned] = await run(copy, prepareDebit(opening('debit')));
    assert.deepEqual([cloned.ok, !cloned.ok && cloned.at], [false, 'key']);
  });
});

function* creditAs(key: 'debit' | 'read'): Rounds<string> {
  const opened = yield* openPurse({ keyNo: PURSE_KEYS[key], ...opening(key) });
  assert.ok(opened.ok);
  const told = yield* exchangeAll(opened.session, [credit(1, 1, 'full')]);
  assert.ok(!told.ok && told.refusal.why === 'status');
  return told.refusal.name;
}

describe('making a purse', () => {
  test('broken off after any command, it is begun anew and comes out whole', async () => {
    const total = { sent: 0 };
    const whole = blank();
    await run(whole, counted(makePurse(making()), total));
    for (let stop = 1; stop <= total.sent; stop += 1) {
      const card = blank();
      let left = stop;
      const torn: Transport = async (apdus) => {
        const { answers } = await over(card)(apdus.slice(0, left));
        left -= apdus.length;
        return left > 0 ? { answers } : { answers, ended: 'card' };
      };
      await drive(makePurse(making()), torn);
      card.powerDown();
      const [made] = await run(card, makePurse(making()));
      assert.ok(made.ok, `after ${stop}: ${JSON.stringify(made)}`);
      card.powerDown();
      const [told] = await run(card, readHistory(opening('read')));
      assert.ok(told.ok && told.records.length === 0, `after ${stop}`);
    }
  });

  test('leaves a card of another house as it is', async () => {
    const card = blank();
    await run(card, makePurse(making()));
    const before = hex(card.eeprom.image());
    const stranger = { ...making(), cardKey: master(8) };
    const [told] = await run(card, makePurse(stranger));
    assert.deepEqual([told.ok, !told.ok && told.at], [false, 'key']);
    assert.equal(hex(card.eeprom.image()), before);
  });
});

function* counted<Result>(talk: Rounds<Result>, total: { sent: number }): Rounds<Result> {
  let step = talk.next();
  while (!step.done) {
    total.sent += step.value.length;
    step = talk.next(yield step.value);
  }
  return step.value;
}
