/**
 * A Bluetooth controller on a serial wire: H4 towards the host, a link layer towards the air. It
 * answers what bleno and noble ask of a controller, and the real "unknown command" to all else.
 *
 * It presents itself as Cypress's, because it takes their command for transmit power.
 */
import { concat, hex } from '#device/codecs/bytes.ts';
import {
  addressBytes,
  EVENT,
  type HciPacket,
  OPCODE,
  PacketSplitter,
  readPacket,
  u16,
  writePacket,
} from '#device/codecs/hci.ts';
import { Pty } from '../pty.ts';
import type { Fault, Simulator, Watch } from '../wire.ts';
import type { Air, Spot } from './air.ts';
import type { AclFrame, LinkParameters } from './air-link.ts';
import { answerCommand } from './commands.ts';
import { LinkLayer, type LinkLayerEvents } from './link-layer.ts';

export interface ControllerOptions {
  readonly air: Air;
  /** Its name in the air and, unless `wire` says otherwise, on the wire. */
  readonly name: string;
  readonly wire?: string;
  /** The serial port that the host opens. */
  readonly path: string;
  /** `00:11:22:33:44:55`; must be its own in the air. */
  readonly address: string;
  readonly spot?: Spot;
  readonly watch?: Watch;
  /** Transmit power that its command takes; it starts at the highest. */
  readonly power?: { readonly lowest_dbm: number; readonly highest_dbm: number };
  /** Whether it can advertise while someone is connected; some can't. Default: it can. */
  readonly busyAdvertising?: boolean;
}

/** How much of a trace is shown; the rest of a packet rarely tells more. */
const TRACE_BYTES = 64;
const POWER = { lowest_dbm: -40, highest_dbm: 9 };
const LE = { connected: 0x01, report: 0x02, updated: 0x03 } as const;
const OPCODE_NAMES = new Map<number, string>(
  Object.entries(OPCODE).map(([name, opcode]) => [opcode, name]),
);

export class Controller implements Simulator {
  readonly wire: string;
  readonly path: string;
  readonly power: { readonly lowest_dbm: number; readonly highest_dbm: number };
  readonly radio: LinkLayer;
  readonly busyAdvertising: boolean;
  /** How often each unknown command came, by opcode. */
  readonly unknownCommands = new Map<number, number>();
  readonly #air: Air;
  readonly #options: ControllerOptions;
  #pty: Pty | null = null;
  #splitter = new PacketSplitter();
  #lastReport = '';

