/**
 * The command port of a modem: characters become command lines, answers become lines and a result, and
 * what the modem tells by itself goes between them.
 */
import type { Clock } from '#device/ports/clock.ts';
import { Pty, type PtyOptions } from '../pty.ts';
import type { Fault } from '../wire.ts';
import type { Answer, Settings } from './commands.ts';

export interface AtPortParts {
  readonly pty: Omit<PtyOptions, 'data'>;
  readonly clock: Clock;
  readonly settings: () => Settings;
  /** Carries a whole command line out. */
  readonly execute: (text: string) => Answer;
  /** Tells something by itself in the middle of each answer. */
  readonly chatty: boolean;
}

const ANSWER_MS = 3;
const CTRL_Z = '\u001a';
const ESCAPE = '\u001b';

export class AtPort {
  readonly #parts: AtPortParts;
  #pty: Pty | null = null;
  #input = '';
  #prompt: ((text: string) => Answer) | null = null;
  /** The results of so many next commands are never given. */
  mutes = 0;

  private constructor(parts: AtPortParts) {
    this.#parts = parts;
  }

  /** Resolves when the path can be opened. */
  static async open(parts: AtPortParts): Promise<AtPort> {
    const port = new AtPort(parts);
    port.#pty = await Pty.open({ ...parts.pty, data: (bytes) => port.#receive(bytes) });
    return port;
  }

  get plugged(): boolean {
    return this.#pty?.plugged === true;
  }

  /** What was being typed is forgotten. */
  restart(): void {
    this.#input = '';
    this.#prompt = null;
  }

  /** By itself: between line ends, wherever an answer just is. */
  tell(...lines: string[]): void {
    for (const line of lines) {
      this.#pty?.trace({ direction: 'in', text: line.slice(0, 80) });
      this.#write(`\r\n${line}\r\n`);
    }
  }

  /** For the trace alone. */
  note(text: string): void {
    this.#pty?.trace({ direction: 'state', text });
  }

  async apply(fault: Fault): Promise<void> {
    await this.#pty?.apply(fault);
  }

  async close(): Promise<void> {
    await this.#pty?.close();
  }

  #write(text: string): void {
    this.#pty?.write(Buffer.from(text, 'latin1'));
  }

  #receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      const character = String.fromCharCode(byte);
      if (this.#prompt !== null) this.#promptInput(character);
      else if (character === '\r') {
        const text = this.#input;
        this.#input = '';
        if (this.#parts.settings().echo) this.#write(`${text}\r`);
        this.#command(text);
      } else if (character === ESCAPE) this.#input = '';
      else if (character !== '\n') this.#input += character;
    }
  }

  #promptInput(character: string): void {
    if (character === CTRL_Z) {
      const take = this.#prompt;
      const text = this.#input;
      this.restart();
      if (take !== null) this.#answer(take(text));
    } else if (character === ESCAPE) {
      this.restart();
      this.#answer({ is: 'ok' });
    } else this.#input += character;
  }

  #command(text: string): void {
    if (text === '') return;
    this.#pty?.trace({ direction: 'out', text: text.slice(0, 80) });
    const answer = this.#parts.execute(text);
    this.#parts.clock.after(ANSWER_MS, () => this.#answer(answer));
  }

  #answer(answer: Answer): void {
    if (answer.is === 'prompt') {
      this.#prompt = answer.take;
      this.#write('\r\n> ');
      return;
    }
    const lines = answer.is === 'ok' ? (answer.lines ?? []) : [];
    for (const line of lines) this.tell(line);
    if (this.#parts.chatty) this.tell('+CTZV: +32,0');
    if (this.mutes > 0) {
      this.mutes -= 1;
      return;
    }
    this.tell(resultOf(answer, this.#parts.settings().errors));
  }
}

function resultOf(answer: Exclude<Answer, { is: 'prompt' }>, errors: number): string {
  switch (answer.is) {
    case 'ok':
      return 'OK';
    case 'result':
      return answer.text;
    case 'cme':
      if (errors === 0) return 'ERROR';
      return `+CME ERROR: ${errors === 1 ? answer.code : answer.words}`;
    case 'cms':
      return `+CMS ERROR: ${answer.code}`;
    default:
      return 'ERROR';
  }
}
