/**
 * The one way to a Bluetooth controller: commands go out one at a time, each is answered within a
 * time limit, and whatever goes wrong is told once. bleno takes a link for its own HCI socket, so
 * that our commands and bleno's share the controller's only command slot (Part E §4.4).
 */
import { EventEmitter } from 'node:events';
import {
  type Completion,
  EVENT,
  OPCODE,
  readCompletion,
  readPacket,
  writePacket,
} from '#device/codecs/hci.ts';
import { DeviceError } from '#device/ports/device.ts';

/** Bytes to and from a controller, whole packets only. */
export interface PacketPipe {
  write(packet: Uint8Array): Promise<void>;
  /** Events that the operating system should pass on; only a shared controller needs it. */
  filter?(filter: Buffer): void;
  close(): Promise<void>;
}

interface Command {
  readonly opcode: number;
  readonly packet: Uint8Array;
  readonly done?: (completion: Completion) => void;
}

/** A healthy controller answers in milliseconds; one that takes this long hangs. */
const ANSWER_TIMEOUT_MS = 1000;
const COMMAND_TYPE = 0x01;

export class HciLink extends EventEmitter {
  readonly #organ: string;
  readonly #lose: (error: DeviceError) => void;
  readonly #queue: Command[] = [];
  readonly #waiting: { resolve: () => void; reject: (error: DeviceError) => void }[] = [];
  readonly #watches = new Set<{ opcode: number; statuses: number[] }>();
  #pipe: PacketPipe | null = null;
  #flying: Command | null = null;
  #timer: NodeJS.Timeout | undefined;
  #failure: DeviceError | null = null;
  #closing: Promise<void> | null = null;

  /** `lose` is called at most once, with what made the link unusable. */
  constructor(organ: string, lose: (error: DeviceError) => void) {
    super();
    this.#organ = organ;
    this.#lose = lose;
  }

  attach(pipe: PacketPipe): void {
    this.#pipe = pipe;
    this.#next();
  }

  /** Resolves with the controller's answer; rejects with the `DeviceError` that broke the link. */
  command(opcode: number, parameters = new Uint8Array(0)): Promise<Completion> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#waiting.push({ resolve: () => undefined, reject });
      const packet = writePacket({ kind: 'command', opcode, parameters });
      this.#queue.push({ opcode, packet, done: resolve });
      this.#next();
    });
  }

  /** Resolves when every command so far was answered. */
  settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) reject(this.#failure);
      else if (this.#flying === null && this.#queue.length === 0) resolve();
      else this.#waiting.push({ resolve, reject });
    });
  }

  /** Every status that commands `opcode` are answered with while `run` runs. */
  async statuses(opcode: number, run: () => Promise<void>): Promise<readonly number[]> {
    const watch = { opcode, statuses: [] };
    this.#watches.add(watch);
    try {
      await run();
    } finally {
      this.#watches.delete(watch);
    }
    return watch.statuses;
  }

  /** A packet from the controller. */
  receive(bytes: Uint8Array): void {
    const packet = readPacket(bytes);
    if (this.#failure !== null || packet === null || packet.kind === 'command') return;
    if (packet.kind === 'event' && packet.code === EVENT.hardwareError) {
      this.fail(new DeviceError('protocol', this.#organ, 'the controller reports a fault'));
      return;
    }
    const completion = readCompletion(packet);
    const answered = completion !== null && completion.opcode === this.#flying?.opcode;
    const command = this.#flying;
    if (answered) {
      clearTimeout(this.#timer);
      this.#flying = null;
    }
    // bleno reads events without looking at their length: what it throws is the controller's doing.
    try {
      this.emit('data', Buffer.from(bytes));
    } catch (cause) {
      this.fail(new DeviceError('protocol', this.#organ, 'the controller sent garbage', { cause }));
      return;
    }
    if (completion === null || !answered) return;
    for (const watch of this.#watches) {
      if (watch.opcode === completion.opcode) watch.statuses.push(completion.status);
    }
    command?.done?.(completion);
    this.#next();
  }

  /** Makes the link unusable; what waits rejects with `error`. */
  fail(error: DeviceError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#flying = null;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    void this.#release();
    this.#lose(error);
  }

  /** Releases the controller without telling of a loss. */
  async close(): Promise<void> {
    this.#failure ??= new DeviceError('lost', this.#organ, 'closed');
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    this.removeAllListeners();
    await this.#release();
  }

  #release(): Promise<void> {
    this.#closing ??= this.#pipe?.close() ?? Promise.resolve();
    return this.#closing;
  }

  get failure(): DeviceError | null {
    return this.#failure;
  }

  #next(): void {
    if (this.#pipe === null || this.#flying !== null || this.#failure !== null) return;
    const command = this.#queue.shift();
    if (command === undefined) {
      for (const { resolve } of this.#waiting.splice(0)) resolve();
      return;
    }
    this.#flying = command;
    this.#timer = setTimeout(() => {
      const name = `0x${command.opcode.toString(16).padStart(4, '0')}`;
      this.fail(
        new DeviceError('timeout', this.#organ, `the controller leaves ${name} unanswered`, {
          mend: 'unplug the Bluetooth controller and plug it in again',
        }),
      );
    }, ANSWER_TIMEOUT_MS);
    this.#send(command.packet);
  }

  #send(packet: Uint8Array): void {
    this.#pipe?.write(packet).catch((error: unknown) => {
      if (error instanceof DeviceError) this.fail(error);
      else this.fail(new DeviceError('lost', this.#organ, String(error), { cause: error }));
    });
  }

  // What bleno expects of its socket.

  bindRaw(): undefined {
    return undefined;
  }

  start(): void {}

  stop(): void {}

  isDevUp(): boolean {
    return this.#failure === null;
  }

  setFilter(filter: Buffer): void {
    this.#pipe?.filter?.(filter);
  }

  /** A packet of bleno's. */
  write(bytes: Buffer): void {
    if (this.#failure !== null) return;
    if (bytes[0] !== COMMAND_TYPE) {
      this.#send(bytes);
      return;
    }
    const opcode = bytes.readUInt16LE(1);
    // Ours is the only reset: bleno's would forget the transmit power.
    if (opcode === OPCODE.reset) return;
    this.#queue.push({ opcode, packet: bytes });
    this.#next();
  }
}
