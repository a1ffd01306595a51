/** Ends permissions that nobody used in time, by the platform's clock and one timer. */
import type { PlatformParts } from './parts.ts';
import { endPermission } from './permissions.ts';

const BATCH = 200;
/** A wall clock may jump: look again at least this often. */
const LONGEST_MS = 15_000;
const RETRY_MS = 2000;

export interface Expiry {
  /** To be called where a permission was granted. */
  arm(): void;
  stop(): void;
}

export function startPermissionExpiry(parts: PlatformParts): Expiry {
  const { tables, writer, clock, log } = parts;
  let cancel = (): void => undefined;
  let stopped = false;
  let busy = false;

  const arm = (leastMs = 0): void => {
    cancel();
    if (stopped || busy) return;
    const next = tables.platform.nextExpiry();
    if (next === undefined) return;
    const wait = Math.min(Math.max(leastMs, next - clock.now()), LONGEST_MS);
    cancel = clock.after(wait, tick);
  };

  const tick = (): void => {
    busy = true;
    writer
      .run((tx) => {
        const now = clock.now();
        for (const row of tx.platform.expired(now, BATCH)) {
          endPermission(tx, parts, row, 'expired', now);
        }
      })
      .then(
        () => 0,
        (error: unknown) => {
          log({ level: 'error', place: 'platform/expiry', says: String(error) });
          return RETRY_MS;
        },
      )
      .then((leastMs) => {
        busy = false;
        arm(leastMs);
      });
  };

  arm();
  return {
    arm: () => arm(),
    stop() {
      stopped = true;
      cancel();
    },
  };
}
