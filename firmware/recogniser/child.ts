/**
 * The near end of a recogniser: the native library runs in a process of its own, so that whatever it
 * does, the terminal goes on, keeps little memory, and opens it anew.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { DeviceError, type DeviceEvents } from '#device/ports/device.ts';
import type { Recognised, Recogniser, Utterance, Vocabulary } from '#device/ports/recogniser.ts';
import { NOWHERE } from '#firmware/nowhere.ts';
import type { FromRecogniser, Loss, ToRecogniser } from './process-words.ts';

export interface ChildSettings {
  /** The program, as an absolute path, and its arguments. */
  readonly program: string;
  readonly args: readonly string[];
  /** What is wrong, and what mends it, of each loss. */
  readonly losses: Readonly<Record<Loss, { readonly what: string; readonly mend: string }>>;
  /** A model of some 200 MB is read from a memory card. */
  readonly openTimeoutMs: number;
  /** Longer than any utterance takes. */
  readonly answerTimeoutMs: number;
}

type Answer = Extract<FromRecogniser, { id: number }>;

class RecogniserChild implements Recogniser {
  readonly #organ: string;
  readonly #events: DeviceEvents;
  readonly #settings: ChildSettings;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer | DeviceError) => void>();
  readonly #learnt = new Set<string>();
  #opened: ((error: DeviceError | null) => void) | null = null;
  #over: DeviceError | null = null;
  #next = 1;

  constructor(organ: string, settings: ChildSettings, events: DeviceEvents) {
    this.#organ = organ;
    this.#events = events;
    this.#settings = settings;
    this.#child = fork(settings.program, settings.args, {
      execArgv: [],
      serialization: 'advanced',
      stdio: [NOWHERE, NOWHERE, NOWHERE, 'ipc'],
    });
    this.#child.on('message', (word: FromRecogniser) => this.#take(word));
    const end = (): void => {
      const why = 'the recogniser’s process ended';
      // Native code that does not like its model ends without a word.
      if (this.#opened !== null) this.#take({ say: 'lost', what: 'model', why });
      else this.#lose(this.#error('lost', why));
    };
    this.#child.once('exit', end);
    this.#child.once('error', end);
  }

  /** Of the process, for whoever watches its memory. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#lose(this.#error('timeout', 'the recogniser does not start'));
      }, this.#settings.openTimeoutMs);
      this.#opened = (error) => {
        clearTimeout(timer);
        this.#opened = null;
        if (error === null) resolve();
        else reject(error);
      };
    });
  }

  async recognise(utterance: Utterance, vocabulary: Vocabulary): Promise<Recognised> {
    if (!this.#learnt.has(vocabulary.name)) {
      this.#learnt.add(vocabulary.name);
      this.#send({ ask: 'learn', vocabulary });
    }
    const { name } = vocabulary;
    const answer = await this.#ask((id) => ({ ask: 'recognise', id, utterance, vocabulary: name }));
    return answer.result;
  }

  async close(): Promise<void> {
    this.#end(this.#error('lost', 'the recogniser was closed'));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #ask(word: (id: number) => ToRecogniser): Promise<Answer> {
    if (this.#over !== null) return Promise.reject(this.#over);
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#lose(this.#error('timeout', 'the recogniser does not answer'));
      }, this.#settings.answerTimeoutMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (answer instanceof DeviceError) reject(answer);
        else resolve(answer);
      });
      this.#send(word(id));
    });
  }

  #send(word: ToRecogniser): void {
    this.#child.send(word, (error) => {
      if (error !== null) this.#lose(this.#error('lost', 'the recogniser’s process ended'));
    });
  }

  #take(word: FromRecogniser): void {
    if (this.#over !== null) return;
    switch (word.say) {
      case 'ready':
        this.#opened?.(null);
        break;
      case 'recognised':
        this.#waiting.get(word.id)?.(word);
        break;
      case 'lost': {
        const { what, mend } = this.#settings.losses[word.what];
        const code = word.what === 'failed' ? 'protocol' : 'missing_tool';
        this.#lose(this.#error(code, `${what}: ${word.why}`, mend));
        break;
      }
    }
  }

  #lose(error: DeviceError): void {
    if (this.#over !== null) return;
    const opening = this.#opened;
    this.#end(error);
    this.#child.kill('SIGKILL');
    if (opening !== null) opening(error);
    else this.#events.lost(error);
  }

  #end(error: DeviceError): void {
    this.#over ??= error;
    for (const settle of [...this.#waiting.values()]) settle(this.#over);
  }

  #error(code: DeviceError['code'], message: string, mend?: string): DeviceError {
    return new DeviceError(code, this.#organ, message, mend === undefined ? {} : { mend });
  }
}

/** Starts a recogniser's process; rejects with a `DeviceError` that names the mend. */
export async function openChild(
  name: string,
  settings: ChildSettings,
  events: DeviceEvents,
): Promise<Recogniser> {
  const child = new RecogniserChild(name, settings, events);
  await child.ready();
  return child;
}
