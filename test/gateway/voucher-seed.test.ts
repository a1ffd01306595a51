/** A seed is applied at every start: a store of before it is given what it lacks, and keeps what it has. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { closeStands, openStand, VOUCHER_SEED, WANG } from './voucher-stand.ts';

afterEach(closeStands);

test('parties that were not there are added; a known one gets a number, never another token', async () => {
  const [shop, fund] = VOUCHER_SEED.parties;
  assert.ok(shop !== undefined && fund !== undefined);
  const { core } = await openStand('together', {
    seed: { ...VOUCHER_SEED, parties: [shop, { id: fund.id, name: fund.name }] },
  });
  const { parties, tables, writer } = core;
  const renewed = await parties.renew('shop', null);
  await writer.run((tx) => tx.funds.setPartyPhone('fund', '+8613900000000'));

  const named = VOUCHER_SEED.parties.map((each) => ({ ...each, phone: WANG.phone }));
  const seed = seedSchema.parse({ ...VOUCHER_SEED, parties: named });
  for (const _ of ['once', 'and again']) await applySeed(core, seed);
  assert.equal(parties.byToken('token-of-party-stranger')?.id, 'stranger');
  assert.equal(tables.funds.party('shop')?.phone, WANG.phone);
  assert.equal(tables.funds.party('fund')?.phone, '+8613900000000');
  assert.equal(parties.byToken(renewed ?? '')?.id, 'shop');
  assert.equal(parties.byToken('token-of-party-shop'), null, 'what was renewed stays refused');
});
