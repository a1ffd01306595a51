/**
 * A microcontroller with StandardFirmata, shared by the organs wired to it. It is opened with its
 * first organ and closed with its last; when it goes away every organ on it is told, and the next
 * organ that asks opens it anew. The real libraries are `firmata-io` and `serialport`.
 */
import firmataIo from 'firmata-io';
import { DeviceError, type DeviceErrorCode } from '#device/ports/device.ts';
import { openSerial, type Serial } from '#firmware/serial.ts';
import type { Firmata } from './library.ts';
import { FirmataTransport } from './transport.ts';

export interface FirmataSettings {
  /** The microcontroller's key in boards.json. */
  readonly name: string;
  readonly kind: 'arduino-uno' | 'arduino-nano' | 'arduino-mega';
  /** Absolute path of the serial port. */
  readonly port: string;
  readonly baud: number;
}

/** One organ's share of the open board. */
export interface FirmataHold {
  readonly io: Firmata;
  /**
   * Resolves when the board has done all that was sent before, with what `sample` returned at that
   * very byte; `pin` may not have another fence under way. Rejects with a `DeviceError`.
   */
  fence<T>(pin: number, sample: () => T): Promise<T>;
  /** Ends this share; the last one closes the port. No `lost` follows. */
  release(): Promise<void>;
}

export interface FirmataBoard {
  /** Joins the open board or opens it; rejects with a `DeviceError` that names `organ`. */
  hold(organ: string, lost: (error: DeviceError) => void): Promise<FirmataHold>;
}

/** A board with a bootloader needs two seconds before it answers. */
const READY_TIMEOUT_MS = 5000;
const ASK_AGAIN_MS = 500;
/** A board that answers nothing for this long hangs. */
const ANSWER_TIMEOUT_MS = 1200;
/** A timer that fires later than this was kept waiting. */
const LATE_MS = 200;
const HEARTBEAT_MS = 2000;
const LOCK_TRIES = 5;
const LOCK_RETRY_MS = 50;

const REPORT_VERSION = 0xf9;
const START_SYSEX = 0xf0;
const END_SYSEX = 0xf7;
const REPORT_FIRMWARE = 0x79;

type Lost = (error: DeviceError) => void;

const MENDS: Partial<Record<DeviceErrorCode, string>> = {
  timeout: 'load StandardFirmata onto it (Arduino IDE: File, Examples, Firmata), check the baud',
  protocol: 'use a shorter or shielded cable; check the baud in boards.json',
  lost: 'plug it in again',
};

/** Opens nothing yet: the first {@link FirmataBoard.hold} does. */
export function openFirmataBoard(settings: FirmataSettings): FirmataBoard {
  let opening: Promise<Connection> | null = null;
  let closing: Promise<void> = Promise.resolve();

  const connect = async (): Promise<Connection> => {
    await closing;
    return Connection.open(settings, (done) => {
      opening = null;
      closing = done;
    });
  };
  return {
    async hold(organ, lost) {
      const current = opening ?? connect();
      opening = current;
      try {
        const connection = await current;
        return connection.share(organ, lost);
      } catch (error) {
        if (opening === current) opening = null;
        throw error instanceof DeviceError ? onBehalfOf(organ, error) : error;
      }
    },
  };
}

function onBehalfOf(organ: string, error: DeviceError): DeviceError {
  return new DeviceError(error.code, organ, error.message, {
    cause: error,
    ...(error.mend === undefined ? {} : { mend: error.mend }),
  });
}

/** One opening of the port, with objects that are never used for another. */
class Connection {
  readonly #settings: FirmataSettings;
  /** Told once, with when the port is free again. */
  readonly #ended: (done: Promise<void>) => void;
  readonly #holders = new Map<symbol, { organ: string; lost: Lost }>();
  readonly #waiting = new Set<(error: DeviceError) => void>();
  #serial: Serial | null = null;
  #transport: FirmataTransport | null = null;
  #io: Firmata | null = null;
  #heartbeat: NodeJS.Timeout | undefined;
  #failure: DeviceError | null = null;

  private constructor(settings: FirmataSettings, ended: (done: Promise<void>) => void) {
    this.#settings = settings;
    this.#ended = ended;
  }

  static async open(
    settings: FirmataSettings,
    ended: (done: Promise<void>) => void,
  ): Promise<Connection> {
    const connection = new Connection(settings, ended);
    try {
      await connection.#start();
      return connection;
    } catch (error) {
      await connection.#stop();
      throw error;
    }
  }

