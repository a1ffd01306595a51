/**
 * A further version of the cards' keys: terminals are given it, cards as they come, the old one is
 * retired; and a card that is pulled away at any command of it has the old or the new one of each key.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PURSE_AID } from '#device/codecs/purse.ts';
import type { NewKeys } from '#gateway/settlement/key-versions.ts';
import type { Card } from '#simulators/card/card.ts';
import { WholeHouse } from './whole-house.ts';

const LOADED = 50_000;
const NEVER: NewKeys = {
  because: 'a terminal was lost',
  readyWithinMs: 86_400_000,
  olderForMs: null,
};

const versionsOn = (card: Card): number[] =>
  card.state.applications.find(({ aid }) => aid === PURSE_AID)?.keys.map((key) => key.version) ??
  [];

describe('a further version of the cards’ keys', () => {
  let house: WholeHouse;
  before(async () => {
    house = await WholeHouse.open();
  });
  after(() => house.close());

  const settlement = () => house.core.settlement ?? assert.fail();
  const states = async () =>
    (await settlement().keyVersions()).map(({ version, state }) => `${version} ${state}`);
  const renew = async (wanted = NEVER): Promise<number> => {
    const made = await settlement().renewKeys(wanted, (_tx, changed) => changed);
    assert.ok(made.ok, JSON.stringify(made));
    await house.rest();
    return made.row.version;
  };
  const pays = async (card: Card): Promise<void> => {
    const before = house.balance(card);
    await house.sell(12);
    await house.tap(card);
    assert.equal(house.screen?.title, 'Paid');
    assert.equal(house.balance(card), before - 1200);
    await house.lift();
    await house.keys('enter');
    await house.pass(1000);
    assert.deepEqual(house.core.tables.settlement.findings(), []);
    assert.equal(settlement().reconcile().clean, true, JSON.stringify(settlement().reconcile()));
  };

  test('spreads, is given to a card at its next tap, and the old one is retired with the last', async () => {
    const { card } = await house.card(LOADED);
    const other = await house.card(LOADED);
    // The network is cut: no terminal has it, and no card is given what no terminal has.
    house.connect(false);
    const version = await renew();
    assert.deepEqual(await states(), ['1 current', '2 spreading']);
    await pays(card);
    const again = await settlement().renewKeys(NEVER, (_tx, changed) => changed);
    assert.deepEqual(again, { ok: false, code: 'key_version_spreads' });
    house.connect(true);
    await house.rest();
    assert.deepEqual(await states(), ['1 accepted', '2 current']);

    // A payment is first: the card that stays a moment longer is given its keys after it.
    assert.deepEqual(versionsOn(card), [1, 1, 1, 1]);
    await pays(card);
    assert.deepEqual(versionsOn(card), [version, version, version, version]);
    await pays(card);
    // One that only shows its balance, too.
    await house.tap(other.card);
    assert.equal(house.screen?.title, 'Balance');
    await house.lift();
    assert.deepEqual(versionsOn(other.card), [version, version, version, version]);
    assert.deepEqual(await states(), ['1 retired', '2 current']);
    await house.rest();
    house.connect(false);
    await pays(other.card);
    house.connect(true);
    await house.rest();
    assert.deepEqual(house.logged, []);
  });

  test('torn at every command of it, the next tap goes on, and nothing else is lost', async () => {
    const { card } = await house.card(LOADED);
    // Six to show its balance; six to ask and prove the master key, one more of it, six and one to change.
    const last = 8 + 6 + 1 + 6 + 1;
    const mixed = new Set<string>();
    for (let apdu = 7; apdu <= last; apdu += 1) {
      for (const when of ['before', 'after'] as const) {
        const what = `torn ${when} command ${apdu}`;
        const version = await renew();
        await house.tap(card, { apdu, when });
        await house.lift();
        const left = versionsOn(card).map((each) => each - version);
        assert.ok(
          left.every((each) => each === 0 || each === -1),
          `${what}: ${left}`,
        );
        mixed.add(left.join());
        // Even before it comes online again it pays with whichever keys it has.
        house.connect(false);
        await house.sell(1);
        await house.tap(card);
        assert.equal(house.screen?.title, 'Paid', `${what}: ${versionsOn(card)}`);
        await house.lift();
        await house.keys('enter');
        house.connect(true);
        await house.rest();
        await house.tap(card);
        await house.lift();
        await house.tap(card);
        await house.lift();
        assert.deepEqual(versionsOn(card), Array(4).fill(version), what);
      }
    }
    assert.equal(house.balance(card), LOADED - 100 * (last - 6) * 2);
    assert.deepEqual(
      [...mixed],
      ['-1,-1,-1,-1', '-1,0,-1,-1', '-1,0,0,-1', '-1,0,0,0', '0,0,0,0'],
      'every state between',
    );
    await pays(card);
    assert.deepEqual(house.logged, []);
  });

  test('a card of a version that is retired is given keys before anything else, and pays', async () => {
    const { card } = await house.card(LOADED);
    const old = versionsOn(card)[0] ?? 0;
    await renew();
    const retired = await settlement().retireKeys(old, 'a terminal was lost');
    assert.equal(retired.ok && retired.row.state, 'retired');
    await house.rest();
    assert.deepEqual((await settlement().retireKeys(old + 1, 'again')).ok, false);
    house.connect(false);
    const since = house.spoken.length;
    await house.sell(12);
    await house.tap(card);
    assert.equal(house.screen?.title, 'Card needs new keys');
    assert.deepEqual(house.spoken.slice(since), ['card needs new keys']);
    assert.equal(house.balance(card), LOADED);
    await house.lift();
    house.connect(true);
    await house.rest();
    await house.tap(card);
    await house.pass(1000);
    assert.equal(house.screen?.title, 'Paid', 'in the same stay');
    assert.equal(house.balance(card), LOADED - 1200);
    assert.deepEqual(versionsOn(card), Array(4).fill(old + 1));
    await house.lift();
    await house.keys('enter');
  });

  test('the time of the old ones, and of waiting for terminals, is kept', async () => {
    await house.card(LOADED);
    house.connect(false);
    const version = await renew({ ...NEVER, readyWithinMs: 5000, olderForMs: 7000 });
    await house.pass(6000);
    assert.deepEqual((await states()).slice(-2), [`${version - 1} accepted`, `${version} current`]);
    await house.pass(8000);
    assert.deepEqual((await states()).slice(-2), [`${version - 1} retired`, `${version} current`]);
  });
});
