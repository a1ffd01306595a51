/** What is told of a payment at the worst moment: while it is being undone, or answered already. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Order } from '#device/messages/order.ts';
import type {
  AcquirerResult,
  AcquirerStatus,
  PayAnswer,
  PayRequest,
  VoidAnswer,
  VoidRequest,
} from '#gateway/acquirer/gate.ts';
import { systemChance, systemClock } from '#gateway/clock.ts';
import { type Core, openCore } from '#gateway/core.ts';
import { there } from '#gateway/gate.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { closeOrder, recordOrder } from '#gateway/orders/orders.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { until } from '#test/until.ts';
import { makeOrder, RICH, SEED } from './harness.ts';

interface Asked {
  readonly pays: string[];
  readonly voids: ((answer: VoidAnswer) => void)[];
}

/** An order centre whose acquirer loses every payment, and takes its time to void. */
async function openCentre(): Promise<{ core: Core; order: Order; asked: Asked }> {
  const asked: Asked = { pays: [], voids: [] };
  const unused = there((): Promise<never> => Promise.reject(new Error('is not asked')));
  const core = openCore({
    database: ':memory:',
    roles: ['order-centre'],
    keys: deriveGatewayKeys(new Uint8Array(32).fill(5)),
    clock: systemClock,
    chance: systemChance,
    log: () => undefined,
    defer: (then) => void setImmediate(then),
    gates: {
      acquirer: {
        present: async (proof) => ({ proof }),
        pay: there<PayRequest, PayAnswer>(({ id }) => {
          asked.pays.push(id);
          return Promise.reject(new Error('no answer'));
        }),
        admit: unused,
        lookUpVoucher: unused,
        capture: unused,
        refund: unused,
        void: there<VoidRequest, VoidAnswer>(
          () => new Promise<VoidAnswer>((resolve) => asked.voids.push(resolve)),
        ),
        status: there<string, AcquirerStatus>(async () => ({ said: 'unknown' })),
      },
    },
  });
  await applySeed(core, seedSchema.parse(SEED));
  const addresses = { broker: 'mqtt://127.0.0.1:1', payUrl: 'http://127.0.0.1/p/' };
  const enrolled = await core.enrol({ code: 'CODE-0001' }, null, addresses);
  assert.ok(enrolled.ok);
  const order = makeOrder(enrolled.identity);
  await core.writer.run((tx) => {
    const row = tx.terminals.find('t-0001');
    if (row !== undefined) recordOrder(tx, row, order, Date.now());
  });
  return { core, order, asked };
}

const paidResult = (id: string, order: Order): AcquirerResult => ({
  ...{ kind: 'payment', event: `payment.${id}.paid`, id, merchant: 'lin', order: order.number },
  ...{ amount_minor: order.amount_minor, currency: 'CNY', at: Date.now() },
  answer: { said: 'paid', payer: '•••• 0001', at: Date.now() },
});

describe('an answer that comes late', () => {
  test('"paid", while the void is on its way, does not count any more', async () => {
    const { core, order, asked } = await openCentre();
    const instruction = { order: order.number, key: 'one', ...RICH };
    const first = await core.payments.pay(instruction);
    assert.deepEqual(first, { ok: false, code: 'payment_in_flight' });
    const release = await until('the void', () => asked.voids[0]);
    const [id = ''] = asked.pays;
    await core.writer.run((tx) => core.tell(tx, paidResult(id, order)));
    assert.equal(core.tables.orders.find(order.number)?.state, 'offered');
    release({ said: 'voided', at: Date.now() });
    const answer = await until('its answer', () => core.payments.recall(instruction));
    assert.deepEqual(answer, { ok: true, answer: { kind: 'not_made' }, replayed: true });
    assert.equal(core.tables.orders.find(order.number)?.state, 'offered');
    core.close();
  });

  test('to a key that was told meanwhile that the order ended, it ends the attempt all the same', async () => {
    const { core, order, asked } = await openCentre();
    const instruction = { order: order.number, key: 'one', ...RICH };
    await core.payments.pay(instruction);
    const { number } = order;
    await core.writer.run((tx) =>
      closeOrder(tx, 't-0001', { order: number, because: 'cancelled' }, Date.now()),
    );
    const again = await core.payments.pay(instruction);
    assert.equal(again.ok && again.answer.kind, 'closed');
    const release = await until('the void', () => asked.voids[0]);
    release({ said: 'voided', at: Date.now() });
    const [id = ''] = asked.pays;
    await until('its end', () => core.tables.attempts.find(id)?.state === 'done');
    core.close();
  });
});
