/** An issuer that is asked again while it compares a PIN, and after it has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemChance, systemClock } from '#gateway/clock.ts';
import { openCore } from '#gateway/core.ts';
import type { PayerProof } from '#gateway/issuer/gate.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';

const PROOF: PayerProof = { by: 'pin', phone: '+8613800000001', pin: '246810' };
const SEED = seedSchema.parse({
  ...{ calling_code: '86', vendors: [], terminals: [] },
  payers: [
    {
      ...{ phone: PROOF.phone, pin: PROOF.pin },
      balances: [{ currency: 'CNY', amount_minor: 5000 }],
    },
  ],
});

test('a PIN is compared once for a request, however often that is repeated', async () => {
  let stretched = 0;
  const core = openCore({
    ...{ database: ':memory:', clock: systemClock, chance: systemChance, log: () => undefined },
    keys: deriveGatewayKeys(systemChance.bytes(32)),
    async stretch(secret) {
      stretched += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return secret.slice(0, 32);
    },
    defer: (then) => setImmediate(then),
    roles: ['issuer'],
  });
  await applySeed(core, SEED);
  stretched = 0;
  const gate = core.issuer.gate('acquirer');
  const debit = async (id: string, proof: PayerProof) => {
    const payer = await core.issuer.presentFor('acquirer', id, proof);
    const asked = { id, payer, amount_minor: 700, currency: 'CNY', merchant: 'lin' } as const;
    return core.writer.run((tx) => gate.debit.ask(tx, { ...asked, reference: 'order' }));
  };
  const said = await Promise.all([debit('D-1', PROOF), debit('D-1', PROOF), debit('D-1', PROOF)]);
  assert.deepEqual(
    said.map((each) => each.said),
    ['debited', 'debited', 'debited'],
  );
  assert.equal(stretched, 1);
  assert.equal((await debit('D-1', PROOF)).said, 'debited');
  assert.equal((await debit('D-1', { ...PROOF, pin: '000000' })).said, 'conflict');
  assert.equal(stretched, 1);
  // Another request is another look, and a wrong PIN of it counts.
  assert.equal((await debit('D-2', { ...PROOF, pin: '000000' })).said, 'not_admitted');
  assert.equal((await debit('D-3', PROOF)).said, 'debited');
  assert.equal(stretched, 3);
  const account = core.tables.ledger.accounts().find(({ id }) => id.startsWith('issuer:payer:'));
  assert.equal(account?.balance_minor, 3600);
  core.close();
});
