/**
 * A receipt printer on a serial wire: a receive buffer, a head that prints at its own pace, real-time
 * status (DLE EOT, DLE DC4) that is answered even when it is offline. What came out is `papers()`.
 */
import { hex } from '#device/codecs/bytes.ts';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '#simulators/clock.ts';
import { type Pixels, pictureKeeper } from '#simulators/picture.ts';
import { Pty } from '#simulators/pty.ts';
import type { Fault, Simulator, Watch } from '#simulators/wire.ts';
import { PrintHead, UnknownCommand } from './head.ts';
import { drawPaper } from './paper.ts';

export interface PrinterSimulatorOptions {
  readonly path: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
  readonly chance?: () => number;
  /** Columns of font A: 32 on 58 mm paper, 48 on 80 mm. */
  readonly columns?: 32 | 42 | 48;
  /** How fast the head takes bytes; 20,000 a second is about 100 mm of text a second. */
  readonly bytesPerSecond?: number;
}

/** What keeps a printer offline until a person has done something. */
export type PrinterState = 'ready' | 'paper_out' | 'cover_open' | 'cutter_jam';

export interface PrintedPaper {
  /** As printed, a line a line, without the blanks of alignment. */
  readonly text: string;
  readonly qr: readonly string[];
  readonly cut: boolean;
}

const DLE = 0x10;
const BUFFER_BYTES = 4096;
const CLEAR = [DLE, 0x14, 8, 1, 3, 20, 1, 6, 2, 8];
/** Bits 1 and 4 are always set in an answer to DLE EOT. */
const FIXED = 0x12;

export class PrinterSimulator implements Simulator {
  readonly wire = 'printer';
  readonly #clock: Clock;
  readonly #columns: number;
  readonly #bytesPerSecond: number;
  readonly #head: PrintHead;
  readonly #draw = pictureKeeper();
  #pty: Pty | null = null;
  #state: PrinterState = 'ready';
  #buffer: number[] = [];
  /** A real-time command that has only come in part. */
  #realTime: number[] = [];
  #stopHead: (() => void) | null = null;

  private constructor(options: PrinterSimulatorOptions) {
    this.#clock = options.clock ?? realClock;
    this.#columns = options.columns ?? 32;
    this.#bytesPerSecond = options.bytesPerSecond ?? 20_000;
    this.#head = new PrintHead((bytes) => this.#say(bytes, 'paper sensor'));
  }

  static async open(options: PrinterSimulatorOptions): Promise<PrinterSimulator> {
    const printer = new PrinterSimulator(options);
    printer.#pty = await Pty.open({
      wire: 'printer',
      path: options.path,
      data: (bytes) => printer.#receive(bytes),
      plugged: () => printer.#powerOn(),
      clock: printer.#clock,
      ...(options.watch === undefined ? {} : { watch: options.watch }),
      ...(options.chance === undefined ? {} : { chance: options.chance }),
    });
    return printer;
  }

  papers(): PrintedPaper[] {
    return this.#head.papers.map(({ parts, cut }) => ({
      text: parts.flatMap((part) => (part.part === 'line' ? [part.text] : [])).join('\n'),
      qr: parts.flatMap((part) => (part.part === 'qr' ? [part.text] : [])),
      cut,
    }));
  }

  /** A picture of the paper at `index`, a pixel a dot; throws a RangeError where there is none. */
  svg(index: number): string {
    const paper = this.#head.papers[index];
    if (paper === undefined) throw new RangeError(`there is no paper ${index}`);
    return drawPaper(paper, this.#columns);
  }

  png(index: number): Uint8Array {
    return this.#draw(this.svg(index)).png;
  }

  pixels(index: number): Pixels {
    return this.#draw(this.svg(index)).pixels;
  }

  get state(): PrinterState {
    return this.#state;
  }

  /** Opens the cover, takes out the paper, … and `ready` again. Printing goes on where it stopped. */
  setState(state: PrinterState): void {
    this.#state = state;
    this.#pty?.trace({ direction: 'state', text: state });
    this.#run();
  }

  async apply(fault: Fault): Promise<void> {
    await this.#pty?.apply(fault);
  }

  async close(): Promise<void> {
    this.#stopHead?.();
    await this.#pty?.close();
  }

  #powerOn(): void {
    this.#buffer = [];
    this.#realTime = [];
    this.#head.powerOn();
  }

  #say(bytes: Uint8Array, text: string): void {
    this.#pty?.trace({ direction: 'in', text, hex: hex(bytes) });
    this.#pty?.write(bytes);
  }

  #receive(bytes: Uint8Array): void {
    this.#pty?.trace({
      direction: 'out',
      text: `${bytes.length} bytes`,
      hex: hex(bytes.subarray(0, 64)),
    });
    for (const byte of bytes) {
      if (this.#realTime.length > 0 || byte === DLE) this.#takeRealTime(byte);
      else this.#buffer.push(byte);
    }
    if (this.#buffer.length > BUFFER_BYTES) {
      this.#buffer.length = BUFFER_BYTES;
      this.#pty?.trace({ direction: 'state', text: 'receive buffer overflow: bytes are lost' });
    }
    this.#run();
  }

  #takeRealTime(byte: number): void {
    this.#realTime.push(byte);
    const [, name, n = 0] = this.#realTime;
    const length = this.#realTime.length;
    if (name === 0x04 && length === 3) {
      this.#realTime = [];
      this.#say(Uint8Array.of(this.#status(n)), `status ${n}: ${this.#state}`);
    } else if (name === 0x14 && length === CLEAR.length) {
      const isClear = this.#realTime.every((each, at) => each === CLEAR[at]);
      this.#realTime = [];
      if (isClear) this.#clear();
    } else if (name !== undefined && name !== 0x04 && name !== 0x14) {
      this.#pty?.trace({ direction: 'state', text: `unknown: DLE 0x${name.toString(16)}` });
      this.#realTime = [];
    }
  }

  #clear(): void {
    this.#buffer = [];
    this.#head.clear();
    this.#pty?.trace({ direction: 'state', text: 'buffers cleared' });
  }

  /** Tables of DLE EOT n in the command reference. */
  #status(n: number): number {
    const state = this.#state;
    switch (n) {
      case 1:
        return FIXED | (state === 'ready' ? 0 : 0x08);
      case 2:
        return (
          FIXED |
          (state === 'cover_open' ? 0x04 : 0) |
          (state === 'paper_out' ? 0x20 : 0) |
          (state === 'cutter_jam' ? 0x40 : 0)
        );
      case 3:
        return FIXED | (state === 'cutter_jam' ? 0x08 : 0);
      default:
        return FIXED | (state === 'paper_out' ? 0x6c : 0);
    }
  }

  /** The head takes a slice of the buffer every 5 ms, as long as nothing keeps it from printing. */
  #run(): void {
    if (this.#stopHead !== null || this.#state !== 'ready' || this.#buffer.length === 0) return;
    this.#stopHead = this.#clock.after(5, () => {
      this.#stopHead = null;
      if (this.#state !== 'ready') return;
      const slice = this.#buffer.splice(0, Math.max(1, Math.round(this.#bytesPerSecond / 200)));
      try {
        this.#head.feed(Uint8Array.from(slice));
      } catch (error) {
        if (!(error instanceof UnknownCommand)) throw error;
        this.#pty?.trace({ direction: 'state', text: `unknown command: ${error.message}` });
        this.unknown.push(error.message);
      }
      this.#run();
    });
  }

  /** Commands that it did not know, in the order they came: none from a good driver. */
  readonly unknown: string[] = [];
}
