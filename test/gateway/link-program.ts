/**
 * All organisations of a payment link in one process, to be killed at the moment that it prints.
 * `node link-program.ts DIR PORT SMS WHERE AHEAD` prints a line with its own URL when it is ready;
 * `WHERE` is where it stops for good, and its clock is `AHEAD` ms ahead of the machine's.
 */
import { join } from 'node:path';
import { systemChance, systemClock } from '#gateway/clock.ts';
import { type Core, openCore } from '#gateway/core.ts';
import { type Ask, askGate, there } from '#gateway/gate.ts';
import type {
  CaptureRequest,
  DebitAnswer,
  DebitRequest,
  IssuerGate,
} from '#gateway/issuer/gate.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { logToStderr } from '#gateway/log.ts';
import { openNotify } from '#gateway/notify/notify.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { openWeb } from '#gateway/web/server.ts';
import { AGENT, SECRET } from './centre-bench.ts';
import { RICH } from './harness.ts';
import { LINK_SEED } from './link-stand.ts';
import { VOUCHER_SEED } from './voucher-stand.ts';

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
    // Only the fund server captures: the holds of vouchers are its own.
    capture: there(async (question: CaptureRequest) => {
      const { capture } = core().issuer.gate('fund-server');
      const answer = await askGate(core().writer, capture, question);
      if (where !== 'after_capture') return answer;
      say('stopped');
      return forever;
    }),
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
const chen = { id: 'chen', name: 'Chen', token: 'token-of-party-chen', phone: RICH.phone };
const parties = [...VOUCHER_SEED.parties.filter(({ id }) => id !== 'chen'), chen];
await applySeed(core, seedSchema.parse({ ...LINK_SEED, parties }));
openNotify(core, { sms: { url: sms, secret: SECRET } });
const web = await openWeb(core, {
  ...{ host: '127.0.0.1', port: Number(port), broker: 'mqtt://127.0.0.1:1' },
  ...{ operatorToken: 'operator', agentToken: AGENT },
});
say(web.url);
