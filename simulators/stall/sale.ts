/**
 * `npm run sale -- --amount 12.50`: one whole sale through the stall's interface, each step with its
 * time. Ends with a code other than 0 where any step fails.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { StallClient } from './client.ts';
import { openInterface } from './interface.ts';
import { Stall } from './stall.ts';
import type { PhoneView } from './street.ts';
import type { TracedEvent } from './trace.ts';
import { SEED } from './wiring.ts';

const USAGE = `usage: npm run sale -- --amount 12.50 [options]
  --amount TEXT          what the vendor keys before Enter: 12.50, 2*6, /1+/5
  --by qr|broadcast      how the phone gets the order (default qr)
  --language en|zh-CN    of the terminal (default en)
  --payer N              which payer of the seed pays, from 1 (default 1)`;

class SaleFailed extends Error {}

function fail(text: string): never {
  process.stderr.write(`${text}\n\n${USAGE}\n`);
  process.exit(2);
}

function readOptions() {
  const text = { type: 'string' } as const;
  if (process.argv.includes('--help')) {
    process.stdout.write(`${USAGE}\n`);
    process.exit(0);
  }
  try {
    const { values } = parseArgs({
      options: {
        amount: text,
        by: { ...text, default: 'qr' },
        language: { ...text, default: 'en' },
        payer: { ...text, default: '1' },
      },
    });
    const { amount, by, language } = values;
    if (amount === undefined) return fail('--amount: is missing');
    if (by !== 'qr' && by !== 'broadcast') return fail(`--by: ${by} is neither qr nor broadcast`);
    if (language !== 'en' && language !== 'zh-CN') {
      return fail(`--language: ${language} is neither en nor zh-CN`);
    }
    return { amount, by, language, payer: Number(values.payer) } as const;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

type Options = ReturnType<typeof readOptions>;

/** Prints a step with its milliseconds since Enter was pressed. */
function step(what: string, at: number, since: number, note = ''): void {
  const ms = (at - since).toFixed(1).padStart(8);
  process.stdout.write(`${ms} ms  ${what.padEnd(30)} ${note}\n`);
}

/** A complaint stands on the screen so long; longer where it may be the page of before. */
const COMPLAINT_MS = 2500;
const STILL_MS = 5000;

const now = (): number => performance.timeOrigin + performance.now();

async function sell(client: StallClient, options: Options): Promise<void> {
  const pad = client.state.keypads[0];
  if (pad === undefined) throw new SaleFailed('there is no keypad to press');
  const phone = (): PhoneView => {
    const found = client.state.phones.find(({ name }) => name === 'Payer');
    if (found === undefined) throw new SaleFailed('the phone is gone');
    return found;
  };
  await client.call('POST', 'phones', { name: 'Payer', distance_m: 1 });
  await client.until('the screen and the phone', () => {
    const screen = client.state.organs.find(({ wire }) => wire === 'screen');
    return screen !== undefined && phone().radio !== 'starting' && client.state.screen.text !== '';
  });
  const event = (from: number, fits: (event: TracedEvent) => boolean, what: string) =>
    client.until(what, () => client.wires.find((each) => each.at >= from && fits(each)));

  const keyed = now();
  // A finger on a matrix is slower than a script on a USB keypad.
  const per_second = pad === 'pad' ? 4 : 20;
  const before = client.state.screen.text;
  await client.call('POST', 'keys', { text: options.amount, pad, per_second });
  const shows = (): boolean => client.state.screen.text.includes(options.amount);
  if (/^[\d.]+$/.test(options.amount)) await orComplaint(client, 'the amount', before, shows);
  const entered = now();
  const asking = client.state.screen.text;
  await client.call('POST', 'keys', { keys: ['enter'], pad });
  step('keyed', keyed, entered, `${options.amount} on the ${pad}`);
  step('Enter pressed', entered, entered);

  const code = await orComplaint(client, 'a QR', asking, () => client.state.screen.qr);
  const saved = await event(entered, ({ wire }) => wire === 'disk', 'the order on disk');
  step('order on disk', saved.at, entered, saved.text);
  const shown = await event(saved.at, ({ wire }) => wire === 'screen', 'the QR on the screen');
  step('QR on the screen', shown.at, entered, code.slice(0, 60));
  const sent = await event(entered, ({ text }) => /PUBLISH.*: order /.test(text), 'the order sent');
  step('order sent to the gateway', sent.at, entered, sent.text.replace(/.*: /, ''));
  if (phone().radio === 'working') {
    const heard = await client.until('the broadcast', () => phone().heard.at(-1));
    const air = await event(entered, ({ wire }) => wire === 'phone.Payer', 'the broadcast heard');
    step('broadcast heard', air.at, entered, `${heard.order} at ${heard.rssi} dBm`);
  }

  const how = options.by === 'qr' ? 'phones/Payer/scan' : 'phones/Payer/open';
  const body = options.by === 'qr' ? {} : { by: 'broadcast' };
  const opened = await client.call<PhoneView>('POST', how, body);
  if (opened.opened === null) throw new SaleFailed(`not matched: ${opened.refusal?.detail}`);
  step(`matched by ${options.by}`, now(), entered, opened.opened.order.vendor);
  await pay(client, options, entered, event);
}

