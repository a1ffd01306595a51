/** How the stall starts the programs that ship: their command lines, and when they are ready. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Post } from '../notify/post.ts';
import { PLATFORM_SEED } from './accounts.ts';
import type { ChildLine, ChildOptions } from './child.ts';
import { type Organs, soundEnvironment } from './organs.ts';
import type { Ports } from './ports.ts';
import { HOME } from './wiring.ts';

export type Plan = Omit<ChildOptions, 'ended'>;

export interface GatewaySettings {
  readonly directory: string;
  readonly ports: Ports;
  /** Where it is reached on this machine. */
  readonly gatewayUrl: string;
  /** Where payers' phones reach it; then it listens on every address. */
  readonly publicUrl: string | undefined;
  /** Where the payment platform is. */
  readonly platformUrl: string;
  /** What it tells people through. */
  readonly post: Post;
}

export function gatewayPlan(settings: GatewaySettings): Plan {
  const { directory, ports, publicUrl, gatewayUrl, post } = settings;
  return {
    name: 'the gateway',
    command: process.execPath,
    args: [
      join(HOME, 'gateway', 'main.ts'),
      ...['--data', join(directory, 'gateway'), '--seed', join(directory, 'seed.json')],
      ...['--http', `${publicUrl === undefined ? '127.0.0.1' : '0.0.0.0'}:${ports.http}`],
      // Plain, so that the wire between them shows what passes; elsewhere it is mutual TLS.
      ...['--plain-mqtt', `127.0.0.1:${ports.mqtt}`],
      ...['--public-url', publicUrl ?? gatewayUrl],
      ...['--platform', `lotus=${settings.platformUrl}`],
      ...post.flags,
    ],
    env: { ...post.environment, HAWKER_PLATFORM_LOTUS: REGISTRATION_CODE },
    ready: (line) => line.ready === true,
  };
}

/** Of `platform.json`: lets the gateway register there. */
const REGISTRATION_CODE = 'REGISTER-HAWKER-1';

/** The third-party payment platform: another organisation, another process, another store. */
export function platformPlan(directory: string, port: number): Plan {
  return {
    name: 'the payment platform',
    command: process.execPath,
    args: [
      join(HOME, 'gateway', 'main.ts'),
      ...['--role', 'platform', '--data', directory, '--http', `127.0.0.1:${port}`],
      ...['--seed', PLATFORM_SEED],
    ],
    ready: (line) => line.ready === true,
  };
}

export interface TerminalSettings {
  readonly directory: string;
  readonly organs: Organs;
  /** Enrolment code. */
  readonly code: string;
  readonly gatewayUrl: string;
  /** The near end of the network cable, where there is one. */
  readonly broker: string | undefined;
  readonly boards: string;
  readonly line: (line: ChildLine) => void;
}

/** What Node is given when it runs a terminal, here as on metal. */
function nodeFlags(of: 'flags' | 'telephone_flags'): readonly string[] {
  const text = readFileSync(join(HOME, 'firmware', 'node.json'), 'utf8');
  const shape = z.object({ flags: z.array(z.string()), telephone_flags: z.array(z.string()) });
  return shape.parse(JSON.parse(text))[of];
}

/** The terminal, inside the USB keypad's testbed and in front of the sound card where there are. */
export function terminalPlan(settings: TerminalSettings): Plan {
  const { directory, organs, code, gatewayUrl, broker, boards, line } = settings;
  const args = [
    ...nodeFlags('flags'),
    join(HOME, 'firmware', 'main.ts'),
    ...['--board', 'simulated', '--data', directory],
    ...['--enrol', code, '--gateway', gatewayUrl],
    ...(broker === undefined ? [] : ['--broker', broker]),
    ...['--boards', boards],
  ];
  const command = process.execPath;
  const { env, ...wrapped } = organs.keypad?.wrap(command, args) ?? { command, args, env: {} };
  return {
    name: 'the terminal',
    ...wrapped,
    env: { ...env, ...soundEnvironment(organs), ...organs.reader?.environment },
    // Without any keypad it waits for one: the stall opens and says which command brings it.
    ready: ({ event }) => event === 'ready' || event === 'waiting',
    line,
  };
}

export interface TelephoneSettings {
  readonly directory: string;
  /** Whose goods are sold, and its name in both languages. */
  readonly merchant: { readonly id: string; readonly name: string };
  readonly language: 'en' | 'zh-CN';
  readonly gatewayUrl: string;
  readonly post: Post;
  readonly boards: string;
  /** A voice model for Mandarin, where there is one. */
  readonly modelZh: string | undefined;
  readonly smsPort: number;
  readonly deskPort: number;
  /** The assistant's. */
  readonly token: string;
  readonly line: (line: ChildLine) => void;
}

/** The telephone terminal, watched: what is said on calls is told. */
export function telephonePlan(settings: TelephoneSettings): Plan {
  const { directory, merchant, language, gatewayUrl, post, boards, modelZh, token, line } =
    settings;
  const [english = merchant.name, chinese = english] = merchant.name.split(' / ');
  return {
    name: 'the telephone',
    command: process.execPath,
    args: [
      ...nodeFlags('telephone_flags'),
      join(HOME, 'firmware', 'telephone', 'main.ts'),
      ...['--board', 'simulated', '--data', directory, '--language', language],
      ...['--merchant', english, '--merchant-zh', chinese],
      ...['--gateway', gatewayUrl, '--sell', merchant.id, '--transcript'],
      ...['--sms', `127.0.0.1:${settings.smsPort}`, '--desk', `127.0.0.1:${settings.deskPort}`],
      ...['--boards', boards],
      ...(modelZh === undefined ? [] : ['--model-zh', modelZh]),
    ],
    env: { ...post.environment, HAWKER_AGENT_TOKEN: token },
    ready: ({ event }) => event === 'ready',
    line,
  };
}
