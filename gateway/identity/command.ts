/** `gateway/main.ts revoke | code | enrol | agent`: what the operator does about who is who. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isRole } from '../roles.ts';
import { callAuthority } from './call.ts';
import type { Holder, Kind } from './kinds.ts';
import { enrolRemotely } from './remote.ts';

export const IDENTITY_USAGE = `Usage: gateway/main.ts COMMAND --data DIR [options]
  revoke --data DIR --gateway URL --terminal ID [--because TEXT]
                         puts it out at once; or --merchant ID, --party ID, --role NAME,
                         --server NAME
  code   --data DIR --gateway URL --terminal ID [--name HOST …]
                         a one-time code to enrol with; or --merchant, --party, --role, --server
  agent  --data DIR --gateway URL [--add NAME | --revoke NAME]
                         a token for an agent of the telephone desk, or its end; else all agents
  enrol  --data DIR --gateway URL --role NAME --code CODE
                         gets this role's certificate from whoever has the authority
  --gateway URL          the running gateway on this machine (default http://127.0.0.1:8080);
                         with enrol the one that has the authority
`;

const COMMANDS = ['revoke', 'code', 'enrol', 'agent'] as const;
type Command = (typeof COMMANDS)[number];

export const readCommand = (args: readonly string[]): Command | null =>
  COMMANDS.find((each) => each === args[0]) ?? null;

/** Does it and gives the exit code; what came of it is written to standard output. */
export async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(IDENTITY_USAGE);
    return 0;
  }
  try {
    process.stdout.write(`${JSON.stringify(await run(command, args))}\n`);
    return 0;
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${command}: ${says}\n\n${IDENTITY_USAGE}`);
    return 1;
  }
}

async function run(command: Command, args: readonly string[]): Promise<unknown> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ data: text, gateway: text, because: text, code: text },
      ...{ add: text, revoke: text },
      ...{ terminal: text, merchant: text, party: text, role: text, server: text },
      name: { type: 'string', multiple: true },
    },
  });
  const { data, gateway = 'http://127.0.0.1:8080', because, code, name, ...rest } = values;
  const { add, revoke, ...who } = rest;
  if (data === undefined) throw new Error('--data is missing; name a directory');
  const url = gateway.replace(/\/+$/, '');
  if (command === 'agent') return runAgent(data, url, { add, revoke });
  const holder = holderOf(who);
  if (command === 'enrol') {
    if (code === undefined) throw new Error('--code is missing');
    if (holder.kind !== 'role' || !isRole(holder.subject)) throw new Error('--role is missing');
    await enrolRemotely(data, holder, url, code);
    return { enrolled: holder.subject };
  }
  const body = {
    ...holder,
    ...(command === 'revoke' && because !== undefined ? { because } : {}),
    ...(command === 'code' && name !== undefined ? { names: name } : {}),
  };
  const path = command === 'revoke' ? 'revocations' : 'codes';
  return operate(data, `${url}/v1/identity/${path}`, body);
}

/** Agents of the telephone desk. */
async function runAgent(
  data: string,
  url: string,
  { add, revoke }: { readonly add?: string | undefined; readonly revoke?: string | undefined },
): Promise<unknown> {
  if (add !== undefined && revoke !== undefined) throw new Error('name one of --add, --revoke');
  const path = revoke === undefined ? '' : `/${encodeURIComponent(revoke)}/revocation`;
  const body = revoke !== undefined ? {} : add === undefined ? undefined : { agent: add };
  return operate(data, `${url}/v1/centre/agents${path}`, body);
}

/** Asks the gateway in the operator's name. */
async function operate(data: string, url: string, body: object | undefined): Promise<unknown> {
  const token = readFileSync(join(data, 'operator.token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}` };
  const credentials = { ca: authorityOf(data) };
  const options = { headers, credentials, ...(body === undefined ? {} : { body }) };
  const answer = await callAuthority(url, options);
  if (answer.status < 300) return JSON.parse(answer.text);
  throw new Error(`${url} answered ${answer.status} ${answer.text}`);
}

/** The gateway may show a certificate of its own. */
const authorityOf = (data: string): string =>
  readFileSync(join(data, 'authority', 'certificate.pem'), 'utf8');

function holderOf(who: Readonly<Partial<Record<Kind, string>>>): Holder {
  const given = Object.entries(who).filter(([, subject]) => subject !== undefined);
  const [first, ...others] = given;
  if (first === undefined || others.length > 0) {
    throw new Error('name one of --terminal, --merchant, --party, --role, --server');
  }
  return { kind: first[0] as Kind, subject: String(first[1]) };
}
