/**
 * A serial HMI panel: takes the instruction stream byte by byte as a Nextion does, knows the pages
 * and components of its project and no others, answers with the real return codes (instruction set
 * §7), draws itself and can be touched. `baud` is the speed it listens at, as stored in it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { hex } from '#device/codecs/bytes.ts';
import type { Clock } from '#device/ports/clock.ts';
import type { Key } from '#device/ports/keypad.ts';
import { realClock } from '#simulators/clock.ts';
import { type Pixels, pictureKeeper } from '#simulators/picture.ts';
import { Pty } from '#simulators/pty.ts';
import type { Fault, Simulator, Watch } from '#simulators/wire.ts';
import { drawPanel } from './face.ts';
import { BOOT, type Page, type Part, PROJECT } from './project.ts';

export interface HmiPanelOptions {
  readonly path: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
  readonly chance?: () => number;
  /** Any speed where left out; else only a port opened at this speed is understood. */
  readonly baud?: number;
}

/** Return codes, §7. */
const INVALID_INSTRUCTION = 0x00;
const DONE = 0x01;
const INVALID_PAGE = 0x03;
const INVALID_BAUD = 0x11;
const INVALID_VARIABLE = 0x1a;
const ASSIGNMENT_FAILED = 0x1c;
const BUFFER_OVERFLOW = 0x24;

const RECEIVE_BUFFER = 1024;
const BAUDS = [2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 256000, 512000, 921600];
const MODEL = 'comok 1,101,NX8048T070_011R,163,61488,D264B8204F0E1828,16777216';

const decoder = new TextDecoder('utf-8', { fatal: true });
const ascii = (text: string): number[] => Array.from(text, (each) => each.charCodeAt(0));

export type PartState = { readonly part: Part; readonly values: Map<string, number | string> };

export class HmiPanel implements Simulator {
  readonly wire = 'hmi';
  readonly #clock: Clock;
  readonly #path: string;
  readonly #draw = pictureKeeper();
  #pty: Pty | null = null;
  #baud: number | undefined;
  #buffer: number[] = [];
  #page: Page = BOOT;
  #parts: PartState[] = [];
  /** §6: 0 silent, 1 successes, 2 failures, 3 both. */
  #bkcmd = 2;
  #stopTicking: () => void = () => undefined;
  #work: Promise<void> = Promise.resolve();

  private constructor(options: HmiPanelOptions) {
    this.#clock = options.clock ?? realClock;
    this.#path = options.path;
    this.#baud = options.baud;
    this.#show(BOOT);
  }

