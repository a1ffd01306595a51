/** What a terminal shows and does where the gateway asks for a card, beside its own sales. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { CounterAnswer, CounterWish } from '#gateway/counter/counter.ts';
import { WholeHouse } from './whole-house.ts';

describe('a card that is asked for', () => {
  let house: WholeHouse;
  beforeEach(async () => {
    house = await WholeHouse.open();
  });
  afterEach(() => house.close());

  const begin = (wish: Partial<CounterWish> = {}): CounterAnswer => {
    const terminal = house.core.tables.pairings.numberOf(house.identity.terminal) ?? '';
    const load = { act: 'load', currency: 'CNY', amount_minor: 2000 } as const;
    return house.core.counter.begin({ id: '0123456789ABCDEF', terminal, ...load, ...wish });
  };
  const state = (): string | undefined => house.core.counter.find('0123456789ABCDEF')?.state;

  test('is loaded once, however often the same is asked', async () => {
    const { card, id } = await house.card(1000);
    assert.ok(begin().ok);
    await house.rest();
    assert.equal(house.screen?.title, 'Hold the card to load it');
    assert.equal(house.screen?.big, '¥20.00');
    assert.deepEqual(
      [begin().ok, begin({ amount_minor: 1 })],
      [true, { ok: false, code: 'reused' }],
    );
    await house.tap(card);
    assert.equal(state(), 'done');
    assert.equal(house.screen?.title, 'Card loaded');
    assert.deepEqual(house.screen?.lines, ['On the card: ¥30.00']);
    assert.ok(begin().ok);
    await house.tap(card);
    assert.equal(house.balance(card), 3000);
    assert.equal(house.inBook(id), 3000);
  });

  test('a sale goes first: the card pays what is on the screen', async () => {
    const { card } = await house.card(5000);
    assert.ok(begin().ok);
    await house.rest();
    await house.sell(12);
    await house.tap(card);
    assert.equal(house.balance(card), 3800);
    assert.equal(state(), 'waiting');
    await house.lift();
    await house.keys('back');
    await house.tap(card);
    assert.equal(house.balance(card), 5800);
  });

  test('waits no longer than it says, and a busy terminal or one that is away is not asked', async () => {
    assert.ok(begin().ok);
    const other = { id: 'FEDCBA9876543210' };
    assert.deepEqual(begin(other), { ok: false, code: 'terminal_busy' });
    await house.pass(121_000);
    assert.equal(state(), 'over');
    assert.equal(house.screen?.title, 'Key in the amount');
    house.connect(false);
    await house.rest();
    assert.deepEqual(begin(other), { ok: false, code: 'terminal_away' });
    assert.deepEqual(begin({ terminal: '999999' }), { ok: false, code: 'unknown_terminal' });
  });

  test('withdrawn, it leaves the screen; a card then only tells its balance', async () => {
    const { card } = await house.card(1000);
    await house.keys('back');
    assert.ok(begin().ok);
    await house.rest();
    house.core.counter.withdraw('0123456789ABCDEF');
    await house.rest();
    assert.equal(house.screen?.title, 'Key in the amount');
    await house.tap(card);
    assert.equal(house.screen?.title, 'Balance');
    assert.equal(house.balance(card), 1000);
  });

  test('given back from the terminal’s own menu: credited once, also where it is torn half-way', async () => {
    const { card, id } = await house.card(5000);
    const trouble = [null, 1, 4, 6, 7, 8];
    for (const at of trouble) {
      const order = await house.sell(12);
      await house.tap(card);
      assert.equal(house.balance(card), 3800);
      await house.lift();
      await house.keys('back', '+', '2');
      await house.tap(card);
      assert.equal(house.screen?.title, 'Give back which payment?');
      if (at !== null) house.field.tear({ apdu: at, when: 'after' });
      await house.keys('1');
      await house.rest(60);
      if (at === null) assert.equal(house.balance(card), 5000, 'while it lies there');
      else assert.equal(house.field.card, null, `pulled away at ${at}`);
      await house.lift();
      await house.keys('cancel', 'cancel');
      // Whatever was torn is made up for at the next taps, and no more than that.
      for (let tap = 0; tap < 3; tap += 1) await house.tap(card);
      await house.lift();
      const what = `torn at ${at}`;
      assert.equal(house.balance(card), 5000, what);
      assert.equal(house.inBook(id), 5000, what);
      const jobs = house.core.tables.settlement
        .jobsOf(id, ['asked', 'sent', 'unknown', 'done', 'failed'])
        .filter((each) => each.kind === 'refund' && each.order_number === order);
      assert.deepEqual(
        jobs.map(({ kind, state }) => [kind, state]),
        [['refund', 'done']],
        what,
      );
    }
  });

  test('a strange card gets a clear word, and the next one what it came for', async () => {
    const { card } = await house.card(1000);
    assert.ok(begin().ok);
    await house.rest();
    await house.tap(house.blank());
    assert.equal(house.screen?.title, 'Not one of our cards');
    assert.equal(house.core.counter.find('0123456789ABCDEF')?.trouble, 'unknown_card');
    await house.tap(card);
    assert.equal(house.balance(card), 3000);
  });
});
