/** An order centre whose clock was years ahead while an order was placed, and is then put right. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { remoteAcquirer, remoteLinks } from '#gateway/acquirer/remote.ts';
import { type Core, openCore } from '#gateway/core.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { orderRequestSchema } from '#gateway/orders/telephone/order.ts';
import type { PeerRequest } from '#gateway/peers/client.ts';
import { PeerError } from '#gateway/peers/client.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { MachineClock } from '#simulators/simulation/machine-clock.ts';
import { VirtualTime } from '#simulators/simulation/time.ts';

const YEAR_MS = 366 * 86_400_000;
const PHONE = '+8613800000001';
const SEED = seedSchema.parse({
  ...{ calling_code: '86', terminals: [], payers: [] },
  vendors: [{ id: 'lin', name: "Lin's Dumplings" }],
  products: [
    {
      ...{ merchant: 'lin', code: '1', currency: 'CNY', unit_minor: 1200, stock: 5 },
      name: { en: 'Dumplings', zh: '饺子' },
      service: { en: 'brought', zh: '送货' },
    },
  ],
});

/** An order centre whose acquirer does not answer before `answers`. */
async function openCentre() {
  const time = new VirtualTime();
  const machine = new MachineClock(time, Date.UTC(2026, 0, 5));
  const clock = machine.start();
  const asked: PeerRequest[] = [];
  const wire = { answers: false };
  const client = {
    async call(request: PeerRequest) {
      asked.push(request);
      if (!wire.answers) throw new PeerError('nobody answered');
      const link = 'https://pay.test/pay/abc';
      const made = { said: 'created', link, expires_at: clock.now() + YEAR_MS };
      const closed = { said: 'closed', at: clock.now() };
      return { status: 200, body: request.path.endsWith('/links') ? made : closed };
    },
  };
  const core = openCore({
    ...{ database: ':memory:', clock, chance: new SeededChance('clock'), log: () => undefined },
    keys: deriveGatewayKeys(createHash('sha256').update('keys').digest()),
    stretch: async (secret) => secret.slice(0, 32),
    defer: (then) => void clock.after(1, then),
    roles: ['order-centre'],
    gates: { acquirer: remoteAcquirer(client), links: remoteLinks(client) },
  });
  const pass = (ms: number) => time.run(time.now + ms, () => false);
  const seeded = applySeed(core, SEED);
  await pass(1000);
  await seeded;
  return { core, machine, pass, wire, asked };
}

async function place(core: Core, pass: (ms: number) => Promise<unknown>): Promise<string> {
  const request = orderRequestSchema.parse({
    ...{ merchant: 'lin', lines: [{ code: '1', quantity: 2 }], phone: PHONE, lifetime_s: 600 },
  });
  const placing = core.writer.run((tx) => core.telephone.register(tx, request, PHONE));
  await pass(1000);
  const placed = await placing;
  assert.ok(placed.ok);
  return placed.row.number;
}

test('an order placed by a clock that was ahead expires by its lifetime, and its stock is back', async () => {
  const { core, machine, pass, wire } = await openCentre();
  wire.answers = true;
  machine.wrongMs = 5 * YEAR_MS;
  const number = await place(core, pass);
  await pass(5000);
  assert.equal(core.telephone.find(number)?.link, 'https://pay.test/pay/abc');
  assert.equal(core.tables.products.find('lin', '1')?.stock, 3);
  machine.wrongMs = 0;
  await pass(500_000);
  assert.equal(core.telephone.find(number)?.state, 'unpaid');
  await pass(200_000);
  assert.equal(core.telephone.find(number)?.state, 'expired');
  assert.equal(core.tables.products.find('lin', '1')?.stock, 5);
  core.close();
});

test('a question that was put off by a clock that was ahead is asked once that is put right', async () => {
  const { core, machine, pass, wire, asked } = await openCentre();
  machine.wrongMs = 5 * YEAR_MS;
  const number = await place(core, pass);
  await pass(20_000);
  assert.ok(asked.length > 0);
  assert.equal(core.telephone.find(number)?.link, null);
  machine.wrongMs = 0;
  wire.answers = true;
  await pass(90_000);
  assert.equal(core.telephone.find(number)?.link, 'https://pay.test/pay/abc');
  core.close();
});
