/**
 * All organisations of a payment link in one process, to be killed at the moment that it prints.
 * `node link-program.ts DIR PORT SMS WHERE AHEAD` prints a line with its own URL when it is ready;
 * `WHERE` is where it stops for good, and its clock is `AHEAD` ms ahead of the machine's.
 */
import { join } from 'node:path';
import { systemChance, systemClock } from '#gateway/clock.ts';
import { type Core, openCore } from '#gateway/core.ts';
import { type Ask, askGate, there } from '#gateway/gate.ts';
import type { DebitAnswer, DebitRequest, IssuerGate } from '#gateway/issuer/gate.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { logToStderr } from '#gateway/log.ts';
import { openNotify } from '#gateway/notify/notify.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { openWeb } from '#gateway/web/server.ts';
import { AGENT, SECRET } from './centre-bench.ts';
import { LINK_SEED } from './link-stand.ts';

const [directory = '', port = '', sms = '', where = '', ahead = '0'] = process.argv.slice(2);
const clock = { ...systemClock, now: () => Date.now() + Number(ahead) };
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const forever = new Promise<never>(() => undefined);

/** The issuer of this store, as one elsewhere: it stops as it is told. */
function issuerElsewhere(core: () => Core): IssuerGate {
  const local = (): IssuerGate => core().issuer.gate('acquirer');
  const far = <Q, A>(pick: (gate: IssuerGate) => Ask<Q, A>) =>
    there((question: Q) => askGate(core().writer, pick(local()), question));
  const debit = there(async (question: DebitRequest): Promise<DebitAnswer> => {
    if (where === 'before_debit') {
      say('stopped');
      return forever;
    }
    const answer = await askGate(core().writer, local().debit, question);
    if (where !== 'after_debit') return answer;
    say('stopped');
    return forever;
  });
  return {
    present(proof) {
      if (where !== 'verified') return local().present(proof);
      say('stopped');
      return forever;
    },
    debit,
    authorise: far((gate) => gate.authorise),
    capture: far((gate) => gate.capture),
    release: far((gate) => gate.release),
    reverse: far((gate) => gate.reverse),
    refund: far((gate) => gate.refund),
    status: far((gate) => gate.status),
    admit: far((gate) => gate.admit),
  };
}

const core: Core = openCore({
  database: join(directory, 'gateway.sqlite'),
  keys: deriveGatewayKeys(new Uint8Array(32).fill(7)),
  ...{ clock, chance: systemChance, log: logToStderr(() => clock.now()) },
  defer: (then) => setImmediate(then),
  ...(where === 'nowhere' ? {} : { gates: { issuer: issuerElsewhere(() => core) } }),
});
await applySeed(core, seedSchema.parse(LINK_SEED));
openNotify(core, { sms: { url: sms, secret: SECRET } });
const web = await openWeb(core, {
  ...{ host: '127.0.0.1', port: Number(port), broker: 'mqtt://127.0.0.1:1' },
  ...{ operatorToken: 'operator', agentToken: AGENT },
});
say(web.url);
