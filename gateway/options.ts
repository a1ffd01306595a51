/** Command line of the gateway; every complaint names the flag and the mend. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { decode, writeComplaints } from './decode.ts';
import type { BrokerSettings, GatewayOptions } from './gateway.ts';
import { NOTIFY_FLAGS, NOTIFY_USAGE, readNotify } from './notify/notify-options.ts';
import {
  PLATFORM_FLAGS,
  PLATFORM_FLAGS_USAGE,
  readPlatforms,
} from './pairing/platforms/options.ts';
import { isLoopback } from './reachable.ts';
import { HOUSE_ROLES, isRole, ROLES, type Role } from './roles.ts';
import { type Seed, seedSchema } from './seed.ts';

export const USAGE = `Usage: gateway/main.ts --data DIR [options]
  --data DIR             store, keys and operator token
  --http HOST:PORT       pages and interface (default 127.0.0.1:8080; port 0 for any)
  --mqtt HOST:PORT       own broker, mutual TLS (default 127.0.0.1:8883; port 0 for any)
  --plain-mqtt HOST:PORT own broker without TLS, on loopback alone
  --broker URL           another broker instead; user and password in HAWKER_BROKER_USER
                         and HAWKER_BROKER_PASSWORD
  --public-url URL       what payers' phones reach the gateway by
  --public-broker URL    what terminals reach the broker by
  --seed FILE            vendors, terminals and payers to start with
  --role NAME            only order-centre, acquirer, issuer, settlement or fund-server; without
                         it, all in one store
  --peer-door HOST:PORT  where other organisations and merchants call, mutual TLS
  --private-webhooks     merchants' webhooks may lead to this machine or a private network
  --authority URL        who certifies this role (default the order centre's --peer)
  --tls-cert FILE, --tls-key FILE
                         pages over HTTPS; --tls-cert own for a certificate of the own authority
  --peer NAME=URL        where another role is; once for each. DIR/peers/NAME.key holds the 32
                         bytes, base64url, that both sides share
${PLATFORM_FLAGS_USAGE}${NOTIFY_USAGE}  revoke, code, enrol    certificates: --help after one of them
  agent                  tokens of the telephone desk's agents: agent --help
  --role platform --help  the payment platform, a program of its own
`;

export type ReadOptions =
  | { readonly ok: true; readonly options: GatewayOptions }
  | { readonly ok: false; readonly complaint: string };

class Complaint extends Error {}

/** Reads the arguments after the program's name. */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ReadOptions {
  try {
    return { ok: true, options: read(args, environment) };
  } catch (error) {
    if (error instanceof Complaint) return { ok: false, complaint: error.message };
    throw error;
  }
}

function read(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): GatewayOptions {
  const values = parseFlags(args);
  if (values.data === undefined) throw new Complaint('--data: is missing; name a directory');
  const broker = readBroker(values, environment);
  const optional = (flag: string, value: string | undefined, schemes: readonly string[]) =>
    value === undefined ? undefined : readUrl(flag, value, schemes);
  const notify = readNotify(values, environment, readUrl);
  if ('complaint' in notify) throw new Complaint(notify.complaint);
  const platforms = readPlatforms(values.platform ?? [], environment);
  if ('complaint' in platforms) throw new Complaint(platforms.complaint);
  return {
    dataDirectory: values.data,
    http: readAddress('--http', values.http ?? '127.0.0.1:8080'),
    broker,
    publicUrl: optional('--public-url', values['public-url'], ['http:', 'https:']),
    publicBroker: optional('--public-broker', values['public-broker'], ['mqtt:', 'mqtts:']),
    seed: values.seed === undefined ? undefined : readSeedFile(values.seed),
    notify,
    role: readRole(values.role),
    peers: readPeers(values.peer ?? []),
    peerDoor:
      values['peer-door'] === undefined
        ? undefined
        : readAddress('--peer-door', values['peer-door']),
    authority: optional('--authority', values.authority, ['http:', 'https:']),
    tls: readTls(values['tls-cert'], values['tls-key']),
    platforms,
    privateWebhooks: values['private-webhooks'],
  };
}

type Flags = ReturnType<typeof parseFlags>;

