/** The platform as a program of its own: `gateway/main.ts --role platform`. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { decode, writeComplaints } from '../decode.ts';
import type { PlatformOptions } from './platform.ts';
import { type PlatformSeed, platformSeedSchema } from './seed.ts';

export const PLATFORM_USAGE = `Usage: gateway/main.ts --role platform --data DIR [options]
  --data DIR             its own store, key and operator token
  --http HOST:PORT       pages and interface (default 127.0.0.1:8090; port 0 for any)
  --public-url URL       what payers' phones reach it by
  --title TEXT           what payers know it by
  --seed FILE            clients and accounts to start with
`;

export const asksForPlatform = (args: readonly string[]): boolean =>
  args.some(
    (arg, at) => arg === '--role=platform' || (arg === '--role' && args[at + 1] === 'platform'),
  );

export type ReadPlatformOptions =
  | { readonly ok: true; readonly options: PlatformOptions }
  | { readonly ok: false; readonly complaint: string };

/** Reads the arguments after the program's name; a complaint names the flag and the mend. */
export function readPlatformOptions(args: readonly string[]): ReadPlatformOptions {
  try {
    return { ok: true, options: read(args) };
  } catch (error) {
    return { ok: false, complaint: error instanceof Error ? error.message : String(error) };
  }
}

function read(args: readonly string[]): PlatformOptions {
  const text = { type: 'string' } as const;
  const options = {
    role: text,
    data: text,
    http: text,
    'public-url': text,
    title: text,
    seed: text,
  };
  const { values } = parseArgs({ args: [...args], options });
  if (values.data === undefined) throw new Error('--data: is missing; name a directory');
  const http = values.http ?? '127.0.0.1:8090';
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(http);
  if (match === null || Number(match[3]) > 65535) {
    throw new Error(`--http: ${http} is not HOST:PORT; write it like 127.0.0.1:8090`);
  }
  const publicUrl = values['public-url']?.replace(/\/+$/, '');
  if (publicUrl !== undefined && !/^https?:\/\//.test(publicUrl)) {
    throw new Error(`--public-url: ${publicUrl} is not a URL; begin it with http://`);
  }
  return {
    dataDirectory: values.data,
    http: { host: match[1] ?? match[2] ?? '', port: Number(match[3]) },
    publicUrl,
    house: values.title,
    seed: values.seed === undefined ? undefined : readSeedFile(values.seed),
  };
}

function readSeedFile(path: string): PlatformSeed {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    throw new Error(`--seed: ${path} can't be read: ${says}; name a JSON file`);
  }
  const decoded = decode(platformSeedSchema, json);
  if (decoded.ok) return decoded.value;
  throw new Error(`--seed: ${path}: ${writeComplaints(decoded.complaints)}`);
}
