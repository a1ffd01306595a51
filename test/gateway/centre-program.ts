/**
 * An order centre as a program, to be killed: its acquirer is elsewhere, at the URL it is given.
 * `node centre-program.ts DIR ACQUIRER SMS` prints a line with its own URL when it is ready.
 */
import { join } from 'node:path';
import {
  type CloseLinkRequest,
  type CreateLinkRequest,
  closeLinkAnswerSchema,
  createLinkAnswerSchema,
} from '#gateway/acquirer/gate.ts';
import { systemChance, systemClock } from '#gateway/clock.ts';
import { openCore } from '#gateway/core.ts';
import { there } from '#gateway/gate.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { logToStderr } from '#gateway/log.ts';
import { openNotify } from '#gateway/notify/notify.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { openWeb } from '#gateway/web/server.ts';
import { AGENT, PRODUCTS, SECRET } from './centre-bench.ts';
import { SEED } from './harness.ts';

const [directory = '', acquirer = '', sms = ''] = process.argv.slice(2);

async function ask(path: string, question: object): Promise<unknown> {
  const response = await fetch(`${acquirer}${path}`, {
    method: 'POST',
    body: JSON.stringify(question),
    signal: AbortSignal.timeout(5000),
  });
  return response.json();
}

const core = openCore({
  database: join(directory, 'gateway.sqlite'),
  keys: deriveGatewayKeys(new Uint8Array(32).fill(7)),
  ...{ clock: systemClock, chance: systemChance, log: logToStderr(() => systemClock.now()) },
  defer: (then) => setImmediate(then),
  links: {
    createLink: there(async (question: CreateLinkRequest) =>
      createLinkAnswerSchema.parse(await ask('/create', question)),
    ),
    closeLink: there(async (question: CloseLinkRequest) =>
      closeLinkAnswerSchema.parse(await ask('/close', question)),
    ),
  },
});
await applySeed(core, seedSchema.parse({ ...SEED, products: PRODUCTS }));
openNotify(core, { sms: { url: sms, secret: SECRET } });
const web = await openWeb(core, {
  ...{ host: '127.0.0.1', port: 0, broker: 'mqtt://127.0.0.1:1', operatorToken: 'operator' },
  agentToken: AGENT,
});
process.stdout.write(`${JSON.stringify({ url: web.url })}\n`);
