/**
 * A MIFARE DESFire EV2 as a reader meets it: APDUs in, APDUs out. It answers 91 xx as the data sheet
 * says (MF2DL(H)x0 §11; DESFire EV1 for applications and the file kinds that Light lacks), counts
 * what it does not know, and forgets all but its memory when the field goes away.
 */
import { readCommand, SW, writeResponse } from '#device/codecs/apdu.ts';
import { concat, hex, sameBytes } from '#device/codecs/bytes.ts';
import { INS, STATUS, statusName } from '#device/codecs/desfire.ts';
import type { Watch } from '../wire.ts';
import { authenticate, type HalfProven, isAuthentication, prove } from './authentication.ts';
import { CardError } from './card-error.ts';
import { COMMANDS, type Command } from './commands.ts';
import { Eeprom, PowerLost, TwoCopies } from './eeprom.ts';
import { bodyLength, type CardSession, type Envelope, open, seal } from './messaging.ts';
import {
  type Application,
  blankState,
  type CardKey,
  type CardState,
  readState,
  writeState,
} from './state.ts';
import type { Transaction } from './transaction.ts';
import { type CardTiming, durationMs, type Work } from './work.ts';

export interface CardOptions {
  /** Memory of a card that was there before; without it, a blank card with `uid`. */
  readonly eeprom?: Eeprom;
  /** Seven bytes, the first of them 04 (NXP). */
  readonly uid?: Uint8Array;
  /** Random bytes for challenges and Transaction Identifiers. */
  readonly chance: (count: number) => Uint8Array;
  /** `null` takes no time at all. */
  readonly timing?: CardTiming | null;
  readonly watch?: Watch;
  readonly name?: string;
}

export interface CardAnswer {
  readonly bytes: Uint8Array;
  /** What a real card would have taken. */
  readonly durationMs: number;
}

/** Historical byte 80: category indicator and nothing else (ISO/IEC 7816-4 §12.1.1.2). */
export const ATS: Uint8Array = Uint8Array.of(0x06, 0x75, 0x77, 0x81, 0x02, 0x80);
/** Most data in one frame of an answer. */
const FRAME = 59;

type Chain =
  | { readonly is: 'proving'; readonly half: HalfProven }
  | { readonly is: 'taking'; readonly ins: number; readonly so: Uint8Array; readonly due: number }
  | { readonly is: 'telling'; readonly frames: readonly Uint8Array[] };

export class Card {
  readonly eeprom: Eeprom;
  readonly name: string;
  readonly chance: (count: number) => Uint8Array;
  /** How often each unknown instruction came; keys are class × 256 + instruction. */
  readonly unknownCommands = new Map<number, number>();
  readonly #store: TwoCopies;
  readonly #watch: Watch | undefined;
  timing: CardTiming | null;
  work: Work = { blocks: 0, pages: 0 };
  state: CardState;
  aid = 0;
  session: CardSession | null = null;
  transaction: Transaction | null = null;
  #chain: Chain | null = null;

  constructor(options: CardOptions) {
    this.eeprom = options.eeprom ?? new Eeprom();
    this.name = options.name ?? 'card';
    this.chance = options.chance;
    this.timing = options.timing ?? null;
    this.#watch = options.watch;
    this.#store = new TwoCopies(this.eeprom);
    const kept = this.#store.load();
    this.state = kept === null ? blankState(options.uid ?? freshUid(this.chance)) : readState(kept);
    if (kept === null) this.#store.save(writeState(this.state));
  }

  get uid(): Uint8Array {
    return this.state.uid;
  }

  /** The field is gone: what was not committed never was. */
  powerDown(): void {
    this.eeprom.cutAfter(null);
    const kept = this.#store.load();
    if (kept !== null) this.state = readState(kept);
    this.#forget();
    this.aid = 0;
  }

