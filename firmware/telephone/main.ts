/**
 * The telephone sales terminal: calls and short messages over the modems of a board profile. It says what
 * happens as one JSON object a line; `{"event":"ready"}` means that somebody can call.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import { CALL_SETTINGS } from '#device/flows/call.ts';
import { DeviceError } from '#device/ports/device.ts';
import { isRegistered, type Modem } from '#device/ports/modem.ts';
import { readBoard } from '#firmware/boards.ts';
import { systemChance, systemClock } from '#firmware/clock.ts';
import { modemsOf } from '#firmware/drivers.ts';
import { lockData } from '#firmware/lock.ts';
import { CallVoice } from './call-voice.ts';
import { CallDesk, type DeskEvent } from './desk.ts';
import { type Line, openLine } from './line.ts';
import { Recordings } from './recordings.ts';
import { SmsDesk } from './sms-desk.ts';
import { openSmsDoor } from './sms-door.ts';
import { SmsLog } from './sms-log.ts';
import { smsNewsOverHttp } from './sms-news.ts';

const USAGE = `usage: firmware/telephone/main.ts --board NAME --data DIR [options]
  --board NAME         profile in boards.json, with a modem
  --data DIR           where recordings and messages are kept
  --boards FILE        another boards.json
  --merchant NAME      who callers are told they reach; --merchant-zh NAME in Chinese
  --language en|zh-CN  what callers are spoken to first (default en)
  --keep-days N        how long recordings are kept (default 30)
  --sms HOST:PORT      take the gateway's short messages there (its --sms http://HOST:PORT/messages);
                       HAWKER_SMS_SECRET holds whsec_ and base64
  --gateway URL        tell the gateway there when a message has arrived`;

/** What the operator must mend; printed without a stack. */
class UsageError extends Error {}

const DAY_MS = 86_400_000;
const NEWS_MS = 15_000;
/** Longest wait for calls to be ended and recordings to be safe. */
const STOP_TIMEOUT_MS = 8000;

const say = (event: DeskEvent): void => {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
};

function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{ board: text, data: text, boards: text, merchant: text, 'merchant-zh': text },
        ...{ language: text, 'keep-days': text, sms: text, gateway: text },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function readSettings(args: readonly string[]) {
  const values = readOptions(args);
  const { board, data, language = 'en', sms, gateway } = values;
  if (board === undefined) throw new UsageError(`--board is missing\n${USAGE}`);
  if (data === undefined) throw new UsageError(`--data is missing\n${USAGE}`);
  if (language !== 'en' && language !== 'zh-CN') {
    throw new UsageError(`--language ${language}: use en or zh-CN`);
  }
  const days = Number(values['keep-days'] ?? '30');
  if (!Number.isInteger(days) || days < 1 || days > 3650) {
    throw new UsageError(`--keep-days ${values['keep-days']}: use 1 to 3650`);
  }
  const secret = process.env.HAWKER_SMS_SECRET ?? '';
  if (sms !== undefined && readWebhookSecret(secret) === null) {
    throw new UsageError('--sms: needs HAWKER_SMS_SECRET: whsec_ and 24 to 64 bytes of base64');
  }
  const merchant = values.merchant ?? 'our shop';
  return {
    ...({ board, data: resolve(data), language, keepMs: days * DAY_MS, secret } as const),
    boards: values.boards ?? join(import.meta.dirname, '..', '..', 'boards.json'),
    merchant: { en: merchant, 'zh-CN': values['merchant-zh'] ?? values.merchant ?? '本店' },
    sms: sms === undefined ? null : readAddress(sms),
    gateway: gateway === undefined ? null : readUrl(gateway),
  } as const;
}

function readAddress(text: string): { readonly host: string; readonly port: number } {
  const found = /^(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(text);
  const port = Number(found?.[2] ?? Number.NaN);
  if (!(port <= 65_535)) throw new UsageError(`--sms ${text}: write it like 127.0.0.1:8090`);
  return { host: (found?.[1] ?? '').replace(/[[\]]/g, ''), port };
}

function readUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`--gateway ${text}: write it like http://127.0.0.1:8080`);
}

function readModems(file: string, board: string): ReturnType<typeof modemsOf> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${String(error)}; check --boards`);
  }
  const read = readBoard(text, board);
  if (!read.ok) throw new UsageError(read.complaints.map((each) => `${file}: ${each}`).join('\n'));
  const modems = modemsOf(read.profile);
  if (modems.length > 0) return modems;
  throw new UsageError(`${file}: profiles.${board}.organs: has no modem; add one, such as sim7600`);
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2));
  const { data, secret } = settings;
  const modems = readModems(settings.boards, settings.board);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const locked = lockData(data, 'firmware/telephone/main.ts', 'telephone.lock');
  if (!locked.ok) throw new UsageError(locked.complaint);

  const voice = new CallVoice(data, settings.merchant);
  await voice.open();
  const clock = systemClock;
  const oldest = clock.now() - settings.keepMs;
  const recordings = await Recordings.open(
    { directory: join(data, 'recordings'), keepMs: settings.keepMs },
    clock,
    { log: (what) => say({ event: 'log', what }), deleted: (id) => say({ event: 'deleted', id }) },
  );
  const { log, records } = await SmsLog.open(join(data, 'sms'), oldest);
  const lines = new Map<string, Line>();
  const working = (): ReadonlyMap<string, Modem> =>
    new Map(
      [...lines].flatMap(([name, line]): [string, Modem][] => {
        const modem = line.modem();
        return modem === null || !isRegistered(modem.state) ? [] : [[name, modem]];
      }),
    );
  const messages = new SmsDesk(
    {
      ...{ log, clock, modems: working },
      bring:
        settings.gateway === null
          ? async () => true
          : smsNewsOverHttp(settings.gateway, secret, clock.now, (why) =>
              say({ event: 'log', what: why }),
            ),
      received: () => say({ event: 'sms', state: 'received' }),
    },
    records,
  );
  const desk = new CallDesk({
    ...{ clock, chance: systemChance, recordings, voice, tell: say },
    settings: { ...CALL_SETTINGS, language: settings.language },
    handlers: {},
  });
  const door =
    settings.sms === null
      ? null
      : await openSmsDoor(messages, { ...settings.sms, secret }, clock.now);
  const news = setInterval(() => void messages.bringAll(), NEWS_MS);
  void messages.bringAll();
  for (const [name, modem] of modems) {
    const parts = { name, settings: modem, dataDirectory: data, clock, desk, messages };
    lines.set(name, openLine({ ...parts, tell: say }));
  }
  say({ event: 'ready', ms: Math.round(performance.now()), ...(door ? { sms: door.url } : {}) });

  const stop = async (): Promise<void> => {
    clock.after(STOP_TIMEOUT_MS, () => process.exit(0));
    clearInterval(news);
    recordings.close();
    await Promise.all([desk.close(), door?.close()]);
    await Promise.all([...lines.values()].map((line) => line.close()));
    voice.close();
    await log.close();
    locked.unlock();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

main().catch((error: unknown) => {
  const expected = error instanceof UsageError || error instanceof DeviceError;
  const mend = error instanceof DeviceError && error.mend !== undefined ? `; ${error.mend}` : '';
  const text = error instanceof Error ? (expected ? error.message : error.stack) : String(error);
  process.stderr.write(`telephone: ${text}${mend}\n`);
  process.exit(expected ? 2 : 1);
});
