/** The auditor's books of the wire: whatever one end believes, the other end has said, and to it. */
import { peek } from '#device/codecs/jws.ts';

/** Enough of a token to tell it from any other: the end of its signature. */
const markOf = (token: string): string => token.slice(-24);

const kindOf = (token: string): string => {
  const said = peek(token) as { readonly kind?: unknown } | null;
  return String(said?.kind ?? 'message');
};

export class WireBooks {
  readonly #report: (what: string) => void;
  readonly #said = { up: new Map<string, Set<string>>(), down: new Map<string, Set<string>>() };

  constructor(report: (what: string) => void) {
    this.#report = report;
  }

  /** The gateway says it to a terminal (`down`), or a terminal to the gateway (`up`). */
  said(way: 'up' | 'down', terminal: string, token: string): void {
    const known = this.#said[way].get(terminal) ?? new Set();
    this.#said[way].set(terminal, known.add(markOf(token)));
  }

  /** A terminal takes it for its gateway's, or the gateway for that terminal's. */
  believed(way: 'up' | 'down', terminal: string, token: string): void {
    if (this.#said[way].get(terminal)?.has(markOf(token)) === true) return;
    const who = way === 'down' ? terminal : 'the gateway';
    const whom = way === 'down' ? 'its gateway' : terminal;
    this.#report(`believed: ${who} takes a ${kindOf(token)} that ${whom} never said`);
  }
}
