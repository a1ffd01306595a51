/** Ends shop orders when their time is over: one timer, by the gateway's clock. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Tables } from '../store/tables.ts';
import type { Writer } from '../store/writer.ts';
import { endShopOrder } from './orders.ts';

const BATCH = 200;
/** A wall clock may jump: look again at least this often. */
const LONGEST_MS = 15_000;
/** After the store failed: neither give up nor spin. */
const PAUSE_MS = 2000;

export interface ShopExpiryParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
}

/** Starts the timer; `ended` is told each order, and the answer stops it. */
export function startShopExpiry(
  { tables, writer, clock, log }: ShopExpiryParts,
  ended: (number: string) => void,
): () => void {
  let cancel = (): void => undefined;
  let stopped = false;
  let busy = false;
  const arm = (leastMs: number): void => {
    cancel();
    const next = tables.shop.nextExpiry();
    if (stopped || busy || next === undefined) return;
    cancel = clock.after(Math.min(Math.max(leastMs, next - clock.now()), LONGEST_MS), tick);
  };
  const tick = (): void => {
    busy = true;
    writer
      .run((tx) => {
        const now = clock.now();
        return tx.shop
          .due(now, BATCH)
          .filter(({ number }) => endShopOrder(tx, number, 'expired', now).ok);
      })
      .then(
        (rows) => {
          for (const { number } of rows) ended(number);
          return 1;
        },
        (error: unknown) => {
          if (!stopped) log({ level: 'error', place: 'shop/expiry', says: String(error) });
          return PAUSE_MS;
        },
      )
      .then((leastMs) => {
        busy = false;
        if (!stopped) arm(leastMs);
      });
  };
  const unlisten = writer.listen((note) => {
    if (note.about === 'shop') arm(1);
  });
  arm(1);
  return () => {
    stopped = true;
    cancel();
    unlisten();
  };
}
