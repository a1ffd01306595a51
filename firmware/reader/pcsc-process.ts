/**
 * The process with the card library in it. nfc-pcsc blocks, spins and forgets in ways that no caller
 * can mend from inside (docs/card.md): here it may, and the terminal ends the process.
 * Arguments: part of the reader's name.
 */
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { readResponse, SW } from '#device/codecs/apdu.ts';
import { hex } from '#device/codecs/bytes.ts';
import { historicalOfAtr } from '#device/codecs/historical.ts';
import type { FromReader, Loss, ToReader } from './pcsc-words.ts';

/** The parts of nfc-pcsc 0.8 that are used; it brings no types. */
interface NfcReader {
  readonly name: string;
  autoProcessing: boolean;
  readonly connection: { readonly protocol?: number } | null;
  readonly reader: {
    readonly SCARD_STATE_MUTE: number;
    readonly SCARD_STATE_PRESENT: number;
    readonly SCARD_UNPOWER_CARD: number;
    readonly connected: boolean;
    on(event: 'status', listener: (status: { state: number; atr?: Buffer }) => void): void;
    disconnect(disposition: number, done: (error?: Error) => void): void;
  };
  on(event: 'card', listener: (card: { atr?: Buffer }) => void): void;
  on(event: 'card.off' | 'end', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  connect(): Promise<unknown>;
  transmit(apdu: Buffer, longest: number): Promise<Buffer>;
}
interface Nfc {
  on(event: 'reader', listener: (reader: NfcReader) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

const SOCKET = process.env.PCSCLITE_CSOCK_NAME ?? '/run/pcscd/pcscd.comm';
const LONGEST_ANSWER = 4096;
const SEARCH_MS = 40;
/** Searches in longer than the daemon takes to see that a card is gone. */
const PATIENCE = 15;
/** What readers themselves answer (PC/SC part 3 §3.2.2.1.3). */
const GET_UID = Buffer.from('ffca000000', 'hex');
const GET_HISTORICAL = Buffer.from('ffca010000', 'hex');
const [wanted = ''] = process.argv.slice(2);

const say = (word: FromReader): void => {
  if (process.connected) process.send?.(word);
};

function lose(what: Loss, why: string): void {
  if (!process.connected) process.exit(1);
  process.send?.({ say: 'lost', what, why } satisfies FromReader, () => process.exit(0));
}

/** Whether the daemon takes clients: the library spins for ever where it does not. */
function probeDaemon(): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(SOCKET);
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', (error) => resolve(error.message));
  });
}

/** SCARD_F_COMM_ERROR, SCARD_E_NO_SERVICE and SCARD_E_SERVICE_STOPPED (winscard.h). */
const DAEMON_ERRORS = /0x801000(13|1d|1e)/i;

/** The library gives all losses the same error; what is in it, and a look at the daemon, tell. */
async function decide(error: Error): Promise<void> {
  const daemon = DAEMON_ERRORS.test(error.message) || (await probeDaemon()) !== null;
  lose(daemon ? 'daemon' : 'reader', error.message);
}

/** The data of an answer; none where it is a refusal, as of a reader that can't tell. */
function dataOf(answer: Uint8Array | null): Uint8Array {
  const told = answer === null ? null : readResponse(answer);
  return told?.sw === SW.done ? told.data : new Uint8Array(0);
}

/** Whether an answer to reset begins as one (ISO/IEC 7816-3 §8.1). */
const begins = (atr: Buffer | undefined): boolean => atr?.[0] === 0x3b || atr?.[0] === 0x3f;

/** One reader: all that touches its card goes through one queue. */
class Desk {
  readonly #reader: NfcReader;
  #queue: Promise<void> = Promise.resolve();
  #presence = 0;
  #present = false;
  /** A card may lie there that the daemon does not tell of. */
  #searching = false;
  #searches = 0;
  /** That something lies there which can't be read was told. */
  #crowd = false;

  constructor(reader: NfcReader) {
    this.#reader = reader;
    // The library's own SELECT has a buffer of 40 bytes.
    reader.autoProcessing = false;
    reader.on('error', (error) => void decide(error));
    reader.on('end', () => lose('reader', `${reader.name} was unplugged`));
    reader.on('card', (card) => this.#then(() => this.#arrive(card.atr)));
    reader.on('card.off', () => this.#then(async () => this.#leave()));
    reader.reader.on('status', ({ state, atr }) => {
      const { SCARD_STATE_MUTE: mute, SCARD_STATE_PRESENT: present } = reader.reader;
      if ((state & present) === 0) {
        this.#searching = false;
        this.#crowd = false;
        return;
      }
      const unreadable = (state & mute) !== 0 || !begins(atr);
      if (unreadable) this.#then(async () => this.#refuse());
    });
  }

  transmit(word: ToReader): void {
    this.#then(async () => {
      const response =
        this.#present && word.presence === this.#presence
          ? await this.#send(Buffer.from(word.apdu, 'hex'))
          : null;
      if (response !== null) {
        say({ say: 'answer', id: word.id, response: response.toString('hex') });
        return;
      }
      say({ say: 'torn', id: word.id });
      if (this.#present && word.presence === this.#presence) await this.#renew();
    });
  }

  #then(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work).catch((error: Error) => lose('reader', error.message));
  }

