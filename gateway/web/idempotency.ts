/**
 * One mechanism for the Idempotency-Key of every public write. The answer is kept in the transaction
 * of what it tells of, so that after a crash there are both or neither, and a retry gets the same.
 */
import type { Clock } from '../clock.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import type { Tables } from '../store/tables.ts';
import { StoreError, type Transaction } from '../store/writer.ts';

export interface KeyedRequest {
  /** What a key is unique in, such as `pay:06D2…` or an operation and its caller. */
  readonly scope: string;
  /** The caller's own name for this attempt. */
  readonly key: string;
  /** All that makes it this request and no other; its keyed digest alone is stored. */
  readonly content: string;
}

export type Once<T> =
  | { readonly ok: true; readonly answer: T; readonly replayed: boolean }
  /** Worked on by another call just now, or the key was used with other content. */
  | { readonly ok: false; readonly code: 'in_flight' | 'reused' };

/** Stores the answer in the caller's transaction, and gives it back. */
export type Keep<T> = (tx: Pick<Transaction, 'answers'>, answer: T) => T;

export interface IdempotencyParts {
  readonly tables: Pick<Tables, 'answers'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly keys: Pick<GatewayKeys, 'digest'>;
}

/** Requests worked on at once: some are slow on purpose, such as checking a PIN. */
const IN_FLIGHT = 512;

export class Idempotency {
  readonly #parts: IdempotencyParts;
  /** Worked on by this process, the only one that writes to its store. */
  readonly #inFlight = new Set<string>();

  constructor(parts: IdempotencyParts) {
    this.#parts = parts;
  }

  /** What this key already got, or why it gets nothing; `null` for a new key. */
  recall<T>(request: KeyedRequest): Once<T> | null {
    if (this.#inFlight.has(flightOf(request))) return { ok: false, code: 'in_flight' };
    const kept = this.#parts.tables.answers.find(request.scope, request.key);
    if (kept === undefined) return null;
    if (kept.fingerprint !== this.fingerprint(request)) return { ok: false, code: 'reused' };
    return { ok: true, answer: JSON.parse(kept.answer) as T, replayed: true };
  }

  /**
   * Does the work of a new key, which calls `keep` inside its transaction; a known key gets the kept
   * answer. Where the work throws, nothing is kept and the same key may be tried again.
   */
  async once<T>(request: KeyedRequest, work: (keep: Keep<T>) => Promise<T>): Promise<Once<T>> {
    const known = this.recall<T>(request);
    if (known !== null) return known;
    if (this.#inFlight.size >= IN_FLIGHT) throw new StoreError('too many requests at once');
    const flight = flightOf(request);
    let kept = false;
    this.#inFlight.add(flight);
    try {
      const answer = await work((tx, given) => {
        kept = true;
        this.#keep(tx, request, given);
        return given;
      });
      if (!kept) throw new Error(`${request.scope}: whoever decides keeps the answer`);
      return { ok: true, answer, replayed: false };
    } finally {
      this.#inFlight.delete(flight);
    }
  }

  #keep(tx: Pick<Transaction, 'answers'>, request: KeyedRequest, answer: unknown): void {
    const fingerprint = this.fingerprint(request);
    const row = { fingerprint, answer: JSON.stringify(answer) };
    tx.answers.add(request.scope, request.key, row, this.#parts.clock.now());
  }

  /** What a request is compared by. */
  fingerprint({ scope, content }: KeyedRequest): string {
    return keyedDigest(this.#parts.keys, `${scope}\n${content}`);
  }
}

const flightOf = ({ scope, key }: KeyedRequest): string => `${scope}\n${key}`;

/** The same text for the same JSON value, whatever the order of its fields. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`);
  return `{${fields.join(',')}}`;
}
