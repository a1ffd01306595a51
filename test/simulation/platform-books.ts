/**
 * The auditor's books of what paired phones pay through a platform: kept from what the platform took
 * and gave back, and compared with what the order centre wrote down.
 */
import type { PermissionWish } from '#gateway/pairing/platforms/platform.ts';
import type { OrderRow, Tables } from '#gateway/store/tables.ts';
import type { AttemptRow } from '#gateway/store/tables-pairing.ts';
import type { OrderBooks } from './order-books.ts';
import type { Trace } from './trace.ts';
import type { Write } from './watched-engine.ts';

export interface PlatformBooksParts {
  readonly trace: Trace;
  readonly report: (what: string) => void;
  readonly counts: { platform: number };
  readonly orders: () => OrderBooks;
}

/** What the platform's payments are called by begins so. */
export const PLATFORM_PAYMENT = 'LOT-';

interface Taken {
  readonly order: string;
  readonly payment: string;
  readonly amount_minor: number;
  given_minor: number;
}

export class PlatformBooks {
  readonly #parts: PlatformBooksParts;
  readonly #attempts = new Map<string, AttemptRow>();
  /** By attempt. */
  readonly #taken = new Map<string, Taken>();

  constructor(parts: PlatformBooksParts) {
    this.#parts = parts;
  }

  /** Enters one commit. */
  committed(house: string, writes: readonly Write[]): void {
    for (const write of writes) if (write.is === 'paired_attempt') this.#change(house, write.row);
  }

  #change(house: string, row: AttemptRow): void {
    const { id, state, order_number } = row;
    const known = this.#attempts.get(id)?.state;
    this.#attempts.set(id, row);
    if (known === state) return;
    this.#parts.trace.say(house, `attempt ${row.nth} of ${order_number} is ${state}`);
    if (known === 'paid' || known === 'refunded') {
      this.#parts.report(`debit: attempt ${id} was ${known}, and is ${state}`);
    }
    if (state !== 'paid' && state !== 'refund_due') return;
    const taken = this.#taken.get(id);
    if (taken?.payment === row.payment) return;
    const says = `${row.payment} is called ${state} for ${order_number}`;
    this.#parts.report(`announced: ${says}, and the platform took ${taken?.payment ?? 'nothing'}`);
  }

  /** The platform is asked for a permission that it has not heard of. */
  asked({ id, order, amount_minor }: PermissionWish): void {
    const attempt = this.#attempts.get(id);
    if (attempt?.order_number !== order) {
      this.#parts.report(`debit: the platform is asked for ${id}, which nobody tries`);
    }
    const wanted = this.#parts.orders().find(order)?.amount_minor;
    if (wanted !== amount_minor) {
      this.#parts.report(`debit: the platform is asked for ${amount_minor} of ${order}: ${wanted}`);
    }
  }

  took({ id, order, amount_minor }: PermissionWish, payment: string): void {
    this.#parts.counts.platform += 1;
    this.#taken.set(id, { order, payment, amount_minor, given_minor: 0 });
  }

  gaveBack(id: string, amount_minor: number): void {
    const taken = this.#taken.get(id);
    if (taken !== undefined) taken.given_minor += amount_minor;
  }

  /** The attempt that a payment was made for. */
  attemptOf(payment: string): AttemptRow | undefined {
    return [...this.#attempts.values()].find(
      (row) => row.payment === payment && row.state === 'paid',
    );
  }

  /** What is not known yet, or not given back. */
  open(): string[] {
    return [...this.#attempts.values()].flatMap(({ order_number, nth, state, next_at }) =>
      next_at === null ? [] : [`attempt ${nth} of ${order_number} is ${state}`],
    );
  }

  /** After healing, with the order centre's tables. */
  judge({ attempts, pairings }: Tables): void {
    let kept = 0;
    for (const [id, taken] of this.#taken) {
      const { order, payment, amount_minor, given_minor } = taken;
      const row = this.#parts.orders().find(order);
      const left = amount_minor - given_minor;
      const wanted = wantedOf(row, taken, attempts);
      kept += left;
      if (left !== wanted) {
        const says = `${order} is ${row?.state} by ${row?.payment}`;
        this.#parts.report(`debit: ${says}, and the platform has ${left} of ${payment}`);
      }
      if (pairings.attempt(id)?.state !== this.#attempts.get(id)?.state) {
        this.#parts.report(`lost: attempt ${id} was ${this.#attempts.get(id)?.state}`);
      }
    }
    const due = this.#parts.orders().balanceMinor('centre:platform:lotus:CNY');
    if (due + kept !== 0) {
      this.#parts.report(`value: the platform has ${kept} of ours, we count on ${-due}`);
    }
  }
}

/** What a platform must have of a payment in the end. */
function wantedOf(
  row: OrderRow | undefined,
  { order, payment, amount_minor }: Taken,
  attempts: Tables['attempts'],
): number {
  if (row?.payment !== payment || row.state !== 'paid') return 0;
  return attempts
    .refundsOf(order)
    .filter(({ state }) => state === 'refunded')
    .reduce((left, refund) => left - refund.amount_minor, amount_minor);
}
