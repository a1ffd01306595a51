/** What the telephone terminal is started with. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import { readBoard } from '#firmware/boards.ts';
import { modemsOf } from '#firmware/drivers.ts';

export const USAGE = `usage: firmware/telephone/main.ts --board NAME --data DIR [options]
  --board NAME         profile in boards.json, with a modem
  --data DIR           where recordings and messages are kept
  --boards FILE        another boards.json
  --merchant NAME      who callers are told they reach; --merchant-zh NAME in Chinese
  --language en|zh-CN  what callers are spoken to first (default en)
  --keep-days N        how long recordings are kept (default 30)
  --sms HOST:PORT      take the gateway's short messages there (its --sms http://HOST:PORT/messages);
                       HAWKER_SMS_SECRET holds whsec_ and base64
  --gateway URL        the gateway: tell it when a message has arrived, and sell from its catalogue
  --sell MERCHANT      identifier of the merchant there; HAWKER_AGENT_TOKEN is the assistant's token
  --desk HOST:PORT     the agents' page
  --model-en DIR       a voice model for English instead of PocketSphinx; --model-zh DIR for Mandarin
  --transcript         tell what is said on calls, for training; leave it out where people call`;

/** What the operator must mend; printed without a stack. */
export class UsageError extends Error {}

const DAY_MS = 86_400_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{ board: text, data: text, boards: text, merchant: text, 'merchant-zh': text },
        ...{ language: text, 'keep-days': text, sms: text, gateway: text, sell: text },
        ...{ desk: text, 'model-en': text, 'model-zh': text, transcript: { type: 'boolean' } },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

export type TelephoneSettings = ReturnType<typeof readSettings>;

/** Throws a {@link UsageError}. */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv) {
  const values = readOptions(args);
  const { board, data, language = 'en', sms, gateway, sell, desk } = values;
  if (board === undefined) throw new UsageError(`--board is missing\n${USAGE}`);
  if (data === undefined) throw new UsageError(`--data is missing\n${USAGE}`);
  if (language !== 'en' && language !== 'zh-CN') {
    throw new UsageError(`--language ${language}: use en or zh-CN`);
  }
  const days = Number(values['keep-days'] ?? '30');
  if (!Number.isInteger(days) || days < 1 || days > 3650) {
    throw new UsageError(`--keep-days ${values['keep-days']}: use 1 to 3650`);
  }
  const secret = env.HAWKER_SMS_SECRET ?? '';
  if (sms !== undefined && readWebhookSecret(secret) === null) {
    throw new UsageError('--sms: needs HAWKER_SMS_SECRET: whsec_ and 24 to 64 bytes of base64');
  }
  const url = gateway === undefined ? null : readUrl(gateway);
  if (desk !== undefined && sell === undefined) {
    throw new UsageError('--desk: needs --sell, the merchant whose goods agents sell');
  }
  const merchant = values.merchant ?? 'our shop';
  return {
    ...({ board, data: resolve(data), language, keepMs: days * DAY_MS, secret } as const),
    boards: values.boards ?? join(import.meta.dirname, '..', '..', 'boards.json'),
    merchant: { en: merchant, 'zh-CN': values['merchant-zh'] ?? values.merchant ?? '本店' },
    sms: sms === undefined ? null : readAddress('--sms', sms),
    desk: desk === undefined ? null : readAddress('--desk', desk),
    gateway: url,
    sell: sell === undefined ? null : readSelling(sell, url, env),
    models: {
      ...(values['model-en'] === undefined ? {} : { en: resolve(values['model-en']) }),
      ...(values['model-zh'] === undefined ? {} : { 'zh-CN': resolve(values['model-zh']) }),
    },
    transcript: values.transcript === true,
  } as const;
}

function readSelling(merchant: string, url: URL | null, env: NodeJS.ProcessEnv) {
  if (!/^[a-z0-9-]{1,30}$/.test(merchant)) {
    throw new UsageError(`--sell ${merchant}: use the merchant's identifier, such as lin`);
  }
  if (url === null) throw new UsageError('--sell: needs --gateway, whose catalogue is sold');
  // Agents bring tokens of their own; without this one there is no assistant.
  return { merchant, url, token: env.HAWKER_AGENT_TOKEN?.trim() || null };
}

function readAddress(option: string, text: string): Address {
  const found = /^(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(text);
  const port = Number(found?.[2] ?? Number.NaN);
  if (!(port <= 65_535)) throw new UsageError(`${option} ${text}: write it like 127.0.0.1:8090`);
  return { host: (found?.[1] ?? '').replace(/[[\]]/g, ''), port };
}

function readUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`--gateway ${text}: write it like http://127.0.0.1:8080`);
}

/** Modems of the profile; throws a {@link UsageError}. */
export function readModems(file: string, board: string): ReturnType<typeof modemsOf> {
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