function readBroker(
  { broker, mqtt, 'plain-mqtt': plain }: Pick<Flags, 'broker' | 'mqtt' | 'plain-mqtt'>,
  environment: Readonly<Record<string, string | undefined>>,
): BrokerSettings {
  const other = mqtt !== undefined ? '--mqtt' : plain !== undefined ? '--plain-mqtt' : null;
  if (broker !== undefined && other !== null) {
    throw new Complaint(`--broker: excludes ${other}; leave one of them out`);
  }
  if (broker !== undefined) {
    return {
      kind: 'external',
      url: readUrl('--broker', broker, ['mqtt:', 'mqtts:']),
      username: environment.HAWKER_BROKER_USER,
      password: environment.HAWKER_BROKER_PASSWORD,
    };
  }
  if (plain === undefined) {
    return { kind: 'embedded', ...readAddress('--mqtt', mqtt ?? '127.0.0.1:8883') };
  }
  if (mqtt !== undefined) {
    throw new Complaint('--plain-mqtt: excludes --mqtt; leave one of them out');
  }
  const address = readAddress('--plain-mqtt', plain);
  if (!isLoopback(address.host)) {
    throw new Complaint(`--plain-mqtt: ${address.host} is not loopback; use --mqtt`);
  }
  return { kind: 'embedded', ...address, plain: true };
}

function parseFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: text,
        http: text,
        mqtt: text,
        'plain-mqtt': text,
        'peer-door': text,
        authority: text,
        'private-webhooks': { type: 'boolean' },
        'tls-cert': text,
        'tls-key': text,
        broker: text,
        'public-url': text,
        'public-broker': text,
        seed: text,
        role: text,
        peer: { type: 'string', multiple: true },
        ...NOTIFY_FLAGS,
        ...PLATFORM_FLAGS,
      },
    }).values;
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    const flag = /'(--?[\w-]+)/.exec(says)?.[1] ?? /'([^']+)'/.exec(says)?.[1] ?? 'arguments';
    const mend =
      /argument/.test(says) && !/Unexpected/.test(says) ? 'give it a value' : 'remove it';
    throw new Complaint(`${flag}: ${says.split('.')[0]}; ${mend}, or see --help`);
  }
}

function readAddress(flag: string, text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new Complaint(`${flag}: ${text} is not HOST:PORT; write it like 127.0.0.1:8080`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

function readUrl(flag: string, text: string, schemes: readonly string[]): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !schemes.includes(url.protocol)) {
    throw new Complaint(`${flag}: ${text} is not a URL; begin it with ${schemes[0]}//`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new Complaint(`${flag}: holds a password; put it into the environment (see --help)`);
  }
  return text.replace(/\/+$/, '');
}

function readTls(cert: string | undefined, key: string | undefined): GatewayOptions['tls'] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === 'own' && key === undefined) return 'own';
  if (cert === undefined) throw new Complaint('--tls-cert: is missing; name the certificate');
  if (key === undefined) throw new Complaint('--tls-key: is missing; name the key');
  return { cert: readText('--tls-cert', cert), key: readText('--tls-key', key) };
}

function readText(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    throw new Complaint(`${flag}: ${path} can't be read: ${says}; name a PEM file`);
  }
}

function readRole(text: string | undefined): Role | undefined {
  if (text === undefined) return undefined;
  if (HOUSE_ROLES.some((role) => role === text) && isRole(text)) return text;
  throw new Complaint(`--role: ${text} is none; name ${HOUSE_ROLES.join(', ')}`);
}

function readPeers(texts: readonly string[]): ReadonlyMap<Role, string> {
  return new Map(
    texts.map((text) => {
      const [name = '', url = ''] = text.split(/=(.*)/s);
      if (!isRole(name)) {
        throw new Complaint(`--peer: ${text} is not NAME=URL; name one of ${ROLES.join(', ')}`);
      }
      return [name, readUrl('--peer', url, ['http:', 'https:'])] as const;
    }),
  );
}

function readSeedFile(path: string): Seed {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    throw new Complaint(`--seed: ${path} can't be read: ${says}; name a JSON file`);
  }
  const decoded = decode(seedSchema, json);
  if (!decoded.ok) {
    const says = writeComplaints(decoded.complaints);
    throw new Complaint(`--seed: ${path}: ${says}; docs/gateway.md describes it`);
  }
  return decoded.value;
}