  /** `null` where the card was torn away: the library says so with an error or with nothing. */
  async #send(apdu: Buffer): Promise<Buffer | null> {
    try {
      const response = await this.#reader.transmit(apdu, LONGEST_ANSWER);
      return response.length < 2 ? null : response;
    } catch {
      return null;
    }
  }

  async #arrive(atr: Buffer | undefined): Promise<void> {
    if (this.#present) this.#leave();
    if (atr !== undefined && !begins(atr)) return;
    // Connected twice at once, the library forgets the protocol.
    if (this.#reader.connection?.protocol === undefined) return this.#renew();
    const uid = await this.#send(GET_UID);
    const told = uid !== null && atr === undefined ? await this.#send(GET_HISTORICAL) : null;
    if (uid === null || (atr === undefined && told === null)) return this.#renew();
    const historical = atr === undefined ? dataOf(told) : historicalOfAtr(atr);
    this.#presence += 1;
    this.#present = true;
    this.#crowd = false;
    say({
      say: 'arrived',
      presence: this.#presence,
      uid: hex(dataOf(uid)),
      historical: hex(historical),
    });
  }

  #refuse(): void {
    if (!this.#crowd) say({ say: 'unreadable' });
    this.#crowd = true;
  }

  #leave(): void {
    if (!this.#present) return;
    this.#present = false;
    say({ say: 'left', presence: this.#presence });
  }

  /**
   * After a tear the daemon may not have noticed, and would hand our commands to whatever card lies
   * there by now. So nothing is sent any more but the reader's own question for a UID, until the
   * daemon says that nothing is there, or a card answers.
   */
  async #renew(): Promise<void> {
    this.#leave();
    this.#searching = true;
    this.#searches = 0;
    await this.#search();
  }

  async #search(): Promise<void> {
    if (!this.#searching) return;
    if ((await this.#isThere()) && (await this.#restart())) {
      this.#searching = false;
      return this.#arrive(undefined);
    }
    this.#searches += 1;
    // By now the daemon would have said that nothing lies there: something does, and is silent.
    if (this.#searches % PATIENCE === 0 && !(await this.#restart())) this.#refuse();
    else if (this.#searches % PATIENCE === 1 && this.#searches > 1) this.#refuse();
    setTimeout(() => this.#then(() => this.#search()), SEARCH_MS);
  }

  async #isThere(): Promise<boolean> {
    const connected = this.#reader.reader.connected || (await this.#connect());
    return connected && (await this.#send(GET_UID)) !== null;
  }

  /**
   * Takes the power away and begins anew, as it would be for a card that was just put on. Done to a
   * reader without a card, it would make the daemon miss the next one: hence the look before.
   */
  async #restart(): Promise<boolean> {
    const { reader } = this.#reader;
    await new Promise<void>((resolve) =>
      reader.disconnect(reader.SCARD_UNPOWER_CARD, () => resolve()),
    );
    return this.#connect();
  }

  #connect(): Promise<boolean> {
    return this.#reader.connect().then(
      () => true,
      () => false,
    );
  }
}

async function main(): Promise<void> {
  const closed = await probeDaemon();
  if (closed !== null) return lose('daemon', closed);
  let nfc: Nfc;
  try {
    // A native library that was not built must be a typed error, not a failure to start.
    const { NFC } = createRequire(import.meta.url)('nfc-pcsc') as { NFC: new () => Nfc };
    nfc = new NFC();
  } catch (error) {
    return lose('library', error instanceof Error ? error.message : String(error));
  }
  let desk: Desk | null = null;
  nfc.on('error', (error) => void decide(error));
  nfc.on('reader', (reader) => {
    // A reader's slot for security modules is no place for customers' cards.
    const fits = reader.name.includes(wanted) && !/\bSAM\b/.test(reader.name);
    if (desk !== null || !fits) {
      reader.on('error', () => undefined);
      return;
    }
    desk = new Desk(reader);
    say({ say: 'ready', name: reader.name });
  });
  process.on('message', (word: ToReader) => desk?.transmit(word));
}

process.once('disconnect', () => process.exit(0));
await main();
