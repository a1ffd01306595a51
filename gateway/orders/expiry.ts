/** Ends orders when their time is over, by the gateway's clock and one timer. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Tables } from '../store/tables.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import { bringExpiryForward, expireDue, expiresTooLate } from './orders.ts';

const BATCH = 200;
/** A wall clock may jump: look again at least this often. */
const LONGEST_MS = 15_000;
/** After the store failed: neither give up nor spin. */
const RETRY_MS = 2000;
/** How long an answer is kept for its Idempotency-Key. */
const ANSWERS_MS = 48 * 3_600_000;

function expire(tx: Transaction, now: number): void {
  bringExpiryForward(tx, now);
  expireDue(tx, now, BATCH);
}

/** Starts the timer; the answer stops it. */
export function startExpiry(tables: Tables, writer: Writer, clock: Clock, log: Log): () => void {
  let cancel = (): void => undefined;
  let stopped = false;
  let busy = false;

  const arm = (leastMs = 0): void => {
    cancel();
    if (stopped || busy) return;
    const next = tables.orders.nextExpiry();
    // Where none is open, the next one that is recorded arms it.
    if (next === undefined) return;
    cancel = clock.after(Math.min(Math.max(leastMs, next - clock.now()), LONGEST_MS), tick);
  };

  const tick = (): void => {
    busy = true;
    const now = clock.now();
    const due = tables.orders.due(now, 1).length > 0 || expiresTooLate(tables, now);
    const work = due ? writer.run((tx) => expire(tx, clock.now())) : Promise.resolve();
    work
      .then(
        () => 0,
        (error: unknown) => {
          const says = String(error);
          log({ level: 'error', place: 'orders/expiry', says, mend: 'look at the disk' });
          return RETRY_MS;
        },
      )
      .then((leastMs) => {
        busy = false;
        arm(leastMs);
      });
  };

  const forget = (): void => {
    if (stopped) return;
    writer.run((tx) => tx.answers.forgetBefore(clock.now() - ANSWERS_MS)).catch(() => undefined);
    cancelForget = clock.after(3_600_000, forget);
  };

  let cancelForget = clock.after(3_600_000, forget);
  const unlisten = writer.listen((note) => {
    if (note.about === 'order') arm();
  });
  arm();
  return () => {
    stopped = true;
    cancel();
    cancelForget();
    unlisten();
  };
}
