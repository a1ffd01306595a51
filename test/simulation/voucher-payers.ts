/** Whoever pays with a voucher on a phone: scans, keys number and code, asks again. */
import { readBearer } from '#gateway/matching/bearer.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import { reach, type Street, scan } from './people.ts';
import type { TerminalMachine } from './terminal-machine.ts';

interface Proof {
  readonly voucher: string;
  readonly code: string;
}

/** Pays the order on the screen, or walks away. */
export async function payByVoucher(
  street: Street,
  stall: TerminalMachine,
  order: string,
  proof: Proof,
  chance: SeededChance,
): Promise<void> {
  const { trace, centre, auditor, time } = street;
  const who = `holder of ${proof.voucher}`;
  const bearer = await scan(street, stall, order, chance);
  if (bearer === null) return;
  let key = `${proof.voucher} ${order} ${chance.next()}`;
  for (let tries = 0; tries < 5; tries += 1) {
    const instruction = { order, key, ...proof };
    const reached = await reach(street, async (core) => {
      const read = readBearer(core.keys, bearer, centre.clock.now());
      if (!read.ok || read.claims.order !== order || read.claims.scope !== 'pay') return null;
      return core.payments.pay(instruction);
    });
    if (reached === 'no answer') {
      trace.say(who, `has no answer for ${order}`);
      if (chance.happens(0.25)) return;
      if (chance.happens(0.2)) key = `${proof.voucher} ${order} ${chance.next()}`;
    } else if (reached.said === null) return;
    else if (reached.said.ok) {
      const { answer } = reached.said;
      trace.say(who, `hears ${answer.kind} for ${order}`);
      if (answer.kind === 'paid') auditor.orders.told(who, order, answer.payment);
      if (answer.kind !== 'not_made') return;
      key = `${proof.voucher} ${order} ${chance.next()}`;
    } else trace.say(who, `hears ${reached.said.code} for ${order}`);
    const ms = chance.waitMs(6000);
    await new Promise<void>((resolve) => time.after(ms, resolve));
  }
}
