/**
 * A PC/SC reader to test with: the real pcscd, alone in a mount namespace, with vsmartcard's vpcd
 * driver in it and our card behind that. Needs root, or user namespaces.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';
import { freePort } from '../free-port.ts';
import { type Fault, FaultError, type Simulator, type Watch } from '../wire.ts';
import type { Card } from './card.ts';
import type { Field, Tear } from './field.ts';
import { Slot } from './vpcd.ts';

/** Program → the command that installs it. */
export const PCSC_TOOLS = {
  pcscd: { path: '/usr/sbin/pcscd', install: 'sudo apt-get install pcscd' },
  vpcd: {
    path: '/usr/lib/pcsc/drivers/serial/libifdvpcd.so',
    install: 'sudo apt-get install vsmartcard-vpcd',
  },
} as const;

export interface PcscStandOptions {
  /** Its own, short enough for a socket's path. */
  readonly directory: string;
  readonly wire?: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
  /**
   * How often the daemon looks for cards; it takes a C compiler to change it. Left out, it is as
   * Debian ships it: 400.
   */
  readonly pollMs?: number;
}

const POLL_SOURCE = fileURLToPath(new URL('./poll.c', import.meta.url));
const START_TIMEOUT_MS = 5000;
const DAEMON_POLL_MS = 400;
/** What a look takes on a busy machine. */
const LOOK_MS = 60;
const NAME = 'Hawker';

/** The daemon with a two-slot reader; slot 0 is the reader of the terminal. */
export class PcscStand implements Simulator {
  readonly wire: string;
  /** The name that PC/SC gives to slot 0. */
  readonly reader = `${NAME} 00 00`;
  readonly slot: Slot;
  readonly #options: PcscStandOptions;
  readonly #port: number;
  #daemon: ChildProcess | null = null;
  #kept: readonly Card[] = [];

  private constructor(options: PcscStandOptions, port: number) {
    const { watch, clock } = options;
    this.wire = options.wire ?? 'reader';
    this.#options = options;
    this.#port = port;
    const extra = { ...(watch === undefined ? {} : { watch }), ...(clock ? { clock } : {}) };
    this.slot = new Slot({ port, wire: this.wire, ...extra });
  }

  /** Resolves when clients can connect and the reader is listed. */
  static async open(options: PcscStandOptions): Promise<PcscStand> {
    for (const { path, install } of Object.values(PCSC_TOOLS)) {
      if (!existsSync(path)) throw new Error(`${path} is missing: ${install}`);
    }
    const stand = new PcscStand(options, await freePort(2));
    await stand.startDaemon();
    return stand;
  }

