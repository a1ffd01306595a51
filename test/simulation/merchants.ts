/** Those who deal with money apart from a stall: they freeze and capture, and they give back. */
import { VOUCHER_PAYMENT } from '#device/messages/day.ts';
import type { Core } from '#gateway/core.ts';
import type { RefundWish } from '#gateway/orders/refundable.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { GatewayMachine } from './gateway-machine.ts';
import { PAYERS, type Street } from './people.ts';

const wait = ({ time }: Street, ms: number): Promise<void> =>
  new Promise((resolve) => time.after(ms, resolve));

/** Asks until there is an answer that is none of waiting, under the same id. */
export async function insist<A extends { said: string }>(
  street: Street,
  machine: GatewayMachine,
  chance: SeededChance,
  ask: (core: Core) => Promise<A>,
): Promise<A> {
  for (;;) {
    const life = machine.life;
    const answer =
      life === null
        ? null
        : await Promise.race([
            ask(life.core).catch(() => null),
            // Whoever died does not answer.
            wait(street, 20_000).then(() => null),
          ]);
    if (answer !== null && answer.said !== 'pending') return answer;
    await wait(street, chance.waitMs(3000));
  }
}

/** A guest house: freezes a deposit, and takes a part of it or lets it go. */
export async function keepGuests(street: Street, acquirer: GatewayMachine): Promise<void> {
  const chance = street.chance.stream('guest house');
  const { trace } = street;
  for (let guest = 1; ; guest += 1) {
    await wait(street, chance.waitMs(street.saleEveryMs * 2));
    if (!street.isOpen()) return;
    const payer = chance.pick(PAYERS);
    const amount_minor = chance.between(1, 40_000);
    const id = `DEP-${guest}`;
    trace.say('guest house', `freezes ${amount_minor} of ${payer.phone} as ${id}`);
    const frozen = await insist(street, acquirer, chance, async (core) => {
      const gate = core.acquirer.gate();
      const { phone, pin } = payer;
      const proof = await gate.present({ by: 'pin', phone, pin });
      const head = { id, merchant: 'inn', order: `STAY-${guest}`, amount_minor } as const;
      const request = { ...head, currency: 'CNY', payer: proof, capture: 'later' } as const;
      return gate.pay.where === 'there'
        ? gate.pay.ask(request)
        : core.writer.run((tx) => core.acquirer.payments.payHere(tx, request));
    });
    trace.say('guest house', `${id} is ${frozen.said}`);
    if (frozen.said === 'authorised') void leave(street, acquirer, chance, id, amount_minor);
  }
}

async function leave(
  street: Street,
  acquirer: GatewayMachine,
  chance: SeededChance,
  id: string,
  most: number,
): Promise<void> {
  await wait(street, chance.waitMs(street.saleEveryMs * 2));
  const amount_minor = chance.between(1, most);
  const takes = chance.happens(0.6);
  street.trace.say('guest house', `${takes ? `takes ${amount_minor} of` : 'lets go'} ${id}`);
  await insist(street, acquirer, chance, async (core) => {
    const { actions } = core.acquirer;
    const here = core.acquirer.gate().pay.where === 'here';
    const capture = { id: `CAP-${id}`, payment: id, amount_minor };
    const release = { id: `VOID-${id}`, payment: id };
    if (!here) return takes ? actions.capture(capture) : actions.void(release);
    return core.writer.run((tx) =>
      takes ? actions.captureHere(tx, capture) : actions.voidHere(tx, release),
    );
  });
}

/** An operator who gives a paid order back, whole or in part, and asks until it is done. */
export async function giveBack(street: Street, order: string, amountMinor: number): Promise<void> {
  const chance = street.chance.stream(`refund of ${order}`);
  // Of what a voucher paid more comes back: that refills it.
  const byVoucher = street.auditor.orders.find(order)?.payment?.startsWith(VOUCHER_PAYMENT);
  if (!chance.happens(byVoucher === true ? 0.5 : 0.12)) return;
  await wait(street, chance.waitMs(60_000));
  const amount_minor = chance.happens(0.5) ? amountMinor : chance.between(1, amountMinor);
  street.trace.say('operator', `gives ${amount_minor} of ${order} back`);
  const id = `REF-${order}`;
  const refund: RefundWish = {
    id,
    order,
    kind: 'refund',
    amount_minor,
    restock: false,
    by: 'operator',
  };
  const answer = await insist(street, street.centre, chance, (core) => core.refunds.refund(refund));
  street.trace.say('operator', `${order}: ${answer.said}`);
}
