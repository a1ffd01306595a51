/**
 * Card readers that the operating system's PC/SC service has, through `nfc-pcsc` in a process of its
 * own: whatever the library does, a call here ends in time, and the reader can be opened anew.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fromHex, hex } from '#device/codecs/bytes.ts';
import { DeviceError } from '#device/ports/device.ts';
import {
  ANSWER_TIMEOUT_MS,
  type CardPresence,
  type Reader,
  type ReaderEvents,
  type TransmitResult,
} from '#device/ports/reader.ts';
import { NOWHERE } from '#firmware/nowhere.ts';
import type { FromReader, Loss, ToReader } from './pcsc-words.ts';

const PROCESS = fileURLToPath(new URL('./pcsc-process.ts', import.meta.url));
const OPEN_TIMEOUT_MS = 3000;

export interface PcscSettings {
  readonly driver: 'pcsc-reader';
  /** Part of the reader's name, as `pcsc_scan -r` prints it; any reader where it is left out. */
  readonly reader?: string | undefined;
}

const MENDS: Record<Loss, string> = {
  library: 'sudo apt-get install build-essential python3 libpcsclite-dev, then npm start again',
  daemon: 'sudo apt-get install pcscd && sudo systemctl enable --now pcscd.socket',
  reader: 'plug the card reader in, or correct its name in boards.json',
};

const WHATS: Record<Loss, string> = {
  library: 'the card library is not built',
  daemon: 'the card service is not running',
  reader: 'there is no card reader',
};

class PcscReader implements Reader {
  readonly #organ: string;
  readonly #events: ReaderEvents;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: TransmitResult) => void>();
  #queue: Promise<unknown> = Promise.resolve();
  #present: CardPresence | null = null;
  #over: 'silent' | 'reader' | 'daemon' | null = null;
  #opened: ((error: DeviceError | null) => void) | null = null;
  #next = 1;

  constructor(organ: string, settings: PcscSettings, events: ReaderEvents) {
    this.#organ = organ;
    this.#events = events;
    this.#child = fork(PROCESS, [settings.reader ?? ''], {
      execArgv: [],
      stdio: [NOWHERE, NOWHERE, NOWHERE, 'ipc'],
    });
    this.#child.on('message', (word: FromReader) => this.#take(word));
    const end = (): void => this.#lose('reader', this.#error('lost', 'its process ended'));
    this.#child.once('exit', end);
    this.#child.once('error', end);
  }

  /** Resolves when the reader is there and cards will be told. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#lose('reader', this.#error('absent', WHATS.reader, MENDS.reader));
      }, OPEN_TIMEOUT_MS);
      this.#opened = (error) => {
        clearTimeout(timer);
        this.#opened = null;
        if (error === null) resolve();
        else reject(error);
      };
    });
  }

  transmit(
    card: CardPresence,
    apdu: Uint8Array,
    timeoutMs = ANSWER_TIMEOUT_MS,
  ): Promise<TransmitResult> {
    const done = this.#queue.then(() => this.#send(card, apdu, timeoutMs));
    this.#queue = done;
    return done;
  }

  async close(): Promise<void> {
    this.#end('reader');
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #send(card: CardPresence, apdu: Uint8Array, timeoutMs: number): Promise<TransmitResult> {
    if (this.#over !== null) return Promise.resolve({ ok: false, gone: this.#over });
    if (card !== this.#present) return Promise.resolve({ ok: false, gone: 'card' });
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#lose('silent', this.#error('timeout', 'no answer from the card'));
      }, timeoutMs);
      this.#waiting.set(id, (result) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(result);
      });
      const word: ToReader = { ask: 'transmit', id, presence: card.number, apdu: hex(apdu) };
      this.#child.send(word, (error) => {
        if (error !== null) this.#lose('reader', this.#error('lost', 'its process ended'));
      });
    });
  }

  #take(word: FromReader): void {
    if (this.#over !== null) return;
    switch (word.say) {
      case 'ready':
        this.#opened?.(null);
        break;
      case 'arrived': {
        const { presence: number, uid, historical } = word;
        this.#present = { number, uid: fromHex(uid), historical: fromHex(historical) };
        this.#events.arrived(this.#present);
        break;
      }
      case 'left':
        this.#leave();
        break;
      case 'unreadable':
        this.#events.unreadable();
        break;
      case 'answer':
        this.#waiting.get(word.id)?.({ ok: true, response: fromHex(word.response) });
        break;
      case 'torn':
        this.#waiting.get(word.id)?.({ ok: false, gone: 'card' });
        break;
      case 'lost':
        this.#fail(word.what, word.why);
        break;
    }
  }

  #leave(): void {
    const card = this.#present;
    this.#present = null;
    if (card !== null) this.#events.left(card);
  }

  #fail(what: Loss, why: string): void {
    const opening = this.#opened !== null;
    const code = what === 'library' ? 'missing_tool' : opening ? 'absent' : 'lost';
    const error = this.#error(code, `${WHATS[what]}: ${why}`, MENDS[what]);
    this.#lose(what === 'daemon' ? 'daemon' : 'reader', error);
  }

  #lose(what: 'silent' | 'reader' | 'daemon', error: DeviceError): void {
    if (this.#over !== null) return;
    const opening = this.#opened;
    this.#end(what);
    this.#child.kill('SIGKILL');
    if (opening !== null) opening(error);
    else this.#events.lost(error);
  }

  #end(what: 'silent' | 'reader' | 'daemon'): void {
    this.#over ??= what;
    for (const settle of [...this.#waiting.values()]) settle({ ok: false, gone: what });
  }

  #error(code: DeviceError['code'], message: string, mend?: string): DeviceError {
    return new DeviceError(code, this.#organ, message, mend === undefined ? {} : { mend });
  }
}

/** Rejects with a `DeviceError`: `missing_tool`, or `absent` where daemon or reader is not there. */
export async function openPcscReader(
  name: string,
  settings: PcscSettings,
  events: ReaderEvents,
): Promise<Reader> {
  const reader = new PcscReader(name, settings, events);
  await reader.ready();
  return reader;
}