  /** What a client of this daemon must have in its environment. */
  get environment(): { readonly PCSCLITE_CSOCK_NAME: string } {
    return { PCSCLITE_CSOCK_NAME: join(this.#directory('run'), 'pcscd.comm') };
  }

  get field(): Field {
    return this.slot.field;
  }

  /** Puts a card on the reader, or two at once. */
  async present(...cards: readonly Card[]): Promise<void> {
    this.#kept = cards;
    await this.slot.present(...cards);
  }

  /** Pulls the card away, and waits until the daemon has looked. */
  async remove(): Promise<void> {
    this.#kept = [];
    await this.slot.remove();
    const { clock = realClock, pollMs = DAEMON_POLL_MS } = this.#options;
    await new Promise<void>((resolve) => clock.after(pollMs + LOOK_MS, () => resolve()));
  }

  /** The card will be pulled away at that command. */
  tear(tear: Tear): void {
    this.field.tear(tear);
  }

  async hang(on: boolean): Promise<void> {
    await this.apply({ fault: on ? 'hang' : 'clear' });
  }

  /** Starts the daemon; with `reader` false it has none, as when it was unplugged. */
  async startDaemon(reader = true): Promise<void> {
    const run = this.#directory('run');
    const config = this.#directory('config');
    rmSync(this.environment.PCSCLITE_CSOCK_NAME, { force: true });
    this.#configure(reader);
    // Its directory is fixed at compile time, so it is given one of its own.
    const mounts = 'mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind "$0" /run/pcscd';
    // However we end, the daemon ends with us.
    const daemonCommand = 'exec setpriv --pdeathsig KILL pcscd --foreground --config "$1"';
    const script = `${mounts} && ${daemonCommand}`;
    const unshare = process.getuid?.() === 0 ? ['-m'] : ['-m', '--map-root-user'];
    const daemon = spawn('unshare', [...unshare, 'sh', '-c', script, run, config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...this.#preload() },
    });
    this.#daemon = daemon;
    let said = '';
    daemon.stderr.on('data', (text: Buffer) => {
      said = `${said}${text.toString()}`.slice(-500);
    });
    const ended = new Promise<string>((resolve) => {
      daemon.once('error', (error) => resolve(error.message));
      daemon.once('exit', () => resolve(said));
    });
    await this.#until(() => answers(this.environment.PCSCLITE_CSOCK_NAME), ended);
    // The driver listens on both ports before the daemon takes clients.
    this.#say(reader ? 'the daemon runs' : 'the daemon runs, without a reader');
  }

  async stopDaemon(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = null;
    if (daemon === null || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill(signal);
    await gone;
    this.#say('the daemon is gone');
  }

  /**
   * Knows unplug, replug, hang, noise (answers become garbage) and clear. pcscd can't lose a reader
   * that is not on USB while it runs, nor find one: it is started again without, or with it.
   */
  async apply(fault: Fault): Promise<void> {
    switch (fault.fault) {
      case 'unplug':
        await this.stopDaemon('SIGKILL');
        await this.startDaemon(false);
        break;
      case 'replug':
        await this.stopDaemon();
        await this.startDaemon();
        await this.#return();
        break;
      case 'hang':
        this.field.hung = true;
        break;
      case 'noise':
        this.field.garbage = randomAnswer;
        break;
      case 'clear':
        this.field.hung = false;
        this.field.garbage = null;
        await this.#return();
        break;
      default:
        throw new FaultError(`${this.wire} knows unplug, replug, hang, noise, clear`);
    }
    this.#say(`fault: ${fault.fault}`);
  }

  async close(): Promise<void> {
    await this.slot.remove();
    await this.stopDaemon();
  }

  /** Puts back the cards that lay on the reader when it went away. */
  async #return(): Promise<void> {
    if (this.field.cards.length > 0 || this.#kept.length === 0) return;
    const kept = this.#kept;
    await this.#until(() =>
      this.slot.present(...kept).then(
        () => true,
        () => false,
      ),
    );
  }

  #preload(): NodeJS.ProcessEnv {
    const { pollMs } = this.#options;
    if (pollMs === undefined) return {};
    const library = join(this.#directory('lib'), 'poll.so');
    if (!existsSync(library)) {
      execFileSync('gcc', ['-shared', '-fPIC', '-o', library, POLL_SOURCE, '-ldl']);
    }
    return { LD_PRELOAD: library, PCSCD_POLL_MS: `${pollMs}` };
  }

  #configure(reader: boolean): void {
    const file = join(this.#directory('config'), 'vpcd');
    const port = this.#port;
    const lines = [
      `FRIENDLYNAME "${NAME}"`,
      `DEVICENAME /dev/null:${port}`,
      `LIBPATH ${PCSC_TOOLS.vpcd.path}`,
      `CHANNELID ${port}`,
    ];
    writeFileSync(file, reader ? `${lines.join('\n')}\n` : '');
  }

  #directory(name: string): string {
    const path = join(this.#options.directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async #until(done: () => Promise<boolean>, ended?: Promise<string>): Promise<void> {
    const clock = this.#options.clock ?? realClock;
    const deadline = clock.monotonic() + START_TIMEOUT_MS;
    const tick = (): Promise<null> =>
      new Promise((resolve) => clock.after(10, () => resolve(null)));
    while (!(await done())) {
      const end = await (ended === undefined ? tick() : Promise.race([ended, tick()]));
      if (end !== null) throw new Error(`pcscd ended: ${end}`);
      if (clock.monotonic() > deadline) throw new Error('pcscd is not ready in time');
    }
  }

  #say(text: string): void {
    this.#options.watch?.({ wire: this.wire, direction: 'state', text });
  }
}

/** Nine bytes that no card said. */
const randomAnswer = (): Uint8Array => Uint8Array.from({ length: 9 }, () => Math.random() * 256);

/** Whether something takes connections there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
