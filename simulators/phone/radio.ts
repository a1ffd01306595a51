/** A phone's radio in our air, or on any controller's serial port: what it hears, and reading. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Air } from '../radio/air.ts';
import { Controller } from '../radio/controller.ts';
import type { Fault, Watch } from '../wire.ts';
import type { FromRadio, HeardPacket, ToRadio } from './radio-words.ts';

export type { HeardPacket } from './radio-words.ts';

const PROCESS = fileURLToPath(new URL('./radio-process.ts', import.meta.url));
/** noble looks for its controller once a second. */
const START_TIMEOUT_MS = 10_000;
/** Heard packets kept; a phone forgets what it heard long ago. */
const KEPT = 1000;

/** The phone's host: noble in its own process, on the controller at a serial port. */
export class PhoneRadio {
  readonly #child: ChildProcess;
  readonly #heard: HeardPacket[] = [];
  readonly #listeners = new Set<(packet: HeardPacket) => void>();
  readonly #reads = new Map<number, (word: FromRadio) => void>();
  #nextRead = 1;
  #ended = false;

  private constructor(port: string) {
    this.#child = fork(PROCESS, [], {
      execArgv: [],
      env: {
        PATH: process.env.PATH ?? '/usr/bin:/bin',
        BLUETOOTH_HCI_SOCKET_UART_PORT: port,
        // Otherwise noble waits for a scan response before it reports a broadcast.
        NOBLE_REPORT_ALL_HCI_EVENTS: '1',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (word: FromRadio) => this.#take(word));
    this.#child.once('exit', () => {
      this.#ended = true;
      for (const [id, answer] of this.#reads) {
        answer({ say: 'failed', id, why: "the phone's radio ended" });
      }
    });
  }

  /** Resolves when it scans. */
  static async open(port: string): Promise<PhoneRadio> {
    const radio = new PhoneRadio(port);
    try {
      await radio.#scanning();
    } catch (error) {
      await radio.close();
      throw error;
    }
    return radio;
  }

  /** What was heard, oldest first; the last thousand. */
  heard(): readonly HeardPacket[] {
    return [...this.#heard];
  }

  /** Each packet from now on, until the answer is called. */
  onHeard(listener: (packet: HeardPacket) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first packet, from now on, that fits; rejects when none came in time. */
  waitForHeard(fits: (packet: HeardPacket) => boolean, timeoutMs: number): Promise<HeardPacket> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        stop();
        this.#child.off('exit', fail);
      };
      const fail = (): void => {
        end();
        reject(new Error(`heard nothing that fits within ${timeoutMs} ms`));
      };
      const timer = setTimeout(fail, timeoutMs);
      const stop = this.onHeard((packet) => {
        if (!fits(packet)) return;
        end();
        resolve(packet);
      });
      this.#child.once('exit', fail);
    });
  }

  /** Connects to whoever was heard last, or to `address`, and reads the pay URL. */
  readUrl(address = this.#heard.at(-1)?.address): Promise<string> {
    return this.#read(address, null);
  }

  /** As {@link readUrl}, but subscribes, says so, and reads when the URL changed. */
  readNextUrl(subscribed: () => void, address = this.#heard.at(-1)?.address): Promise<string> {
    return this.#read(address, subscribed);
  }

  #read(address: string | undefined, subscribed: (() => void) | null): Promise<string> {
    if (address === undefined) return Promise.reject(new Error('nothing was heard yet'));
    if (this.#ended) return Promise.reject(new Error("the phone's radio ended"));
    const id = this.#nextRead;
    this.#nextRead += 1;
    return new Promise((resolve, reject) => {
      this.#reads.set(id, (word) => {
        if (word.say === 'subscribed') return subscribed?.();
        this.#reads.delete(id);
        if (word.say === 'read') resolve(word.url);
        else if (word.say === 'failed') reject(new Error(word.why));
      });
      this.#say({ say: 'read', id, address, changed: subscribed !== null });
    });
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    if (this.#ended) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #say(word: ToRadio): void {
    if (this.#child.connected) this.#child.send(word);
  }

  #take(word: FromRadio): void {
    if (word.say === 'heard') {
      this.#heard.push(word.packet);
      if (this.#heard.length > KEPT) this.#heard.shift();
      for (const listener of [...this.#listeners]) listener(word.packet);
    } else if (word.say !== 'scanning') this.#reads.get(word.id)?.(word);
  }

  #scanning(): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error: Error | null): void => {
        clearTimeout(timer);
        this.#child.off('message', look);
        this.#child.off('exit', ended);
        if (error === null) resolve();
        else reject(error);
      };
      const look = (word: FromRadio): void => {
        if (word.say === 'scanning') end(null);
      };
      const ended = (): void => end(new Error("the phone's radio ended before it scanned"));
      const timer = setTimeout(() => {
        end(new Error(`the phone's radio did not scan within ${START_TIMEOUT_MS} ms`));
      }, START_TIMEOUT_MS);
      this.#child.on('message', look);
      this.#child.once('exit', ended);
    });
  }
}

