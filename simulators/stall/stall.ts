/**
 * The stall: a gateway, one terminal with every organ simulated on its wire, and customers' phones
 * before it. Terminal and gateway are the programs that ship, started as children; they don't know
 * that this exists, and nothing here reaches into them.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Key } from '#device/ports/keypad.ts';
import { freePort } from '../free-port.ts';
import { NetworkWire } from '../network/proxy.ts';
import { Post } from '../notify/post.ts';
import { Air } from '../radio/air.ts';
import { type AccountView, readAccounts } from './accounts.ts';
import { SmallDisk } from './disk.ts';
import { ScreenEye, type Seen, screenAddress } from './eye.ts';
import { Fingers } from './fingers.ts';
import { watchJournal } from './journal-watch.ts';
import { endOrphans, lockDirectory } from './lock.ts';
import { Machine } from './machine.ts';
import type { StallOptions } from './options.ts';
import { type Organs, openOrgans } from './organs.ts';
import { PairedPhones } from './paired-phones.ts';
import { gatewayPlan, type Plan, platformPlan, terminalPlan } from './plans.ts';
import { keepPorts, type Ports } from './ports.ts';
import { notNow } from './problems.ts';
import { Rack } from './rack.ts';
import { scanPanel, scanPaper } from './scan.ts';
import { Street } from './street.ts';
import type { StallTelephone } from './telephone.ts';
import { makeTelephone, traceLine } from './telephone-maker.ts';
import { Trace } from './trace.ts';
import { BOARDS, boardsFor, readSeed, readWiring, type StallSeed, type Wiring } from './wiring.ts';

const NETWORK = ['unplug', 'replug', 'hang', 'slow', 'loss', 'drop', 'clear'];
const NO_CHROMIUM = 'sudo apt-get install chromium';
const NO_DISK = 'start the stall as root, on a machine with loop devices and mkfs.ext4';
/** Between two looks at everything, while something changes. */
const QUIET_MS = 25;

export class Stall {
  readonly trace = new Trace();
  readonly rack = new Rack(() => this.#change());
  readonly seed: StallSeed;
  /** Who has an account at the platform. */
  readonly accounts: readonly AccountView[] = readAccounts();
  readonly wiring: Wiring;
  /** Where the gateway's messages to people arrive. */
  readonly post: Post;
  readonly street: Street;
  /** Those of its phones that are paired. */
  readonly paired: PairedPhones;
  readonly gateway: Machine;
  /** The third-party payment platform, and where it is. */
  readonly platform: Machine;
  readonly platformUrl: string;
  readonly terminal: Machine;
  /** Off until somebody wants to call. */
  readonly telephone: StallTelephone;
  readonly #options: StallOptions;
  /** What terminal and telephone are started with. */
  readonly #boards: string;
  readonly #air: Air;
  readonly #listeners = new Set<() => void>();
  readonly #terminalDirectory: string;
  #organs: Organs = {
    keypad: null,
    scanner: null,
    panel: null,
    hmi: null,
    printer: null,
    speaker: null,
    reader: null,
    microphone: null,
  };
  #network: NetworkWire | null = null;
  #eye: ScreenEye | null = null;
  #seen: Seen = { text: '', qr: null };
  #ports: Ports;
  #unwatch: () => void = () => undefined;
  #unlock: () => void = () => undefined;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  readonly #fingers = new Fingers();