  share(organ: string, lost: Lost): FirmataHold {
    const io = this.#io;
    if (this.#failure !== null || io === null) throw this.#failure ?? this.#error('lost', 'closed');
    const id = Symbol(organ);
    this.#holders.set(id, { organ, lost });
    return {
      io,
      fence: (pin, sample) => this.#fence(pin, sample),
      release: async () => {
        if (!this.#holders.delete(id) || this.#holders.size > 0) return;
        const done = this.#stop();
        this.#ended(done);
        await done;
      },
    };
  }

  async #start(): Promise<void> {
    const { port } = this.#settings;
    this.#serial = await this.#openPort(LOCK_TRIES);
    const transport = new FirmataTransport(this.#serial.port, (why) =>
      this.#fail(this.#error('protocol', `${port} sends no Firmata: ${why}`)),
    );
    this.#transport = transport;
    const io = new firmataIo.Firmata(transport, { reportVersionTimeout: READY_TIMEOUT_MS });
    this.#io = io;
    io.on('error', (error: Error) => this.#fail(this.#error('protocol', error.message)));
    // Ends what an earlier program left half said. No reset: it makes pulled-up pins drive high.
    transport.write(Uint8Array.of(END_SYSEX));
    await this.#answer<void>((answered) => {
      io.once('ready', answered);
      this.#askWhoItIs(transport, io);
    }, READY_TIMEOUT_MS);
    transport.beStrict();
    this.#heartbeat = setInterval(() => this.#beat(io), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  /** A port just closed may stay locked for as long as the kernel finishes a call on it. */
  async #openPort(tries: number): Promise<Serial> {
    const { name, port, baud } = this.#settings;
    try {
      return await openSerial(
        name,
        { port, baud },
        {
          data: (bytes) => this.#transport?.receive(bytes),
          lost: (error) => this.#fail(error),
        },
      );
    } catch (error) {
      if (!(error instanceof DeviceError) || error.code !== 'busy' || tries === 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
      return this.#openPort(tries - 1);
    }
  }

  /** A board in its bootloader swallows the first questions. */
  #askWhoItIs(transport: FirmataTransport, io: Firmata): void {
    const ask = (): void =>
      transport.write(Uint8Array.of(REPORT_VERSION, START_SYSEX, REPORT_FIRMWARE, END_SYSEX));
    ask();
    this.#heartbeat = setInterval(() => {
      if (!io.isReady) ask();
    }, ASK_AGAIN_MS);
    io.once('ready', () => clearInterval(this.#heartbeat));
  }

  #beat(io: Firmata): void {
    this.#answer<void>((answered) => io.reportVersion(answered), ANSWER_TIMEOUT_MS).catch(
      () => undefined,
    );
  }

  #fence<T>(pin: number, sample: () => T): Promise<T> {
    const io = this.#io;
    if (this.#failure !== null || io === null) {
      return Promise.reject(this.#failure ?? this.#error('lost', 'closed'));
    }
    return this.#answer<T>(
      (answered) => io.queryPinState(pin, () => answered(sample())),
      ANSWER_TIMEOUT_MS,
    );
  }

  /** Rejects when the board is lost; a board that does not answer in time is lost. */
  #answer<T>(ask: (answered: (value: T) => void) => void, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const give = (error: DeviceError): void => {
        clearTimeout(timer);
        this.#waiting.delete(give);
        reject(error);
      };
      let timer: NodeJS.Timeout;
      const wait = (): void => {
        const due = performance.now() + timeoutMs;
        timer = setTimeout(() => {
          // This host was away itself: what the board answered meanwhile is still to be read.
          if (performance.now() > due + LATE_MS) wait();
          else this.#fail(this.#error('timeout', `${this.#settings.port} does not answer`));
        }, timeoutMs);
      };
      wait();
      this.#waiting.add(give);
      ask((value) => {
        clearTimeout(timer);
        this.#waiting.delete(give);
        resolve(value);
      });
    });
  }

  #error(code: DeviceErrorCode, message: string): DeviceError {
    const mend = MENDS[code];
    return new DeviceError(code, this.#settings.name, message, mend === undefined ? {} : { mend });
  }

  #fail(error: DeviceError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    const holders = [...this.#holders.values()];
    this.#holders.clear();
    for (const give of [...this.#waiting]) give(error);
    this.#ended(this.#stop());
    for (const { organ, lost } of holders) lost(onBehalfOf(organ, error));
  }

  async #stop(): Promise<void> {
    clearInterval(this.#heartbeat);
    if (this.#io !== null) clearTimeout(this.#io.reportVersionTimeoutId);
    const closed = this.#failure ?? this.#error('lost', 'closed');
    const lost = this.#failure !== null;
    this.#failure = closed;
    for (const give of [...this.#waiting]) give(closed);
    this.#transport?.flush();
    this.#transport?.silence();
    this.#io?.removeAllListeners();
    // Waits until what the organs said last is on the wire.
    if (!lost) await this.#serial?.write(Uint8Array.of(END_SYSEX)).catch(() => undefined);
    await this.#serial?.close();
  }
}