  /** Throws {@link PowerLost} where the power went during a write; then it is down. */
  process(apdu: Uint8Array): CardAnswer {
    this.work = { blocks: 0, pages: 0 };
    this.#trace('out', apdu);
    try {
      const bytes = this.#answer(apdu);
      this.#trace('in', bytes);
      const took = this.timing === null ? 0 : durationMs(this.timing, apdu, bytes, this.work);
      return { bytes, durationMs: took };
    } catch (error) {
      if (error instanceof PowerLost) this.powerDown();
      throw error;
    }
  }

  /** Makes the state durable; `pages` is what a real card would program. */
  save(pages: number): void {
    this.work.pages += pages;
    this.#store.save(writeState(this.state));
  }

  /** The chosen application, or the refusal of a command that needs one. */
  application(): Application {
    const found = this.state.applications.find(({ aid }) => aid === this.aid);
    if (found === undefined) throw new CardError(STATUS.permissionDenied);
    return found;
  }

  key(keyNo: number): CardKey | undefined {
    if (this.aid === 0) return keyNo === 0 ? this.state.master : undefined;
    return this.application().keys[keyNo];
  }

  #answer(apdu: Uint8Array): Uint8Array {
    const command = readCommand(apdu);
    if (command === null) return word(SW.wrongLength);
    if (command.cla === 0x00) return this.#answerIso(command.ins, command.p1, command.data);
    if (command.cla !== 0x90) return this.#unknown(command.cla, command.ins, SW.noSuchClass);
    if (command.p1 !== 0 || command.p2 !== 0) return word(SW.wrongParameters);
    try {
      const { status, data } = this.#take(command.ins, command.data);
      return concat(data, Uint8Array.of(0x91, status));
    } catch (error) {
      if (!(error instanceof CardError)) throw error;
      // Any error ends session and transaction (§9.1.2, §10.2.2).
      this.#forget();
      return Uint8Array.of(0x91, error.status);
    }
  }

  #take(ins: number, payload: Uint8Array): { status: number; data: Uint8Array } {
    const chain = this.#chain;
    this.#chain = null;
    if (ins === INS.additionalFrame) return this.#continue(chain, payload);
    if (chain !== null) throw new CardError(STATUS.commandAborted);
    if (isAuthentication(ins)) {
      const { half, challenge } = authenticate(this, ins, payload);
      this.#chain = { is: 'proving', half };
      return { status: STATUS.additionalFrame, data: challenge };
    }
    return this.#gather(ins, payload);
  }

  #continue(chain: Chain | null, payload: Uint8Array): { status: number; data: Uint8Array } {
    switch (chain?.is) {
      case 'proving':
        return { status: STATUS.done, data: prove(this, chain.half, payload) };
      case 'taking':
        return this.#gather(chain.ins, concat(chain.so, payload));
      case 'telling':
        if (payload.length > 0) throw new CardError(STATUS.lengthError);
        return this.#tell(chain.frames);
      default:
        throw new CardError(STATUS.illegalCommand);
    }
  }

  /** Runs the command once all of its frames are there. */
  #gather(ins: number, payload: Uint8Array): { status: number; data: Uint8Array } {
    const command = COMMANDS.get(ins);
    if (command === undefined) {
      this.#count(0x90, ins);
      throw new CardError(STATUS.illegalCommand);
    }
    const header = payload.slice(0, command.header(payload));
    if (header.length < command.header(payload)) throw new CardError(STATUS.lengthError);
    const mode = this.session === null ? 'plain' : command.mode(this, header);
    if (this.session === null) command.mode(this, header);
    const due = command.due?.(header);
    if (due !== undefined) {
      const whole = header.length + bodyLength(this.session, mode, due);
      if (payload.length > whole) throw new CardError(STATUS.lengthError);
      if (payload.length < whole) {
        this.#chain = { is: 'taking', ins, so: payload, due: whole };
        return { status: STATUS.additionalFrame, data: new Uint8Array(0) };
      }
    }
    const body = payload.slice(header.length);
    const envelope = { ins, header, body, mode, writes: command.writes };
    return this.#tell(this.#run(command, envelope));
  }

  #run(command: Command, envelope: Envelope): Uint8Array[] {
    const { header, body } = envelope;
    if (this.session === null) return chop(command.run(this, header, body));
    this.work.blocks += 4 + Math.ceil((header.length + body.length) / 16);
    const opened = open(this.session, envelope);
    if (opened === null) throw new CardError(STATUS.integrityError);
    const before = this.session;
    const told = command.run(this, header, opened.data);
    // A command that ended the session, such as a change of its own key, answers in the open.
    if (this.session !== before) return chop(told);
    const data = told instanceof Uint8Array ? told : concat(...told);
    this.work.blocks += 1 + Math.ceil(data.length / 16);
    const sealed = seal(opened.session, envelope, data);
    this.session = sealed.session;
    return chop(sealed.answer);
  }

  #tell(frames: readonly Uint8Array[]): { status: number; data: Uint8Array } {
    const [first = new Uint8Array(0), ...rest] = frames;
    if (rest.length === 0) return { status: STATUS.done, data: first };
    this.#chain = { is: 'telling', frames: rest };
    return { status: STATUS.additionalFrame, data: first };
  }

  /** ISO SELECT of the card, or of an application by its name (ISO/IEC 7816-4 §11.2.2). */
  #answerIso(ins: number, p1: number, data: Uint8Array): Uint8Array {
    if (ins !== 0xa4) return this.#unknown(0x00, ins, SW.noSuchInstruction);
    this.#forget();
    if (p1 === 0x00 && (data.length === 0 || hex(data) === '3f00')) {
      this.aid = 0;
      return word(SW.done);
    }
    const found = this.state.applications.find(({ name, fileId }) =>
      p1 === 0x04
        ? name !== null && sameBytes(name, data)
        : fileId !== null && data.length === 2 && fileId === ((data[0] ?? 0) << 8) + (data[1] ?? 0),
    );
    if (found === undefined) return word(SW.noSuchFile);
    this.aid = found.aid;
    return word(SW.done);
  }

  #unknown(cla: number, ins: number, sw: number): Uint8Array {
    this.#count(cla, ins);
    this.#forget();
    return word(sw);
  }

  #count(cla: number, ins: number): void {
    const code = cla * 256 + ins;
    this.unknownCommands.set(code, (this.unknownCommands.get(code) ?? 0) + 1);
  }

  #forget(): void {
    this.session = null;
    this.transaction = null;
    this.#chain = null;
  }

  #trace(direction: 'in' | 'out', bytes: Uint8Array): void {
    if (this.#watch === undefined) return;
    const text = direction === 'out' ? describeCommand(bytes) : describeAnswer(bytes);
    this.#watch({ wire: this.name, direction, text, hex: hex(bytes.subarray(0, 64)) });
  }
}