  private constructor(
    options: StallOptions,
    ports: Ports,
    postPorts: { readonly mail: number; readonly sms: number },
    platformPort: number,
  ) {
    this.#options = options;
    this.post = new Post(postPorts, (to) => this.telephone.carrier(to));
    this.platformUrl = `http://127.0.0.1:${platformPort}`;
    this.platform = new Machine(
      () => platformPlan(join(options.directory, 'platform'), platformPort),
      () => this.#change(),
    );
    this.#ports = ports;
    this.#terminalDirectory = join(options.directory, 'terminal');
    this.seed = readSeed(options.seed, options);
    const { boards = BOARDS, directory, modelZh } = options;
    this.#boards = boardsFor(boards, directory, this.seed.terminals[0].language, modelZh);
    this.wiring = readWiring(this.#boards);
    this.#air = new Air({ watch: this.trace.watch });
    const [{ place }] = this.seed.terminals;
    this.street = new Street({
      air: this.#air,
      origin: place,
      gateway: () => this.gatewayUrl,
      language: () => this.language,
      directory: join(options.directory, 'street'),
      watch: this.trace.watch,
      changed: () => this.#change(),
    });
    this.paired = new PairedPhones({
      gateway: () => this.gatewayUrl,
      language: () => this.language,
      changed: () => this.#change(),
    });
    this.gateway = new Machine(
      () => this.#gatewayPlan(),
      () => this.#change(),
    );
    this.terminal = new Machine(
      () => this.#terminalPlan(),
      () => this.#change(),
    );
    this.telephone = makeTelephone({
      ...{ options, seed: this.seed, boards: this.#boards, post: this.post },
      ...{ rack: this.rack, trace: this.trace, gateway: () => this.gatewayUrl },
      changed: () => this.#change(),
    });
    this.trace.listen(() => this.#change());
  }

  /** Resolves when a vendor can sell; what could not be had is in the rack with its mend. */
  static async open(options: StallOptions): Promise<Stall> {
    const unlock = lockDirectory(options.directory);
    await endOrphans(options.directory);
    for (const each of ['gateway', 'platform', 'terminal', 'telephone', 'street', 'usb', 'sound']) {
      mkdirSync(join(options.directory, each), { recursive: true });
    }
    const [ports, mail, sms, lotus] = [
      await keepPorts(options.directory, options.ports),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const stall = new Stall(options, ports, { mail, sms }, lotus);
    stall.#unlock = unlock;
    try {
      await stall.#start();
    } catch (error) {
      await stall.close();
      throw error;
    }
    return stall;
  }

  get language(): 'en' | 'zh-CN' {
    return this.seed.terminals[0].language;
  }

  get gatewayUrl(): string {
    return `http://127.0.0.1:${this.#ports.http}`;
  }

  /** What is kept from one start to the next. */
  get directory(): string {
    return this.#options.directory;
  }

  get organs(): Organs {
    return this.#organs;
  }

  /** Where the terminal serves its screen. */
  get screenAddress(): string | null {
    return screenAddress(this.#terminalDirectory);
  }

  /** What was last read off the screen: by the browser, else off the customer's panel. */
  get seen(): Seen {
    if (this.#eye !== null) return this.#seen;
    const { hmi } = this.#organs;
    return { text: hmi?.text() ?? '', qr: hmi?.qr() ?? null };
  }

  get eye(): ScreenEye {
    if (this.#eye !== null) return this.#eye;
    const place = this.rack.view().find(({ wire }) => wire === 'screen');
    const none = this.#options.browser === false ? 'the stall was opened so' : 'it is starting';
    throw notNow(
      `The screen's browser is missing: ${place?.why ?? none}. ${place?.mend ?? ''}`.trimEnd(),
    );
  }

  /** Calls back after something changed, not more often than a person can see. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Presses keys one after the other, as a finger does. */
  press(keys: readonly Key[], on: 'keypad' | 'pad', perSecond: number): Promise<void> {
    return this.#fingers.press(this.#organs, this.wiring, keys, on, perSecond);
  }

  /** Reads the QR in the pixels of a display, or answers `null` where none is shown. */
  async scan(of: 'screen' | 'panel' | 'paper'): Promise<string | null> {
    switch (of) {
      case 'screen':
        return this.eye.scan();
      case 'panel':
        return scanPanel(this.#organs);
      default:
        return scanPaper(this.#organs);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#unwatch();
    this.paired.close();
    const { terminal, telephone, street } = this;
    const off = [terminal, telephone.machine].map((machine) => machine.kill('SIGTERM'));
    await Promise.all([street.close(), ...off]);
    await Promise.all([this.gateway.kill('SIGTERM'), this.platform.kill('SIGTERM')]);
    const stuck = await this.rack.close();
    this.#unlock();
    if (stuck.length > 0) this.#options.progress(`not closed in time: ${stuck.join(', ')}`);
  }

  async #start(): Promise<void> {
    const { directory, progress } = this.#options;
    const image = join(directory, 'terminal.ext4');
    const disk = await this.rack.add('disk', ['full', 'clear'], NO_DISK, () =>
      SmallDisk.open({
        directory: this.#terminalDirectory,
        image,
        watch: this.trace.watch,
      }),
    );
    if (disk === null && existsSync(image)) {
      throw new Error(
        `${image} is this terminal's disk: open the stall as root, or with another --data`,
      );
    }
    writeFileSync(join(directory, 'seed.json'), JSON.stringify(this.seed, null, 2));
    this.#unwatch = watchJournal(this.#terminalDirectory, this.trace.watch);
    const enrolled = existsSync(join(this.#terminalDirectory, 'identity.json'));
    progress(enrolled ? 'starting gateway and terminal' : 'starting gateway');
    const gateway = this.gateway.start();
    gateway.catch(() => undefined);
    const platform = this.platform.start();
    platform.catch(() => undefined);
    const post = this.post.open((...organ) => this.rack.add(...organ), this.trace.watch);
    this.#network = await this.rack.add('mqtt', NETWORK, '', () =>
      NetworkWire.open({
        target: `mqtt://127.0.0.1:${this.#ports.mqtt}`,
        watch: this.trace.watch,
      }),
    );
    this.#organs = await openOrgans(this.rack, {
      wiring: this.wiring,
      terminal: this.#terminalDirectory,
      directory,
      air: this.#air,
      watch: this.trace.watch,
    });
    if (!enrolled) {
      await gateway;
      progress('enrolling the terminal');
    }
    await Promise.all([gateway, platform, post, this.terminal.start()]);
    if (this.#options.browser !== false) void this.#openEye();
  }

  /** The browser comes last: a vendor can sell before it has painted. */
  async #openEye(): Promise<void> {
    const eye = await this.rack.add('screen', [], NO_CHROMIUM, () =>
      ScreenEye.open({
        directory: this.#terminalDirectory,
        watch: this.trace.watch,
        seen: (seen) => {
          this.#seen = seen;
          this.#change();
        },
      }),
    );
    if (this.#closed) await eye?.close();
    else this.#eye = eye;
    this.#change();
  }

  #gatewayPlan(): Plan {
    const { directory, publicUrl } = this.#options;
    const { gatewayUrl, platformUrl, post } = this;
    return gatewayPlan({
      ...{ directory, ports: this.#ports, publicUrl, gatewayUrl, platformUrl, post },
    });
  }

  #terminalPlan(): Plan {
    return terminalPlan({
      directory: this.#terminalDirectory,
      organs: this.#organs,
      code: this.seed.terminals[0].enrolment_code,
      gatewayUrl: this.gatewayUrl,
      broker: this.#network?.url,
      boards: this.#boards,
      line: (line) => traceLine(this.trace, 'terminal', line),
    });
  }

  #change(): void {
    if (this.#timer !== null || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      for (const listener of this.#listeners) listener();
    }, QUIET_MS);
  }
}
