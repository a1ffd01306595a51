/** What is said on a call, and what the telephone program lacks, as it tells it while it is watched. */

export interface TalkLine {
  /** `you`: what the person in the phone box typed; `caller`: what the assistant understood of it. */
  readonly who: 'you' | 'caller' | 'assistant' | 'terminal' | 'order' | 'sms';
  readonly text: string;
}

export interface Lack {
  /** Of the callers who need it. */
  readonly language: string;
  readonly what: string;
  readonly mend: string;
}

type Line = Readonly<Record<string, unknown>>;

/** Lines kept of one call. */
const KEPT = 60;

export class CallTalk {
  lines: readonly TalkLine[] = [];
  /** Programs and models that are missing. */
  lacks: readonly Lack[] = [];
  with: 'menu' | 'assistant' | 'agent' = 'menu';
  #registered = false;
  #ears = false;
  #awaited: (() => void)[] = [];

  /** A new call. */
  begin(): void {
    this.lines = [];
    this.with = 'menu';
  }

  /** The program starts anew. */
  forget(): void {
    this.lacks = [];
    this.#registered = false;
    this.#ears = false;
  }

  /** Whether the modem is in its network; waits for that, and until somebody listens or can't. */
  async ready(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const left = deadline - performance.now();
      if ((this.#registered && this.#ears) || left <= 0) return this.#registered;
      await this.#next(left);
    }
  }

  say(who: TalkLine['who'], text: string): void {
    this.lines = [...this.lines, { who, text }].slice(-KEPT);
  }

  /** One line of the program's own report. */
  take(line: Line): void {
    const { event, who, text, is, state, to } = line;
    switch (event) {
      case 'said':
        if (who === 'caller' || who === 'assistant' || who === 'terminal') {
          this.say(who, String(text));
        }
        break;
      case 'call':
        if (state === 'connected' && (to === 'agent' || to === 'assistant')) this.with = to;
        break;
      case 'order':
        this.say('order', String(line.order));
        break;
      case 'recogniser':
        this.#tellEar(line);
        break;
      case 'modem':
        this.#registered = is === 'working' && /^(home|roaming)$/.test(String(line.registration));
        break;
    }
    for (const wake of this.#awaited.splice(0)) wake();
  }

  #tellEar({ language, is, detail, mend }: Line): void {
    if (language === 'en') this.#ears = true;
    this.lacks = this.lacks.filter((lack) => lack.language !== language);
    if (is !== 'missing') return;
    const lack = { language: String(language), what: String(detail), mend: String(mend ?? '') };
    this.lacks = [...this.lacks, lack];
  }

  #next(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#awaited.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
