/**
 * Packets of the Host Controller Interface as they stand on a serial line (Bluetooth Core 5.4,
 * Vol 4 Part A: a type byte, then the packet of Part E §5.4). Numbers are little-endian.
 */
import { concat } from './bytes.ts';

export const OPCODE = {
  disconnect: 0x0406,
  readRemoteVersion: 0x041d,
  setEventMask: 0x0c01,
  reset: 0x0c03,
  readLeHostSupported: 0x0c6c,
  writeLeHostSupported: 0x0c6d,
  readLocalVersion: 0x1001,
  readLocalFeatures: 0x1003,
  readBufferSize: 0x1005,
  readAddress: 0x1009,
  readRssi: 0x1405,
  leSetEventMask: 0x2001,
  leReadBufferSize: 0x2002,
  leReadLocalFeatures: 0x2003,
  leSetAdvertisingParameters: 0x2006,
  leReadAdvertisingPower: 0x2007,
  leSetAdvertisingData: 0x2008,
  leSetScanResponseData: 0x2009,
  leSetAdvertisingEnable: 0x200a,
  leSetScanParameters: 0x200b,
  leSetScanEnable: 0x200c,
  leCreateConnection: 0x200d,
  leCancelConnection: 0x200e,
  leUpdateConnection: 0x2013,
  leReadRemoteFeatures: 0x2016,
  /** Zephyr's controllers; vendor's `Write_Tx_Power_Level`. */
  zephyrWriteTransmitPower: 0xfc0e,
  /** Broadcom's and Cypress's controllers, such as a Raspberry Pi's; `Set_Transmit_Power`. */
  broadcomSetTransmitPower: 0xfc26,
} as const;

export const EVENT = {
  disconnected: 0x05,
  remoteVersion: 0x0c,
  commandComplete: 0x0e,
  commandStatus: 0x0f,
  hardwareError: 0x10,
  packetsCompleted: 0x13,
  le: 0x3e,
} as const;

/** Vol 1 Part F. */
export const STATUS = {
  success: 0x00,
  unknownCommand: 0x01,
  unknownConnection: 0x02,
  connectionTimeout: 0x08,
  connectionLimit: 0x09,
  disallowed: 0x0c,
  invalidParameters: 0x12,
  remoteEnded: 0x13,
  hereEnded: 0x16,
  outOfRange: 0x30,
} as const;

export type HciPacket =
  | { readonly kind: 'command'; readonly opcode: number; readonly parameters: Uint8Array }
  | { readonly kind: 'event'; readonly code: number; readonly parameters: Uint8Array }
  /** `flags`: packet boundary in the low two bits, broadcast in the high two (Part E §5.4.2). */
  | {
      readonly kind: 'acl';
      readonly handle: number;
      readonly flags: number;
      readonly data: Uint8Array;
    };

const TYPE = { command: 1, acl: 2, event: 4 } as const;
/** Bytes before the data, by type. */
const HEADER: Record<number, number> = { [TYPE.command]: 4, [TYPE.acl]: 5, [TYPE.event]: 3 };

export const u16 = (value: number): Uint8Array => Uint8Array.of(value & 255, (value >> 8) & 255);
export const readU16 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
export const readS8 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 24) >> 24;

export function writePacket(packet: HciPacket): Uint8Array {
  switch (packet.kind) {
    case 'command':
      return concat(
        Uint8Array.of(TYPE.command, ...u16(packet.opcode), packet.parameters.length),
        packet.parameters,
      );
    case 'event':
      return concat(
        Uint8Array.of(TYPE.event, packet.code, packet.parameters.length),
        packet.parameters,
      );
    case 'acl':
      return concat(
        Uint8Array.of(TYPE.acl, ...u16(packet.handle | (packet.flags << 12))),
        u16(packet.data.length),
        packet.data,
      );
  }
}

/** Total length of the packet that `bytes` begins with; 0 where more bytes must tell; -1: none. */
function packetLength(bytes: Uint8Array): number {
  const type = bytes[0];
  if (type === undefined) return 0;
  const header = HEADER[type];
  if (header === undefined) return -1;
  if (bytes.length < header) return 0;
  const length = type === TYPE.acl ? readU16(bytes, 3) : (bytes[header - 1] ?? 0);
  return header + length;
}

/** Reads one whole packet; `null` where the bytes are not exactly one. */
export function readPacket(bytes: Uint8Array): HciPacket | null {
  if (packetLength(bytes) !== bytes.length || bytes.length === 0) return null;
  switch (bytes[0]) {
    case TYPE.command:
      return { kind: 'command', opcode: readU16(bytes, 1), parameters: bytes.subarray(4) };
    case TYPE.event:
      return { kind: 'event', code: bytes[1] ?? 0, parameters: bytes.subarray(3) };
    default: {
      const head = readU16(bytes, 1);
      return { kind: 'acl', handle: head & 0xfff, flags: head >> 12, data: bytes.subarray(5) };
    }
  }
}

/** Cuts a serial line's bytes into packets; keeps at most one unfinished packet. */
export class PacketSplitter {
  #rest: Uint8Array = new Uint8Array(0);

  /** Whole packets, type byte included. `lost` tells that a byte began no packet: sync is gone. */
  push(bytes: Uint8Array): { readonly packets: readonly Uint8Array[]; readonly lost: boolean } {
    let rest = this.#rest.length === 0 ? bytes : concat(this.#rest, bytes);
    const packets: Uint8Array[] = [];
    for (;;) {
      const length = packetLength(rest);
      if (length < 0) {
        this.#rest = new Uint8Array(0);
        return { packets, lost: true };
      }
      if (length === 0 || rest.length < length) break;
      packets.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    this.#rest = rest.slice();
    return { packets, lost: false };
  }
}

export interface Completion {
  readonly opcode: number;
  readonly status: number;
  /** Return parameters after the status; empty for Command Status. */
  readonly values: Uint8Array;
}

/** What an event says of a command (Part E §7.7.14 and §7.7.15), or `null`. */
export function readCompletion(packet: HciPacket): Completion | null {
  if (packet.kind !== 'event') return null;
  const { code, parameters } = packet;
  if (code === EVENT.commandComplete && parameters.length >= 4) {
    return {
      opcode: readU16(parameters, 1),
      status: parameters[3] ?? 0,
      values: parameters.subarray(4),
    };
  }
  if (code === EVENT.commandStatus && parameters.length === 4) {
    return {
      opcode: readU16(parameters, 2),
      status: parameters[0] ?? 0,
      values: parameters.subarray(4),
    };
  }
  return null;
}

/** `00:11:22:33:44:55` as the six bytes of a packet, last first. */
export function addressBytes(address: string): Uint8Array {
  return Uint8Array.from(address.split(':').reverse(), (part) => Number.parseInt(part, 16));
}

export function readAddress(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 6), (byte) => byte.toString(16).padStart(2, '0'))
    .reverse()
    .join(':');
}
