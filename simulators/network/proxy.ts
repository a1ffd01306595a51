/**
 * The network cable between terminal and gateway: a TCP wire that carries MQTT packet by packet,
 * tells what passes, and can be cut, hung, slowed, made lossy, or told to swallow one packet.
 */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';
import { type Fault, FaultError, type Simulator, type Watch } from '../wire.ts';
import { PacketCutter, PacketTeller } from './packets.ts';

type Direction = 'in' | 'out';

/** Faults of a network besides the common ones. */
export type NetworkFault =
  | Fault
  /** Swallows the nth packet of a command from now on (1 is the next), then passes all again. */
  | {
      readonly fault: 'drop';
      readonly packet: 'publish' | 'puback';
      readonly direction: Direction;
      readonly nth: number;
    };

export interface NetworkOptions {
  /** Where the real broker listens: `mqtt://127.0.0.1:1883`. */
  readonly target: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
  /** Uniform in [0, 1); decides which packets are lost. */
  readonly chance?: () => number;
}

/** Bytes of a packet that the trace shows; a CONNECT's password begins later. */
const TRACED = 24;

interface Line {
  readonly near: Socket;
  readonly far: Socket;
  readonly teller: PacketTeller;
  /** When each direction's last packet has passed, on the monotonic clock. */
  readonly freeAt: Record<Direction, number>;
}

export class NetworkWire implements Simulator {
  readonly wire = 'mqtt';
  readonly #options: NetworkOptions;
  readonly #clock: Clock;
  readonly #lines = new Set<Line>();
  readonly #server: Server;
  #target: URL;
  #plugged = true;
  #hung = false;
  #loss = 0;
  #bitsPerSecond = 0;
  #drop: { packet: string; direction: Direction; nth: number } | null = null;

  private constructor(options: NetworkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#target = new URL(options.target);
    this.#server = createServer({ noDelay: true }, (socket) => this.#join(socket));
  }

  /** Resolves when a terminal can connect to {@link NetworkWire.url}. */
  static async open(options: NetworkOptions): Promise<NetworkWire> {
    const wire = new NetworkWire(options);
    await new Promise<void>((resolve, reject) => {
      wire.#server.once('error', reject);
      wire.#server.listen(0, '127.0.0.1', () => resolve());
    });
    return wire;
  }

  /** The terminal's end. */
  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the wire is closed');
    return `mqtt://127.0.0.1:${address.port}`;
  }

  /** Leads to another broker from the next connection on: a gateway came back on another port. */
  lead(target: string): void {
    this.#target = new URL(target);
  }

  async apply(fault: NetworkFault): Promise<void> {
    switch (fault.fault) {
      case 'unplug':
        this.#plugged = false;
        this.#cut();
        break;
      case 'replug':
        this.#plugged = true;
        break;
      case 'hang':
        this.#hung = true;
        break;
      case 'slow':
        this.#bitsPerSecond = fault.bits_per_second;
        break;
      case 'loss':
        this.#loss = fault.probability;
        break;
      case 'drop':
        this.#drop = { packet: fault.packet, direction: fault.direction, nth: fault.nth };
        break;
      case 'clear':
        this.#clear();
        break;
      default:
        throw new FaultError(
          `${this.wire} knows unplug, replug, hang, slow, loss, drop, clear; not ${fault.fault}: ` +
            "TCP's checksum turns noise into loss",
        );
    }
    this.#options.watch?.({ wire: this.wire, direction: 'state', text: `fault: ${fault.fault}` });
  }

  async close(): Promise<void> {
    this.#cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #clear(): void {
    // Bytes that a hung line swallowed are gone, so its connections can't go on.
    if (this.#hung) this.#cut();
    this.#plugged = true;
    this.#hung = false;
    this.#loss = 0;
    this.#bitsPerSecond = 0;
    this.#drop = null;
  }

  #cut(): void {
    for (const { near, far } of this.#lines) {
      near.destroy();
      far.destroy();
    }
    this.#lines.clear();
  }

  #join(near: Socket): void {
    near.on('error', () => undefined);
    if (!this.#plugged) {
      near.resetAndDestroy();
      return;
    }
    const far = dial({ host: this.#target.hostname, port: Number(this.#target.port) || 1883 });
    far.setNoDelay(true);
    const line: Line = { near, far, teller: new PacketTeller(), freeAt: { in: 0, out: 0 } };
    this.#lines.add(line);
    const end = (): void => {
      this.#lines.delete(line);
      near.destroy();
      far.destroy();
    };
    far.on('error', end);
    near.on('close', end);
    far.on('close', end);
    this.#carry(line, 'out', near, far);
    this.#carry(line, 'in', far, near);
  }

  #carry(line: Line, direction: Direction, from: Socket, to: Socket): void {
    const cutter = new PacketCutter();
    from.on('data', (bytes: Buffer) => {
      if (this.#hung) return;
      try {
        for (const packet of cutter.push(bytes)) this.#pass(line, direction, packet, to);
      } catch (error) {
        const why = error instanceof Error ? error.message : 'not MQTT';
        this.#options.watch?.({ wire: this.wire, direction: 'state', text: `cut: ${why}` });
        from.destroy();
      }
    });
  }

  #pass(line: Line, direction: Direction, packet: Buffer, to: Socket): void {
    const { command, text } = line.teller.tell(packet);
    const say = (what: string): void =>
      this.#options.watch?.({
        wire: this.wire,
        direction,
        text: what,
        hex: packet.subarray(0, TRACED).toString('hex'),
      });
    if (this.#swallows(command, direction)) {
      say(`${text} (swallowed)`);
      return;
    }
    if (this.#loss > 0 && (this.#options.chance ?? Math.random)() < this.#loss) {
      say(`${text} (lost: connection reset)`);
      line.near.resetAndDestroy();
      line.far.destroy();
      return;
    }
    say(text);
    const now = this.#clock.monotonic();
    const free = Math.max(now, line.freeAt[direction]);
    const takes = this.#bitsPerSecond > 0 ? (packet.length * 8000) / this.#bitsPerSecond : 0;
    line.freeAt[direction] = free + takes;
    const deliver = (): void => {
      if (to.writable && !this.#hung) to.write(packet);
    };
    if (free + takes <= now) deliver();
    else this.#clock.after(free + takes - now, deliver);
  }

  #swallows(command: string, direction: Direction): boolean {
    const drop = this.#drop;
    if (drop === null || drop.packet !== command || drop.direction !== direction) return false;
    drop.nth -= 1;
    if (drop.nth > 0) return false;
    this.#drop = null;
    return true;
  }
}
