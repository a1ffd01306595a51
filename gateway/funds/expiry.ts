/** Vouchers expire by the fund server's clock; what is frozen is let go. */
import type { VoucherRow } from '../store/tables-funds.ts';
import { StoreError, type Transaction } from '../store/writer.ts';
import type { Asks } from './asks.ts';
import { step } from './flow.ts';
import { FUND_SERVER, type FundParts, move } from './parts.ts';

/** Expired ones that share a commit. */
const ROUND = 64;
/** A wall clock may jump: look again at least this often, ms. */
const LONGEST_MS = 15_000;
const RETRY_MS = 2000;

/** Ends a voucher whose time is over though the timer has not come round yet. */
export function expireLate(tx: Transaction, asks: Asks, row: VoucherRow, now: number): VoucherRow {
  if (row.expires_at > now || !step(row.state, 'expire', ['fund_server']).ok) return row;
  asks.overtake(tx, row);
  const ended = move(tx, row, { actor: FUND_SERVER, action: 'expire', now });
  asks.release(tx, ended);
  return tx.funds.voucher(row.number) ?? ended;
}

/** Starts the timer; the answer stops it. */
export function startVoucherExpiry(parts: FundParts, asks: Asks): () => void {
  const { tables, writer, clock, log } = parts;
  let cancel = (): void => undefined;
  let stopped = false;
  const arm = (leastMs: number): void => {
    cancel();
    if (stopped) return;
    const next = tables.funds.nextExpiry();
    if (next === undefined) return;
    const waitMs = Math.min(Math.max(leastMs, next - clock.now()), LONGEST_MS);
    cancel = clock.after(waitMs, round);
  };
  const round = (): void => {
    const now = Math.floor(clock.now());
    // A unit each, in one commit: one that can't be ended keeps no other from it.
    const units = tables.funds.due(now, ROUND).map(({ number }) =>
      writer.run((tx) => {
        const row = tx.funds.voucher(number);
        if (row !== undefined) expireLate(tx, asks, row, now);
      }),
    );
    void Promise.allSettled(units).then((ends) => {
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed === undefined) return arm(50);
      if (stopped) return;
      const disk = failed.reason instanceof StoreError;
      const mend = disk ? 'look at the disk' : 'look at its trail, at /vouchers/office';
      log({ level: 'error', place: 'funds/expiry', says: String(failed.reason), mend });
      arm(RETRY_MS);
    });
  };
  const unlisten = writer.listen((note) => {
    if (note.about === 'voucher') arm(50);
  });
  arm(0);
  return () => {
    stopped = true;
    cancel();
    unlisten();
  };
}