  private constructor(options: ControllerOptions) {
    this.wire = options.wire ?? options.name;
    this.path = options.path;
    this.power = options.power ?? POWER;
    this.busyAdvertising = options.busyAdvertising ?? true;
    this.#options = options;
    this.#air = options.air;
    const { air, name, address, spot = { x_m: 0, y_m: 0 } } = options;
    const power_dbm = this.power.highest_dbm;
    this.radio = new LinkLayer({ air, name, address, spot, power_dbm }, this.#linkEvents());
  }

  /** Resolves when the host can open `path`. */
  static async open(options: ControllerOptions): Promise<Controller> {
    const controller = new Controller(options);
    options.air.join(controller.radio);
    try {
      controller.#pty = await Pty.open({
        wire: controller.wire,
        path: options.path,
        data: (bytes) => controller.#receive(bytes),
        plugged: () => controller.#powerOn(),
        clock: options.air.clock,
        chance: options.air.chance,
        ...(options.watch === undefined ? {} : { watch: options.watch }),
      });
    } catch (error) {
      options.air.leave(controller.radio);
      throw error;
    }
    return controller;
  }

  get spot(): Spot {
    return this.radio.spot;
  }

  moveTo(spot: Spot): void {
    this.radio.spot = spot;
  }

  /** Knows unplug, replug, hang, noise, slow, loss, clear. */
  async apply(fault: Fault): Promise<void> {
    if (fault.fault === 'loss') {
      this.radio.loss = fault.probability;
      this.#pty?.trace({ direction: 'state', text: 'fault: loss' });
      return;
    }
    if (fault.fault === 'unplug') this.radio.reset();
    if (fault.fault === 'clear') this.radio.loss = 0;
    await this.#pty?.apply(fault);
  }

  async close(): Promise<void> {
    this.radio.reset();
    this.#air.leave(this.radio);
    await this.#pty?.close();
  }

  complete(opcode: number, ...values: (Uint8Array | number)[]): void {
    const parts = values.map((value) => (typeof value === 'number' ? [value] : [...value]));
    this.event(EVENT.commandComplete, Uint8Array.of(1, ...u16(opcode), ...parts.flat()));
  }

  status(opcode: number, status: number): void {
    this.event(EVENT.commandStatus, Uint8Array.of(status, 1, ...u16(opcode)));
  }

  event(code: number, parameters: Uint8Array): void {
    this.#write({ kind: 'event', code, parameters });
  }

  updated(handle: number, link: LinkParameters): void {
    this.event(EVENT.le, concat(Uint8Array.of(LE.updated, 0), u16(handle), linkBytes(link)));
  }

  #powerOn(): void {
    this.#splitter = new PacketSplitter();
    this.radio.reset();
  }

  #receive(bytes: Uint8Array): void {
    const { packets, lost } = this.#splitter.push(bytes);
    for (const each of packets) {
      const packet = readPacket(each);
      if (packet === null) continue;
      this.#trace('out', packet, each);
      if (packet.kind === 'command') answerCommand(this, packet.opcode, packet.parameters);
      else if (packet.kind === 'acl') this.#send(packet.handle, packet.flags, packet.data);
    }
    // Part A §4: a controller that lost step says so and waits for a reset.
    if (lost) this.event(EVENT.hardwareError, Uint8Array.of(0));
  }

  #send(handle: number, flags: number, data: Uint8Array): void {
    const link = this.radio.link(handle);
    // A host marks a first fragment 0 or 2, a controller always 2 (Part E §5.4.2).
    link?.send(this.radio, { flags: flags === 1 ? 1 : 2, data: data.slice() });
  }

  #linkEvents(): LinkLayerEvents {
    return {
      report: (type, address, data, rssi) => this.#report(type, address, data, rssi),
      connected: (status, handle, peripheral, address, link) => {
        const head = Uint8Array.of(LE.connected, status, ...u16(handle), peripheral ? 1 : 0, 0);
        this.event(
          EVENT.le,
          concat(head, addressBytes(address), linkBytes(link), Uint8Array.of(0)),
        );
      },
      disconnected: (handle, reason) =>
        this.event(EVENT.disconnected, Uint8Array.of(0, ...u16(handle), reason)),
      received: (handle, frame: AclFrame) => this.#write({ kind: 'acl', handle, ...frame }),
      acknowledged: (handle, count) =>
        this.event(EVENT.packetsCompleted, Uint8Array.of(1, ...u16(handle), ...u16(count))),
    };
  }

  #report(type: number, address: string, data: Uint8Array, rssi: number): void {
    const head = Uint8Array.of(LE.report, 1, type, 0, ...addressBytes(address), data.length);
    const parameters = concat(head, data, Uint8Array.of(rssi & 255));
    const packet: HciPacket = { kind: 'event', code: EVENT.le, parameters };
    // Ten reports a second say the same: the trace shows what is new.
    const said = `${type} ${address} ${hex(data)}`;
    this.#write(packet, said === this.#lastReport || type === 4);
    if (type !== 4) this.#lastReport = said;
  }

  #write(packet: HciPacket, quietly = false): void {
    const bytes = writePacket(packet);
    if (!quietly) this.#trace('in', packet, bytes);
    this.#pty?.write(bytes);
  }

  #trace(direction: 'in' | 'out', packet: HciPacket, bytes: Uint8Array): void {
    if (this.#options.watch === undefined) return;
    const text = describe(packet);
    this.#pty?.trace({ direction, text, hex: hex(bytes.subarray(0, TRACE_BYTES)) });
  }
}

/** Interval, latency and supervision timeout as events carry them. */
function linkBytes({ interval_ms, supervision_ms }: LinkParameters): Uint8Array {
  return concat(u16(Math.round(interval_ms / 1.25)), u16(0), u16(Math.round(supervision_ms / 10)));
}

function describe(packet: HciPacket): string {
  switch (packet.kind) {
    case 'command': {
      const digits = packet.opcode.toString(16).padStart(4, '0');
      return OPCODE_NAMES.get(packet.opcode) ?? `unknown command ${digits}`;
    }
    case 'acl':
      return `data of connection ${packet.handle}`;
    case 'event': {
      const [first = 0, second = 0, third = 0, fourth = 0] = packet.parameters;
      const opcode =
        packet.code === EVENT.commandComplete ? second | (third << 8) : third | (fourth << 8);
      const name = OPCODE_NAMES.get(opcode) ?? 'unknown command';
      if (packet.code === EVENT.commandComplete) return `${name} done, status ${fourth}`;
      if (packet.code === EVENT.commandStatus) return `${name} begun, status ${first}`;
      if (packet.code === EVENT.disconnected) return 'disconnected';
      if (packet.code === EVENT.packetsCompleted) return 'data acknowledged';
      if (packet.code !== EVENT.le) return `event ${packet.code}`;
      return first === LE.connected ? 'connected' : first === LE.report ? 'heard' : 'link updated';
    }
  }
}