const word = (sw: number): Uint8Array => writeResponse({ data: new Uint8Array(0), sw });

const freshUid = (chance: (count: number) => Uint8Array): Uint8Array =>
  concat(Uint8Array.of(0x04), chance(6));

/** An answer in frames: those that the command made, or as many as its length takes. */
function chop(told: Uint8Array | readonly Uint8Array[]): Uint8Array[] {
  if (!(told instanceof Uint8Array)) return [...told];
  const count = Math.max(1, Math.ceil(told.length / FRAME));
  return Array.from({ length: count }, (_, at) => told.slice(at * FRAME, (at + 1) * FRAME));
}

const NAMES = new Map<number, string>(Object.entries(INS).map(([name, ins]) => [ins, name]));

function describeCommand(apdu: Uint8Array): string {
  const [cla = 0, ins = 0] = apdu;
  if (cla === 0x90) return NAMES.get(ins) ?? `unknown command ${ins.toString(16)}`;
  return cla === 0 && ins === 0xa4 ? 'select' : 'foreign command';
}

function describeAnswer(bytes: Uint8Array): string {
  const [high = 0, low = 0] = bytes.slice(-2);
  if (high !== 0x91) return `answer ${hex(bytes.slice(-2))}`;
  return low === 0 ? 'done' : statusName(low);
}