export interface RadioPhoneOptions {
  readonly air: Air;
  /** Unique in the air, such as `ann`. */
  readonly name: string;
  /** From the terminal, which stands at 0, 0. */
  readonly distance_m: number;
  /** Where its serial port is made. */
  readonly directory: string;
  readonly watch?: Watch;
}

/** A phone that stands somewhere in our air. Its wire is `phone.NAME`. */
export class RadioPhone {
  readonly name: string;
  readonly #controller: Controller;
  readonly #radio: PhoneRadio;

  private constructor(name: string, controller: Controller, radio: PhoneRadio) {
    this.name = name;
    this.#controller = controller;
    this.#radio = radio;
  }

  /** Resolves when it scans, about a second later. */
  static async open(options: RadioPhoneOptions): Promise<RadioPhone> {
    const { air, name, distance_m, directory, watch } = options;
    const path = join(directory, `phone-${name}`);
    const controller = await Controller.open({
      air,
      name,
      wire: `phone.${name}`,
      path,
      address: randomAddress(air),
      spot: { x_m: distance_m, y_m: 0 },
      ...(watch === undefined ? {} : { watch }),
    });
    try {
      return new RadioPhone(name, controller, await PhoneRadio.open(path));
    } catch (error) {
      await controller.close();
      throw error;
    }
  }

  /** See {@link PhoneRadio.heard}. */
  heard(): readonly HeardPacket[] {
    return this.#radio.heard();
  }

  /** See {@link PhoneRadio.onHeard}. */
  onHeard(listener: (packet: HeardPacket) => void): () => void {
    return this.#radio.onHeard(listener);
  }

  /** See {@link PhoneRadio.waitForHeard}. */
  waitForHeard(fits: (packet: HeardPacket) => boolean, timeoutMs: number): Promise<HeardPacket> {
    return this.#radio.waitForHeard(fits, timeoutMs);
  }

  /** See {@link PhoneRadio.readUrl}. */
  readUrl(address?: string): Promise<string> {
    return this.#radio.readUrl(address);
  }

  /** See {@link PhoneRadio.readNextUrl}. */
  readNextUrl(subscribed: () => void, address?: string): Promise<string> {
    return this.#radio.readNextUrl(subscribed, address);
  }

  /** Stands `metres` away from the terminal from now on. */
  moveTo(metres: number): void {
    this.#controller.moveTo({ x_m: metres, y_m: 0 });
  }

  get distance_m(): number {
    return this.#controller.spot.x_m;
  }

  apply(fault: Fault): Promise<void> {
    return this.#controller.apply(fault);
  }

  async close(): Promise<void> {
    await this.#radio.close();
    await this.#controller.close();
  }
}

/** Of the locally administered addresses, one that is free. */
function randomAddress(air: Air): string {
  for (;;) {
    const bytes = Array.from({ length: 5 }, () => Math.floor(air.chance() * 256));
    const address = [0xc2, ...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    if (air.find(address) === undefined) return address;
  }
}
