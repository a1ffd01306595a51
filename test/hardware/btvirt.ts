/** Debian's btvirt: BlueZ's own Bluetooth controllers and air, as judges of ours. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  OPCODE,
  PacketSplitter,
  readCompletion,
  readPacket,
  u16,
  writePacket,
} from '#device/codecs/hci.ts';
import { Pty } from '#simulators/pty.ts';
import { until } from '#test/until.ts';

const SHIM = fileURLToPath(new URL('./alg-shim.c', import.meta.url));
const BROADCOM = 15;

async function run(program: string, args: string[], install: string): Promise<void> {
  await promisify(execFile)(program, args).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new Error(`${program} is missing: ${install}`);
    throw error;
  });
}

export class Btvirt {
  readonly #directory: string;
  readonly #process: ChildProcess;
  readonly #wires: { pty: Pty; socket: Socket }[] = [];

  private constructor(directory: string, process: ChildProcess) {
    this.#directory = directory;
    this.#process = process;
  }

  /** Resolves when it serves controllers; `directory` must be short enough for a socket's path. */
  static async start(directory: string): Promise<Btvirt> {
    const shim = join(directory, 'alg-shim.so');
    const compile = ['-shared', '-fPIC', '-o', shim, SHIM, '-ldl'];
    await run('gcc', compile, 'sudo apt-get install gcc libc6-dev');
    const child = spawn('btvirt', ['-s'], {
      stdio: 'ignore',
      env: { PATH: process.env.PATH, LD_PRELOAD: shim, BTVIRT_DIRECTORY: directory },
    });
    const failed = once(child, 'error').then(() => {
      throw new Error('btvirt is missing: sudo apt-get install bluez-test-tools');
    });
    const btvirt = new Btvirt(directory, child);
    const served = until('btvirt to serve controllers', () => existsSync(btvirt.#server));
    await Promise.race([served, failed]);
    failed.catch(() => undefined);
    return btvirt;
  }

  get #server(): string {
    return join(this.#directory, 'bt-server-le');
  }

  /** A new controller at a serial port; every packet from and to the host passes `tap`. */
  async open(name: string, tap: Tap = THROUGH): Promise<string> {
    const socket = connect(this.#server);
    await once(socket, 'connect');
    const path = join(this.#directory, name);
    const fromHost = new PacketSplitter();
    const fromRadio = new PacketSplitter();
    const pty = await Pty.open({
      wire: name,
      path,
      data(bytes) {
        for (const packet of fromHost.push(bytes).packets) {
          const answer = tap.answer(packet);
          if (answer === null) socket.write(packet);
          else pty.write(answer);
        }
      },
    });
    socket.on('data', (bytes: Buffer) => {
      for (const packet of fromRadio.push(bytes).packets) pty.write(tap.change(packet));
    });
    socket.on('error', () => undefined);
    this.#wires.push({ pty, socket });
    return path;
  }

  async stop(): Promise<void> {
    for (const { pty, socket } of this.#wires) {
      socket.destroy();
      await pty.close();
    }
    if (this.#process.exitCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill();
    await gone;
  }
}

/** What stands between a host and its controller. */
interface Tap {
  /** An answer in the controller's place, or `null` where the packet goes on to it. */
  answer(packet: Uint8Array): Uint8Array | null;
  change(packet: Uint8Array): Uint8Array;
}

const THROUGH: Tap = { answer: () => null, change: (packet) => packet };

/**
 * btvirt's controllers are of no maker and know no transmit power: for the terminal's, this takes
 * the one command and says the maker's number. All else is btvirt's.
 */
export const withTransmitPower = (took: (dbm: number) => void): Tap => ({
  answer(bytes) {
    const packet = readPacket(bytes);
    if (packet?.kind !== 'command' || packet.opcode !== OPCODE.broadcomSetTransmitPower) {
      return null;
    }
    took(((packet.parameters[2] ?? 0) << 24) >> 24);
    const parameters = Uint8Array.of(1, ...u16(packet.opcode), 0);
    return writePacket({ kind: 'event', code: 0x0e, parameters });
  },
  change(bytes) {
    const packet = readPacket(bytes);
    if (packet?.kind !== 'event') return bytes;
    if (readCompletion(packet)?.opcode !== OPCODE.readLocalVersion) return bytes;
    const changed = bytes.slice();
    // Event header, count, opcode, status, HCI version and revision, LMP version: then the maker.
    changed.set(u16(BROADCOM), 11);
    return changed;
  },
});
