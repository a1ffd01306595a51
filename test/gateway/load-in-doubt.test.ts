/** A load whose answer was lost: what the card did since decides it, once, and only what is proved. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LOG_RECORDS } from '#device/codecs/purse.ts';
import type { CardPayment } from '#device/messages/card.ts';
import type { Card } from '#simulators/card/card.ts';
import { balanceOf, House, type Terminal } from './settlement-stand.ts';

/** The command that commits a load. */
const COMMIT = 8;

describe('a load in doubt', () => {
  let house: House;
  let stall: Terminal;
  let silent: Terminal;
  before(async () => {
    house = await House.open();
    stall = await house.terminal();
    silent = await house.terminal('CODE-0002');
  });
  after(() => {
    const { cards, missing, in_doubt } = house.settlement.reconcile();
    assert.deepEqual([cards, missing, in_doubt], [[], [], []]);
    house.close();
  });

  const torn = async (done: boolean) => {
    const made = await house.card(2000);
    const job = await house.load(made.id, 500);
    const outcome = await house.hold(made.card, 'load', { apdu: COMMIT, done });
    assert.equal(outcome.said, 'again');
    assert.equal(state(job), 'unknown');
    return { ...made, job };
  };
  const state = (job: string) => house.core.tables.settlement.job(job)?.state;
  const pay = async (terminal: Terminal, card: Card, amount: number): Promise<CardPayment> => {
    const tapped = await terminal.tap(card, amount);
    assert.ok(tapped.did === 'paid');
    return tapped.payment;
  };
  /** So many payments that the card's log has lost what was before them. */
  const bury = async (card: Card): Promise<CardPayment[]> => {
    const told: CardPayment[] = [];
    for (let at = 0; at <= LOG_RECORDS; at += 1) told.push(await pay(silent, card, 10));
    return told;
  };

  test('that was not put on: the payment that has its counter tells, also where the log has lost it', async () => {
    const { id, card, job } = await torn(false);
    const payments = await bury(card);
    await house.hold(card, 'inspect');
    assert.equal(state(job), 'unknown', 'neither log nor counter tell yet');
    // Told in any order: only the one with its counter decides.
    for (const payment of payments.slice(1)) await silent.tell(payment);
    assert.equal(state(job), 'unknown');
    const [first] = payments;
    assert.ok(first !== undefined);
    await silent.tell(first);
    assert.equal(state(job), 'asked', 'it is to be put on again');
    const again = await house.hold(card, 'load');
    assert.deepEqual([again.said, again.amount_minor], ['done', 500]);
    assert.equal((await house.hold(card, 'load')).said, 'nothing_due');
    assert.equal(balanceOf(house, `settlement:card:${id}`), 2500 - 10 * payments.length);
    assert.equal(house.mine(id).agrees, true);
  });

  test('that was put on: the balance before the next payment tells, though the log has lost it', async () => {
    const { id, card, job } = await torn(true);
    const payments = await bury(card);
    for (const payment of payments.slice(1)) await silent.tell(payment);
    assert.equal(state(job), 'unknown');
    const [first] = payments;
    assert.ok(first !== undefined);
    await silent.tell(first);
    assert.equal(state(job), 'done');
    assert.equal((await house.hold(card, 'load')).said, 'nothing_due');
    assert.equal(balanceOf(house, `settlement:card:${id}`), 2500 - 10 * payments.length);
    assert.equal(house.mine(id).agrees, true);
  });

  test('a payment that somebody made up decides nothing', async () => {
    const { id, card, job } = await torn(false);
    const payment = await pay(stall, card, 100);
    const receipt = await stall.tell({ ...payment, mac: 'AAAAAAAAAAA' });
    assert.equal(receipt.said, 'refused');
    assert.equal(state(job), 'unknown');
    await stall.tell(payment);
    assert.equal(state(job), 'asked');
    assert.equal((await house.hold(card, 'load')).said, 'done');
    assert.equal(balanceOf(house, `settlement:card:${id}`), 2400);
  });

  test('the card itself tells at the next reader, either way, and nothing is put on twice', async () => {
    for (const done of [true, false]) {
      const { id, card, job } = await torn(done);
      const outcome = await house.hold(card, 'load');
      assert.equal(outcome.said, done ? 'nothing_due' : 'done');
      assert.equal(outcome.balance_minor, 2500);
      assert.equal(state(job), 'done');
      assert.equal(balanceOf(house, `settlement:card:${id}`), 2500);
    }
  });
});