  static async open(options: HmiPanelOptions): Promise<HmiPanel> {
    const panel = new HmiPanel(options);
    panel.#pty = await Pty.open({
      wire: 'hmi',
      path: options.path,
      data: (bytes) => panel.#receive(bytes),
      plugged: () => panel.#powerOn(),
      clock: panel.#clock,
      ...(options.watch === undefined ? {} : { watch: options.watch }),
      ...(options.chance === undefined ? {} : { chance: options.chance }),
    });
    return panel;
  }

  get page(): string {
    return this.#page.name;
  }

  /** What can be read on the panel, a line a component, top to bottom. */
  text(): string {
    const shown = this.#parts.filter(({ part }) => part.kind === 'text');
    const lines = shown.map(({ values }) => String(values.get('txt') ?? ''));
    return lines.filter((line) => line !== '').join('\n');
  }

  /** The text its QR symbol holds, or `null` where the page shows none. */
  qr(): string | null {
    const text = this.#parts.find(({ part }) => part.kind === 'qr')?.values.get('txt');
    return typeof text === 'string' && text !== '' ? text : null;
  }

  svg(): string {
    return drawPanel(this.#parts);
  }

  png(): Uint8Array {
    return this.#draw(this.svg()).png;
  }

  pixels(): Pixels {
    return this.#draw(this.svg()).pixels;
  }

  /** Touches and lets go; throws where the page has no such key. */
  press(key: Key): void {
    const touched = this.#parts.find(({ part }) => part.key === key)?.part;
    if (touched === undefined) throw new RangeError(`page ${this.#page.name} has no key ${key}`);
    this.#say([0x65, this.#page.id, touched.id, 1], `touch ${key}`);
    this.#say([0x65, this.#page.id, touched.id, 0], `let go ${key}`);
  }

  /** As when its supply fails for a moment while the wire stays. */
  powerCycle(): void {
    this.#powerOn();
    this.#say([0, 0, 0], 'started');
    this.#say([0x88], 'ready');
  }

  async apply(fault: Fault): Promise<void> {
    await this.#pty?.apply(fault);
  }

  async close(): Promise<void> {
    this.#stopTicking();
    await this.#pty?.close();
  }

  #powerOn(): void {
    this.#bkcmd = 2;
    this.#buffer = [];
    this.#show(BOOT);
  }

  #show(page: Page): void {
    this.#page = page;
    this.#parts = page.parts.map((part) => ({
      part,
      values: new Map(Object.entries(part.attributes)),
    }));
    this.#stopTicking();
    this.#stopTicking = () => undefined;
  }

  /** The project's timer: when `left` has run down, no QR of a silent terminal stays in sight. */
  #tick(): void {
    const left = this.#parts.find(({ part }) => part.name === 'left')?.values;
    const value = Number(left?.get('val') ?? 0);
    if (left === undefined || value === 0) return;
    left.set('val', value - 1);
    if (value === 1) this.#show(BOOT);
    else this.#stopTicking = this.#clock.after(1000, () => this.#tick());
  }

  #say(bytes: readonly number[], text: string): void {
    const frame = Uint8Array.from([...bytes, 0xff, 0xff, 0xff]);
    this.#pty?.trace({ direction: 'in', text, hex: hex(frame).slice(0, 128) });
    this.#pty?.write(frame);
  }

  #receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#buffer.push(byte);
      if (this.#buffer.slice(-3).every((each) => each === 0xff) && this.#buffer.length >= 3) {
        const instruction = Uint8Array.from(this.#buffer.slice(0, -3));
        this.#buffer = [];
        this.#work = this.#work.then(() => this.#take(instruction));
      } else if (this.#buffer.length > RECEIVE_BUFFER) {
        this.#buffer = [];
        this.#say([BUFFER_OVERFLOW], 'serial buffer overflow');
      }
    }
  }

  async #take(bytes: Uint8Array): Promise<void> {
    let instruction: string;
    try {
      instruction = decoder.decode(bytes);
    } catch {
      return this.#answer(INVALID_INSTRUCTION);
    }
    this.#pty?.trace({
      direction: 'out',
      text: instruction,
      hex: hex(bytes).slice(0, 128),
    });
    if (instruction === 'connect') return this.#connect();
    this.#answer(this.#carryOut(instruction));
  }

  #answer(code: number): void {
    const wanted = code === DONE ? this.#bkcmd & 1 : this.#bkcmd & 2;
    if (wanted !== 0) this.#say([code], code === DONE ? 'done' : `refused: 0x${code.toString(16)}`);
  }

  /** A pseudo-terminal passes bytes at any speed, so the panel looks which one the port was set to. */
  async #connect(): Promise<void> {
    if (this.#baud !== undefined) {
      const { stdout } = await promisify(execFile)('stty', ['-F', this.#path, 'speed']);
      if (Number(stdout) !== this.#baud) return;
    }
    this.#say(ascii(MODEL), 'comok');
  }

  #carryOut(instruction: string): number {
    const page = /^page (\w+)$/.exec(instruction)?.[1];
    if (page !== undefined) {
      const found = PROJECT.find((each) => each.name === page || String(each.id) === page);
      if (found === undefined) return INVALID_PAGE;
      this.#show(found);
      return DONE;
    }
    const [, name = '', attribute, value = ''] =
      /^(\w+)(?:\.(\w+))?=(.*)$/s.exec(instruction) ?? [];
    if (name === '') return INVALID_INSTRUCTION;
    return attribute === undefined
      ? this.#setSystem(name, value)
      : this.#setAttribute(name, attribute, value);
  }

  #setSystem(name: string, value: string): number {
    const number = /^\d+$/.test(value) ? Number(value) : -1;
    if (name === 'bkcmd') {
      if (number < 0 || number > 3) return ASSIGNMENT_FAILED;
      this.#bkcmd = number;
      return DONE;
    }
    if (name === 'baud' || name === 'bauds') {
      if (!BAUDS.includes(number)) return INVALID_BAUD;
      if (this.#baud !== undefined) this.#baud = number;
      return DONE;
    }
    return INVALID_VARIABLE;
  }

  #setAttribute(name: string, attribute: string, value: string): number {
    const state = this.#parts.find(({ part }) => part.name === name);
    const before = state?.values.get(attribute);
    if (state === undefined || before === undefined) return INVALID_VARIABLE;
    if (typeof before === 'number') {
      if (!/^-?\d+$/.test(value)) return ASSIGNMENT_FAILED;
      state.values.set(attribute, Number(value));
      if (name === 'left') this.#restartTimer();
      return DONE;
    }
    const text = readText(value);
    if (typeof text === 'number') return text;
    state.values.set(attribute, cut(text, state.part.room ?? 0));
    return DONE;
  }

  #restartTimer(): void {
    this.#stopTicking();
    this.#stopTicking = this.#clock.after(1000, () => this.#tick());
  }
}

/** §1.11, §1.14: the text between quotes, or the code that refuses it. */
function readText(value: string): string | number {
  if (value.length < 2 || !value.startsWith('"')) return ASSIGNMENT_FAILED;
  let text = '';
  for (let at = 1; at < value.length; at += 1) {
    const character = value[at] ?? '';
    if (character === '"') return at === value.length - 1 ? text : INVALID_INSTRUCTION;
    if (character !== '\\') {
      text += character;
      continue;
    }
    at += 1;
    const escaped = value[at];
    if (escaped === 'r') text += '\r\n';
    else if (escaped === '"' || escaped === '\\') text += escaped;
    else return 0x20;
  }
  return INVALID_INSTRUCTION;
}

/** A panel cuts text that is too long at a byte, without a word. */
function cut(text: string, room: number): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= room ? text : new TextDecoder().decode(bytes.slice(0, room));
}
