/** A gateway, terminals and the cables between them, each a process of its own that may be killed. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveKeys, type TerminalKeys } from '#device/codecs/keys.ts';
import { Journal } from '#device/journal.ts';
import { type Identity, identitySchema } from '#device/messages/enrolment.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Key } from '#device/ports/keypad.ts';
import { systemChance } from '#firmware/clock.ts';
import { openFileDisk } from '#firmware/disk.ts';
import { loadJournalKey } from '#firmware/journal-key.ts';
import node from '#firmware/node.json' with { type: 'json' };
import { PcscStand } from '#simulators/card/reader.ts';
import { freePort } from '#simulators/free-port.ts';
import { NetworkWire } from '#simulators/network/proxy.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import { Machine } from '#simulators/stall/machine.ts';
import { PLACE } from '#test/gateway/harness.ts';
import { HOME } from '#test/tidy/sources.ts';

/** Short, so that what nobody pays ends by itself before the end is waited for. */
const LIFETIME_S = 12;
/** A tap is as long as on a reader of metal. */
const READER_POLL_MS = 25;
export const PIN = '246810';
export const BALANCE_MINOR = 500_000;
export const phoneOf = (at: number): string => `+861380000${String(1000 + at)}`;

const BOARDS = {
  profiles: {
    chaos: {
      about: 'A screen with keys to touch, and a card reader',
      qr: { format: 'url' },
      organs: {
        screen: { driver: 'kiosk', listen: 0, touch: true },
        reader: { driver: 'pcsc-reader', reader: 'Hawker 00 00' },
      },
    },
  },
};

export class Stall {
  readonly name: string;
  readonly machine: Machine;
  readonly wire: NetworkWire;
  readonly reader: PcscStand;
  readonly data: string;
  readonly said: Record<string, unknown>[] = [];
  #reads = 0;

  constructor(
    directory: string,
    name: string,
    { http, wire, reader }: { http: string; wire: NetworkWire; reader: PcscStand },
  ) {
    this.name = name;
    this.wire = wire;
    this.reader = reader;
    this.data = join(directory, name);
    mkdirSync(this.data, { recursive: true });
    const args = ['--board', 'chaos', '--boards', join(directory, 'boards.json')];
    const enrol = ['--enrol', `CODE-${name}`, '--gateway', http, '--broker', wire.url];
    this.machine = new Machine(
      () => ({
        name,
        command: process.execPath,
        args: [
          ...node.flags,
          join(HOME, 'firmware/main.ts'),
          ...args,
          '--data',
          this.data,
          ...enrol,
        ],
        env: reader.environment,
        ready: ({ event, organ, is }) =>
          event === 'organ' && organ === 'screen' && is === 'working',
        line: (line) => void this.said.push(line),
      }),
      () => undefined,
    );
  }

  get identity(): Identity {
    return identitySchema.parse(JSON.parse(readFileSync(join(this.data, 'identity.json'), 'utf8')));
  }

  get keys(): TerminalKeys {
    return deriveKeys(this.identity.secret);
  }

  /** Touches a key; `false` where nobody is there to feel it. */
  async press(key: Key): Promise<boolean> {
    try {
      const { url } = JSON.parse(readFileSync(join(this.data, 'kiosk.json'), 'utf8'));
      const { origin } = new URL(url);
      const init = { method: 'POST', redirect: 'manual', body: `key=${encodeURIComponent(key)}` };
      const headers = { origin, 'content-type': 'application/x-www-form-urlencoded' };
      const signal = AbortSignal.timeout(2000);
      const answer = await fetch(new URL('key', url), { ...init, headers, signal } as RequestInit);
      return answer.status === 303;
    } catch {
      return false;
    }
  }

  /** Keeps what its program said, for whoever looks why something failed. */
  keepWhatItSaid(): void {
    const lines = this.said.map((line) => JSON.stringify(line));
    writeFileSync(join(this.data, 'said'), `${lines.join('\n')}\n`);
  }

  /** What stands in its journal now, read from a copy. */
  async journal(): Promise<readonly JournalEntry[]> {
    const from = join(this.data, 'journal');
    if (!existsSync(from) || !existsSync(join(this.data, 'journal.key'))) return [];
    const key = await loadJournalKey(this.data, systemChance);
    this.#reads += 1;
    const copy = join(this.data, `journal.copy-${this.#reads % 4}`);
    copyFileSync(from, copy);
    const disk = await openFileDisk(copy);
    try {
      return (await Journal.open(disk, { key })).entries;
    } finally {
      await disk.close();
    }
  }
}

export interface Street {
  readonly directory: string;
  readonly http: string;
  readonly store: string;
  readonly gateway: Machine;
  readonly stalls: readonly Stall[];
  close(): Promise<void>;
}

/** Everything runs and every terminal is enrolled when this resolves. */
export async function openStreet(
  directory: string,
  count: number,
  payers: number,
  chance: SeededChance,
): Promise<Street> {
  const names = Array.from({ length: count }, (_, at) => `t-${at + 1}`);
  writeFileSync(join(directory, 'boards.json'), JSON.stringify(BOARDS));
  const seed = join(directory, 'seed.json');
  writeFileSync(seed, JSON.stringify(seedOf(names, payers)));
  const [httpPort, mqttPort] = [await freePort(), await freePort()];
  const [http, mqtt] = [`http://127.0.0.1:${httpPort}`, `mqtt://127.0.0.1:${mqttPort}`];
  const store = join(directory, 'gateway');
  const doors = ['--http', `127.0.0.1:${httpPort}`, '--plain-mqtt', `127.0.0.1:${mqttPort}`];
  const gateway = new Machine(
    () => ({
      name: 'gateway',
      command: process.execPath,
      args: [join(HOME, 'gateway/main.ts'), '--data', store, '--seed', seed, ...doors],
      ready: ({ ready }) => ready === true,
    }),
    () => undefined,
  );
  await gateway.start();
  const stalls: Stall[] = [];
  for (const name of names) {
    const random = chance.stream(`wire ${name}`);
    const wire = await NetworkWire.open({ target: mqtt, chance: () => random.fraction() });
    const reader = await PcscStand.open({
      directory: join(directory, `${name}-reader`),
      pollMs: READER_POLL_MS,
    });
    stalls.push(new Stall(directory, name, { http, wire, reader }));
  }
  await Promise.all(stalls.map(({ machine }) => machine.start()));
  return {
    ...{ directory, http, store, gateway, stalls },
    async close() {
      await Promise.all(
        [gateway, ...stalls.map((stall) => stall.machine)].map((each) => each.kill('SIGTERM')),
      );
      await Promise.all(stalls.flatMap(({ wire, reader }) => [wire.close(), reader.close()]));
    },
  };
}

function seedOf(names: readonly string[], payers: number) {
  return {
    calling_code: '86',
    vendors: [{ id: 'lin', name: "Lin's Dumplings" }],
    terminals: names.map((id) => ({
      ...{ id, vendor: 'lin', enrolment_code: `CODE-${id}`, place: PLACE, currency: 'CNY' },
      ...{ language: 'en', order_lifetime_s: LIFETIME_S, catalogue: [] },
    })),
    payers: Array.from({ length: payers }, (_, at) => ({
      ...{ phone: phoneOf(at), pin: PIN },
      balances: [{ currency: 'CNY', amount_minor: BALANCE_MINOR }],
    })),
  };
}
