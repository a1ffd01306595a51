/**
 * What a printer's head does with ESC/POS, byte by byte: settings, lines, symbols, cuts. Written
 * from the command reference and not from the terminal's codec, so that it judges that codec.
 */

export interface PaperLine {
  readonly text: string;
  readonly align: 'left' | 'centre' | 'right';
  readonly bold: boolean;
  readonly wide: number;
  readonly tall: number;
  /** In Chinese mode all but ASCII takes two columns. */
  readonly chinese: boolean;
}

export type PaperPart =
  | ({ readonly part: 'line' } & PaperLine)
  | { readonly part: 'qr'; readonly text: string; readonly module: number; readonly level: string }
  | { readonly part: 'feed'; readonly lines: number };

export interface Paper {
  readonly parts: PaperPart[];
  cut: boolean;
}

/** A byte sequence that this printer does not know: on metal it would print rubbish. */
export class UnknownCommand extends Error {}

const ESC = 0x1b;
const FS = 0x1c;
const GS = 0x1d;

const CP858_HIGH =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀' +
  'ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0';

const LEVELS: Record<number, string> = { 48: 'L', 49: 'M', 50: 'Q', 51: 'H' };

interface Settings {
  align: PaperLine['align'];
  bold: boolean;
  wide: number;
  tall: number;
  chinese: boolean;
}

const start = (): Settings => ({ align: 'left', bold: false, wide: 1, tall: 1, chinese: true });

/** How many bytes a command has in all; `null` while that can't be told yet. */
function lengthOf(bytes: readonly number[]): number | null {
  const [first, second] = bytes;
  if (first === undefined) return null;
  if (first !== ESC && first !== FS && first !== GS) return 1;
  if (second === undefined) return null;
  const name = `${first === ESC ? 'ESC' : first === FS ? 'FS' : 'GS'} ${String.fromCharCode(second)}`;
  switch (name) {
    case 'ESC @':
    case 'FS &':
    case 'FS .':
      return 2;
    case 'ESC a':
    case 'ESC E':
    case 'ESC d':
    case 'ESC t':
    case 'ESC R':
    case 'GS !':
    case 'GS r':
      return 3;
    case 'GS V':
      return bytes.length < 3 ? null : (bytes[2] ?? 0) >= 65 ? 4 : 3;
    case 'GS (':
      return bytes.length < 5 ? null : 5 + (bytes[3] ?? 0) + 256 * (bytes[4] ?? 0);
    default:
      throw new UnknownCommand(`${name} (0x${second.toString(16)})`);
  }
}

export class PrintHead {
  readonly papers: Paper[] = [];
  readonly #answer: (bytes: Uint8Array) => void;
  #held: number[] = [];
  #settings = start();
  #line: number[] = [];
  #qr = { text: '', module: 3, level: 'L' };
  #open: Paper | null = null;

  /** `answer` sends what a command in the stream asks for (GS r). */
  constructor(answer: (bytes: Uint8Array) => void) {
    this.#answer = answer;
  }

  /** Prints; throws `UnknownCommand`, and goes on with the byte after it the next time. */
  feed(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#held.push(byte);
      let length: number | null;
      try {
        length = lengthOf(this.#held);
      } catch (error) {
        this.#held = [];
        throw error;
      }
      if (length === null || this.#held.length < length) continue;
      const command = this.#held;
      this.#held = [];
      this.#obey(command);
    }
  }

  /** What is under way is thrown away; what is on paper stays there. */
  clear(): void {
    this.#held = [];
    this.#line = [];
  }

  powerOn(): void {
    this.clear();
    this.#settings = start();
  }

  /** The paper under the head, cut or not; a tear-off ends it. */
  #paper(): Paper {
    if (this.#open === null) {
      this.#open = { parts: [], cut: false };
      this.papers.push(this.#open);
    }
    return this.#open;
  }

  #obey(command: readonly number[]): void {
    const [first = 0, second = 0, n = 0] = command;
    if (first === ESC) this.#escape(second, n);
    else if (first === FS) this.#settings.chinese = second === 0x26;
    else if (first === GS) this.#group(command);
    else if (first === 0x0a) this.#endLine();
    else if (first >= 0x20) this.#line.push(first);
    else throw new UnknownCommand(`control character 0x${first.toString(16)}`);
  }

  #escape(name: number, n: number): void {
    switch (String.fromCharCode(name)) {
      case '@':
        this.#settings = start();
        this.#line = [];
        break;
      case 'a':
        this.#settings.align = n % 48 === 1 ? 'centre' : n % 48 === 2 ? 'right' : 'left';
        break;
      case 'E':
        this.#settings.bold = (n & 1) === 1;
        break;
      case 'd':
        this.#endLine(n);
        break;
      case 't':
        if (n !== 19) throw new UnknownCommand(`code page ${n}`);
        break;
      default: // ESC R: the national set 0 is what it has.
        if (n !== 0) throw new UnknownCommand(`national set ${n}`);
    }
  }

  #group(command: readonly number[]): void {
    const [, name = 0, n = 0] = command;
    switch (String.fromCharCode(name)) {
      case '!':
        this.#settings.wide = (n >> 4) + 1;
        this.#settings.tall = (n & 7) + 1;
        break;
      case 'r':
        // Paper sensor: paper is there, else this would still wait in the buffer.
        this.#answer(Uint8Array.of(0));
        break;
      case 'V':
        this.#endLine(1);
        this.#paper().cut = true;
        this.#open = null;
        break;
      default:
        this.#symbol(command);
    }
  }

  /** GS ( k pL pH cn fn …, for QR symbols (cn 49). */
  #symbol(command: readonly number[]): void {
    const [, , kind, , , cn, fn, n = 0] = command;
    if (kind !== 0x6b || cn !== 49) throw new UnknownCommand('GS ( of another kind');
    switch (fn) {
      case 65:
        if (n !== 50) throw new UnknownCommand(`QR model ${n}`);
        break;
      case 67:
        this.#qr.module = n;
        break;
      case 69:
        this.#qr.level = LEVELS[n] ?? 'L';
        break;
      case 80:
        this.#qr.text = new TextDecoder().decode(Uint8Array.from(command.slice(8)));
        break;
      case 81:
        this.#paper().parts.push({ part: 'qr', ...this.#qr });
        break;
      default:
        throw new UnknownCommand(`QR function ${fn}`);
    }
  }

  #endLine(feed = 0): void {
    if (this.#line.length > 0 || feed === 0) {
      const { align, bold, wide, tall, chinese } = this.#settings;
      const text = this.#decode();
      this.#line = [];
      this.#paper().parts.push({ part: 'line', text, align, bold, wide, tall, chinese });
    }
    if (feed > 0) this.#paper().parts.push({ part: 'feed', lines: feed });
  }

  #decode(): string {
    const bytes = Uint8Array.from(this.#line);
    if (this.#settings.chinese) return new TextDecoder('gb18030').decode(bytes);
    const character = (byte: number): string =>
      byte < 0x80 ? String.fromCharCode(byte) : (CP858_HIGH[byte - 0x80] ?? '');
    return Array.from(bytes, character).join('');
  }
}
