/** The two ways to a controller: H4 on a serial port, and the operating system's raw HCI socket. */
import type { EventEmitter } from 'node:events';
import { concat } from '#device/codecs/bytes.ts';
import { PacketSplitter } from '#device/codecs/hci.ts';
import { DeviceError } from '#device/ports/device.ts';
import type { SettingsOf } from '../boards.ts';
import { openSerial } from '../serial.ts';
import type { HciLink, PacketPipe } from './hci-link.ts';

/** Command Complete for Reset without its count of free slots: what a controller begins with. */
const RESET_COMPLETE = [0x03, 0x0c, 0x00] as const;

/**
 * Finds the answer to the first Reset in what the line carries: before it, a controller may still
 * send the end of a packet that was meant for whoever had the port before.
 */
class Synchroniser {
  #bytes: Uint8Array = new Uint8Array(0);

  /** Bytes from the start of the answer on, or `null` while it has not come. */
  push(bytes: Uint8Array): Uint8Array | null {
    this.#bytes = concat(this.#bytes, bytes).slice(-4096);
    for (let at = 0; at + 7 <= this.#bytes.length; at += 1) {
      const [type, code, length] = this.#bytes.subarray(at, at + 3);
      const rest = this.#bytes.subarray(at + 4, at + 7);
      if (type !== 0x04 || code !== 0x0e || length !== 0x04) continue;
      if (RESET_COMPLETE.every((byte, index) => rest[index] === byte)) {
        return this.#bytes.subarray(at);
      }
    }
    return null;
  }
}

/** Rejects with a `DeviceError` where the port can't be opened; later losses go to `link.fail`. */
export async function openUartPipe(
  organ: string,
  settings: SettingsOf<'hci-uart'>,
  link: HciLink,
): Promise<PacketPipe> {
  const splitter = new PacketSplitter();
  const synchroniser = new Synchroniser();
  let synchronised = false;
  const serial = await openSerial(
    organ,
    { port: settings.port, baud: settings.baud, flow: 'rts_cts' },
    {
      data(bytes) {
        const from = synchronised ? bytes : synchroniser.push(bytes);
        if (from === null) return;
        synchronised = true;
        const { packets, lost } = splitter.push(from);
        for (const packet of packets) link.receive(packet);
        // H4 has no way back into step but a reset (Part A §4).
        if (lost) link.fail(new DeviceError('protocol', organ, 'the line to the radio is noisy'));
      },
      lost: (error) => link.fail(error),
    },
  );
  return { write: (packet) => serial.write(packet), close: () => serial.close() };
}

/** What `@stoprocent/bluetooth-hci-socket` makes for the operating system's controllers. */
export interface NativeSocket extends EventEmitter {
  bindRaw(device: number): unknown;
  start(): void;
  stop(): void;
  isDevUp(): boolean;
  setFilter(filter: Buffer): void;
  write(packet: Buffer): void;
}

const UP_POLL_MS = 2000;

const MENDS = {
  absent: 'plug in a Bluetooth controller, or correct its number in boards.json',
  down: 'sudo rfkill unblock bluetooth && sudo hciconfig hci0 up',
  denied: 'sudo setcap cap_net_raw,cap_net_admin+eip $(readlink -f node_modules/.bin/node)',
};

function nativeError(organ: string, cause: Error & { code?: string; errno?: number }): DeviceError {
  const text = `raw HCI socket: ${cause.message}`;
  // EPERM and EACCES come as numbers from some calls.
  const denied = cause.code === 'EPERM' || cause.errno === 1 || cause.errno === 13;
  const code = denied ? 'denied' : 'absent';
  return new DeviceError(code, organ, text, { cause, mend: MENDS[code] });
}

/** Rejects with a `DeviceError` where there is no such controller or this user may not have it. */
export async function openNativePipe(
  organ: string,
  settings: SettingsOf<'hci-native'>,
  link: HciLink,
  socket: NativeSocket,
): Promise<PacketPipe> {
  let failure: DeviceError | null = null;
  socket.removeAllListeners();
  socket.on('error', (error: Error) => {
    failure ??= nativeError(organ, error);
    link.fail(failure);
  });
  socket.on('data', (bytes: Buffer) => link.receive(bytes));
  const attempt = (action: () => unknown): void => {
    try {
      if (failure === null) action();
    } catch (error) {
      failure ??= nativeError(organ, error instanceof Error ? error : new Error(String(error)));
    }
  };
  attempt(() => socket.bindRaw(settings.device));
  attempt(() => {
    if (socket.isDevUp()) return;
    failure = new DeviceError('absent', organ, `hci${settings.device} is not up`, {
      mend: MENDS.down.replace('hci0', `hci${settings.device}`),
    });
  });
  attempt(() => socket.start());
  if (failure !== null) throw failure;
  const poll = setInterval(() => {
    if (socket.isDevUp()) return;
    link.fail(new DeviceError('lost', organ, `hci${settings.device} went down`));
  }, UP_POLL_MS);
  poll.unref();
  return {
    async write(packet) {
      socket.write(Buffer.from(packet));
    },
    filter: (filter) => socket.setFilter(filter),
    async close() {
      clearInterval(poll);
      socket.stop();
    },
  };
}
