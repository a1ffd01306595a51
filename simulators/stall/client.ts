/** A script's side of the stall's interface: calls, and everything that its stream has told. */
import type { TracedEvent } from './trace.ts';
import type { StallState } from './view.ts';

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** The interface refused a call; `field` and the message say why and what to do. */
export class StallError extends Error {
  readonly status: number;
  readonly field: string | undefined;

  constructor(status: number, detail: string, field: string | undefined) {
    super(detail);
    this.status = status;
    this.field = field;
  }
}

/** What a wait may take where it is not said: on a busy machine everything only comes later. */
const PATIENCE_MS = 20_000;

export class StallClient {
  readonly url: string;
  /** What passed on the wires since this client joined, oldest first. */
  readonly wires: TracedEvent[] = [];
  #state: StallState | null = null;
  readonly #waiting = new Set<() => void>();
  readonly #end = new AbortController();

  private constructor(url: string) {
    this.url = url;
  }

  /** Joins a stall; resolves with its first state. */
  static async join(url: string): Promise<StallClient> {
    const client = new StallClient(url);
    void client.#follow();
    await client.until('the stall to answer', () => client.#state !== null);
    return client;
  }

  /** The newest state that was told. */
  get state(): StallState {
    if (this.#state === null) throw new Error('the stall has not told its state yet');
    return this.#state;
  }

  /** Calls the interface below `/v1`; throws a {@link StallError} where it is refused. */
  async call<T = unknown>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.url}/v1${path === '' ? '' : `/${path}`}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (response.status === 204) return undefined as T;
    const answer = await response.json();
    if (response.ok) return answer as T;
    const { detail, field } = answer as { detail: string; field?: string };
    throw new StallError(response.status, detail, field);
  }

  /** The first answer of `look` that is neither null nor false, asked at each event. */
  async until<T>(
    what: string,
    look: () => T | null | false | undefined,
    timeoutMs = PATIENCE_MS,
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = look();
      if (found !== null && found !== undefined && found !== false) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`waited ${timeoutMs} ms for ${what}${this.#sight()}`);
      await this.#next(Math.min(left, 250));
    }
  }

  close(): void {
    this.#end.abort();
  }

  #sight(): string {
    if (this.#state === null) return '';
    const { organs, screen, spoken } = this.#state;
    const said = spoken.slice(-3).map(({ text }) => `“${text}”`);
    const away = organs.filter(({ state }) => state !== 'working');
    return [
      `; the screen shows: ${screen.text}`,
      `last said: ${said.join(', ') || 'nothing'}`,
      ...away.map(({ wire, state }) => `${wire} is ${state}`),
    ].join('\n');
  }

  #next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
    });
  }

  async #follow(): Promise<void> {
    try {
      const { signal } = this.#end;
      const response = await fetch(`${this.url}/v1/events`, { signal });
      if (response.body === null) return;
      const text = response.body.pipeThrough(new TextDecoderStream());
      let rest = '';
      for await (const part of text) {
        const messages = (rest + part).split('\n\n');
        rest = messages.pop() ?? '';
        for (const message of messages) this.#take(message);
      }
    } catch {
      // Closed, here or there: whoever waits for something is told by its own deadline.
    }
  }

  #take(message: string): void {
    const data = /^data: (.*)$/m.exec(message)?.[1];
    if (data === undefined) return;
    if (/^event: state$/m.test(message)) this.#state = JSON.parse(data);
    else this.wires.push(JSON.parse(data));
    for (const wake of [...this.#waiting]) wake();
  }
}
