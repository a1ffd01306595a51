/**
 * Asks platforms what is next for each attempt, and takes what they say by themselves: permission,
 * status, withdrawal, refund. What an answer changes is decided in attempts.ts.
 */
import type { Currency } from '#device/messages/money.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { backOff, startResolver } from '../resolver.ts';
import type { Tables } from '../store/tables.ts';
import type { AttemptRow } from '../store/tables-pairing.ts';
import type { Writer } from '../store/writer.ts';
import { takePermission, takeRefund, takeSilence, takeStatus } from './attempts.ts';
import type { PaymentPlatform, PlatformMessage, PlatformStatus } from './platforms/platform.ts';
import type { RefundAttempt } from './refunds.ts';

export interface AskingParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
}

interface Connected {
  readonly platform: PaymentPlatform;
  /** Where it sends payers back to. */
  readonly returnUrl: string;
}

/** How long a phone waits for the platform's page before it is told that it does not answer. */
const PATIENCE_MS = 4000;
/** While the payer is at the platform's page: its webhook is faster, this is for when it is lost. */
const LOOK_MS = 3000;
const AT_ONCE = 50;

export class Asking {
  readonly #parts: AskingParts;
  readonly #platforms = new Map<string, Connected>();
  /** Attempts whose platform is being asked by this process. */
  readonly #working = new Map<string, Promise<void>>();
  readonly #stop: () => void;
  #closed = false;

  constructor(parts: AskingParts) {
    this.#parts = parts;
    const { tables, writer, clock, log } = parts;
    this.#stop = startResolver({
      ...{ writer, clock, log },
      place: 'pairing',
      nextAt: () => (this.#platforms.size === 0 ? undefined : tables.pairings.nextDue()),
      settle: (now) => this.#settle(now),
    });
  }

  connect(platform: PaymentPlatform, returnUrl: string): void {
    this.#platforms.set(platform.name, { platform, returnUrl });
    void this.#settle(this.#parts.clock.now()).catch(() => undefined);
  }

  get platforms(): readonly PaymentPlatform[] {
    return [...this.#platforms.values()].map(({ platform }) => platform);
  }

  /** Whether an attempt is being asked about by this process. */
  isAsking(id: string): boolean {
    return this.#working.has(id);
  }

  /** Takes a webhook, or what a payer brought back; `null` where the platform did not say so. */
  async take(name: string, message: PlatformMessage): Promise<AttemptRow | null> {
    const { tables, writer, clock } = this.#parts;
    const platform = this.#platforms.get(name)?.platform;
    const result = (await platform?.verifyResult(message)) ?? null;
    if (result === null) return null;
    const known = tables.pairings.attempt(result.id);
    if (known === undefined || known.platform !== name) return null;
    const now = clock.now();
    await writer.run((tx) => {
      const { message: id } = result;
      if (id !== null && !tx.deliveries.receive(`pairing ${name}`, id, now)) return;
      takeStatus(tx, result.id, result.status, now, now + LOOK_MS);
    });
    return tables.pairings.attempt(result.id) ?? null;
  }

  /** Asks what is next for an attempt; at most one question at a time for each. */
  ask(id: string): Promise<void> {
    const running = this.#working.get(id);
    if (running !== undefined) return running;
    const work = this.#question(id).finally(() => this.#working.delete(id));
    this.#working.set(id, work);
    return work;
  }

  /** Gives back a part of what an attempt paid. */
  refund: RefundAttempt = async (attempt, { id, amount_minor }) => {
    const connected = this.#platforms.get(attempt.platform);
    if (connected === undefined) {
      throw new Error(`the platform ${attempt.platform} is not connected`);
    }
    const order = this.#parts.tables.orders.find(attempt.order_number);
    if (order === undefined) throw new Error(`order ${attempt.order_number} is gone`);
    const currency = order.currency as Currency;
    return (await connected.platform.refund({ id, of: attempt.id, amount_minor, currency })).said;
  };

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  async #settle(now: number): Promise<void> {
    const due = this.#parts.tables.pairings.dueAttempts(now, AT_ONCE);
    await Promise.all(due.map(({ id }) => this.ask(id)));
  }

  async #question(id: string): Promise<void> {
    const { tables, writer, clock, log } = this.#parts;
    const row = tables.pairings.attempt(id);
    if (row === undefined || row.next_at === null || this.#closed) return;
    const connected = this.#platforms.get(row.platform);
    const heard = await askPlatform(tables, connected, row).catch((cause: unknown) => ({ cause }));
    if (this.#closed) return;
    const now = clock.now();
    // Somebody stands there and waits for a page.
    const waited = row.state === 'requesting' && row.withdraw === 0;
    const again = now + (waited ? 1000 : backOff(row.tries));
    if ('cause' in heard && row.tries % 10 === 0) {
      const says = `${row.platform} gave no answer about ${row.id}: ${String(heard.cause)}`;
      log({ level: 'warn', place: 'pairing', says });
    }
    await writer.run((tx) => {
      if ('permission' in heard) takePermission(tx, id, heard.permission, now);
      else if ('status' in heard) takeStatus(tx, id, heard.status, now, now + LOOK_MS);
      else if ('refunded' in heard && heard.refunded) takeRefund(tx, id, now);
      else takeSilence(tx, id, now, again, PATIENCE_MS);
    });
  }
}

type Heard =
  | { readonly permission: Awaited<ReturnType<PaymentPlatform['requestPermission']>> }
  | { readonly status: PlatformStatus }
  | { readonly refunded: boolean };

/** The one question that is open for an attempt. */
async function askPlatform(
  tables: Tables,
  connected: Connected | undefined,
  row: AttemptRow,
): Promise<Heard> {
  if (connected === undefined) throw new Error(`the platform ${row.platform} is not connected`);
  const { platform, returnUrl } = connected;
  const order = tables.orders.find(row.order_number);
  if (order === undefined) throw new Error(`order ${row.order_number} is gone`);
  const { amount_minor } = order;
  const currency = order.currency as Currency;
  if (row.withdraw === 1) return { status: await platform.withdraw(row.id) };
  switch (row.state) {
    case 'requesting': {
      const merchant = String((JSON.parse(order.body) as { vendor: unknown }).vendor);
      const permission = await platform.requestPermission({
        ...{ id: row.id, merchant, order: order.number, amount_minor, currency },
        return_url: returnUrl,
        expires_at: order.expires_at,
      });
      return { permission };
    }
    case 'refund_due': {
      const wish = { id: `${row.id}-r`, of: row.id, amount_minor, currency };
      return { refunded: (await platform.refund(wish)).said === 'refunded' };
    }
    default:
      return { status: await platform.status(row.id) };
  }
}