/**
 * What is looked for; throws what the screen says instead. A complaint is another text than the one
 * `before`, and stays; on a busy machine the same text may stand there for long.
 */
async function orComplaint<T>(
  client: StallClient,
  what: string,
  before: string,
  look: () => T | false | null,
): Promise<T> {
  let seen = { text: before, at: now() + STILL_MS };
  const found = await client.until(what, () => {
    const there = look();
    if (there !== null && there !== false) return { there };
    const { text } = client.state.screen;
    if (text !== seen.text) seen = { text, at: now() };
    return now() - seen.at > COMPLAINT_MS ? { refused: text } : null;
  });
  if ('refused' in found) throw new SaleFailed(`the terminal's screen says:\n${found.refused}`);
  return found.there;
}

async function pay(
  client: StallClient,
  options: Options,
  entered: number,
  event: (
    from: number,
    fits: (event: TracedEvent) => boolean,
    what: string,
  ) => Promise<TracedEvent>,
): Promise<void> {
  const payer = client.state.payers[options.payer - 1];
  if (payer === undefined) throw new SaleFailed(`the seed has no payer ${options.payer}`);
  const paying = now();
  const paid = await client.call<PhoneView>('POST', 'phones/Payer/pay', {
    phone: payer.phone,
    pin: payer.pin,
  });
  const order = paid.opened?.order;
  if (order === undefined || order.state === 'offered') {
    throw new SaleFailed(`not paid: ${paid.refusal?.detail}`);
  }
  const committed = Number(order.ended_at);
  step(order.state, now(), entered, `${payer.label}, bill ${paid.bill?.payment ?? 'none'}`);
  step('committed at the gateway', committed, entered);
  const spoken = ({ wire, text }: TracedEvent): boolean =>
    wire === 'speaker' && text === 'first sample';
  if (client.state.organs.some(({ wire, state }) => wire === 'speaker' && state === 'working')) {
    const sample = await event(paying, spoken, 'the first sample');
    const ms = (sample.at - committed).toFixed(0);
    step('first sample at the speaker', sample.at, entered, `${ms} ms after the commit`);
    const said = await client.until('the spoken result', () => client.state.spoken.at(-1));
    step('spoken', now(), entered, `“${said.text}”`);
  }
  if (order.state !== 'paid') throw new SaleFailed(`${order.state}: ${String(order.reason ?? '')}`);
  const bill = await client.until('the printed bill', () => client.state.papers.at(-1));
  step('bill printed', now(), entered);
  process.stdout.write(`\n${bill.text.replaceAll(/^/gm, '    | ')}\n`);
}

const options = readOptions();
const directory = mkdtempSync(join(tmpdir(), 'hawker-sale-'));
const began = performance.now();
let stall: Stall | null = null;
let code = 0;
try {
  stall = await Stall.open({
    directory,
    seed: SEED,
    ports: { http: 0, mqtt: 0 },
    language: options.language,
    progress: () => undefined,
  });
  const { url, close } = await openInterface(stall, 0);
  const ms = Math.round(performance.now() - began);
  process.stdout.write(`stall open in ${ms} ms at ${url}\n`);
  for (const { wire, state, why, mend } of stall.rack.view()) {
    if (state === 'missing') process.stdout.write(`missing: ${wire} (${why}); ${mend}\n`);
  }
  const client = await StallClient.join(url);
  await sell(client, options);
  client.close();
  await close();
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`\nno sale: ${text}\n`);
  code = 1;
}
await stall?.close();
rmSync(directory, { recursive: true, force: true });
process.exit(code);
