/** A busy gateway's store on a real disk: `gateway-program.ts DIR SECONDS`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ALSO_RICH, makeOrder, POOR, RICH } from '#test/gateway/harness.ts';
import { chanceKey, openStand, type StandTerminal } from '#test/gateway/stand.ts';
import { promise } from './acknowledged.ts';
import { quickStretch } from './cheap.ts';

const [data = '', seconds = '1'] = process.argv.slice(2);
mkdirSync(data, { recursive: true });
const database = join(data, 'hawker.sqlite');
const { core, terminals } = await openStand({ database, stretch: quickStretch });
const ends = performance.now() + Number(seconds) * 1000;

/** Orders and payments, one after the other; several of these share their commits. */
async function trade(terminal: StandTerminal, payer: typeof RICH): Promise<void> {
  while (performance.now() < ends) {
    const order = makeOrder(terminal.identity);
    const said = await terminal.say({ kind: 'order', order });
    if (said === 'committed') promise(data, { recorded: order });
    const paid = await core.payments.pay({ order: order.number, key: chanceKey(), ...payer });
    if (paid.ok) promise(data, { answered: { order: order.number, ...paid.answer } });
    await terminal.say({ kind: 'seen', seen: { order: order.number } });
    promise(data, { seen: order.number });
  }
}

const payers = [RICH, ALSO_RICH, POOR, RICH];
await Promise.all(payers.map((payer, at) => trade(terminals[at % 2 === 0 ? 0 : 1], payer)));
core.close();
