/**
 * Looks after what another organisation has not answered: again and again, ever less often, until it
 * is finished or undone. Nobody presses a button.
 */
import { type Clock, watchSetBack } from './clock.ts';
import type { Log } from './log.ts';
import type { Writer } from './store/writer.ts';

export interface ResolverParts {
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
  /** For the log, such as `acquirer/resolver`. */
  readonly place: string;
  /** When the next open matter is due; ms since 1970. */
  readonly nextAt: () => number | undefined;
  /** Takes up what is due at `now`; rejects only where the store fails. */
  readonly settle: (now: number) => Promise<void>;
}

/** A wall clock may jump: look again at least this often. */
const LONGEST_MS = 15_000;
/** After the store failed, and between two rounds: never spin. */
const RETRY_MS = 2000;
const LEAST_MS = 50;

const FIRST_BACK_OFF_MS = 1000;
const LONGEST_BACK_OFF_MS = 60_000;

/** What `settle` is given where all that is open is to be taken up, whenever it is due. */
const ALWAYS = Number.MAX_SAFE_INTEGER;
const ROUND = 64;

/**
 * How many to take up in the round of `now`, as a LIMIT of SQL. All where a clock was set back: of
 * those that it had put off, what does not fit into this round would wait until that time comes.
 */
export const roundOf = (now: number): number => (now === ALWAYS ? -1 : ROUND);

/** How long to wait after so many fruitless tries, ms. */
export const backOff = (tries: number): number =>
  Math.min(FIRST_BACK_OFF_MS * 2 ** Math.min(tries, 10), LONGEST_BACK_OFF_MS);

/** Starts it, first with all that an earlier process left open; the answer stops it. */
export function startResolver(parts: ResolverParts): () => void {
  const { writer, clock, log, place } = parts;
  let cancel = (): void => undefined;
  let stopped = false;
  let busy = false;
  let all = false;
  const wasSetBack = watchSetBack(clock);

  const arm = (leastMs: number): void => {
    cancel();
    if (stopped || busy) return;
    const next = parts.nextAt();
    if (next === undefined) return;
    all = wasSetBack() || all;
    const wait = all ? leastMs : Math.max(leastMs, next - clock.now());
    cancel = clock.after(Math.min(wait, LONGEST_MS), () => {
      const everything = wasSetBack() || all;
      all = false;
      round(everything ? ALWAYS : clock.now());
    });
  };

  const round = (now: number): void => {
    busy = true;
    parts
      .settle(now)
      .then(
        () => LEAST_MS,
        (error: unknown) => {
          if (!stopped) {
            log({ level: 'error', place, says: String(error), mend: 'look at the disk' });
          }
          return RETRY_MS;
        },
      )
      .then((leastMs) => {
        busy = false;
        arm(leastMs);
      });
  };

  const unlisten = writer.listen((note) => {
    if (note.about === 'open') arm(0);
  });
  // Whatever is open now was begun by a process that is no more: nothing is on its way.
  if (parts.nextAt() !== undefined) round(ALWAYS);
  return () => {
    stopped = true;
    cancel();
    unlisten();
  };
}
