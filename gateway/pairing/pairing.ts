/**
 * Pairs phones with terminals, asks them, and has platforms paid (rows E1–E6). Decisions are units of
 * the store (pairings.ts, attempts.ts); here is what happens between them.
 */
import type { Currency } from '#device/messages/money.ts';
import type { Chance, Clock } from '../clock.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import type { Log } from '../log.ts';
import type { Downlinks } from '../notify/downlinks.ts';
import { backOff, startResolver } from '../resolver.ts';
import type { Tables } from '../store/tables.ts';
import type { AttemptRow, PairingSessionRow } from '../store/tables-pairing.ts';
import type { Note, Transaction, Writer } from '../store/writer.ts';
import {
  type Begun,
  beginAttempt,
  takePermission,
  takeRefund,
  takeSilence,
  takeStatus,
} from './attempts.ts';
import { terminalNumber } from './numbers.ts';
import { askFor, orderEnded, type Paired, pair, unpair } from './pairings.ts';
import type { PaymentPlatform, PlatformMessage, PlatformStatus } from './platforms/platform.ts';
import { beginSession, readSession, type SignedIn, type SignIn } from './sessions.ts';
import { TerminalTeller } from './terminals.ts';
import { type PairingView, viewPairing } from './view.ts';

export interface PairingParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: GatewayKeys;
  readonly log: Log;
  readonly downlinks: Downlinks;
  readonly signIn: SignIn;
}

interface Connected {
  readonly platform: PaymentPlatform;
  /** Where it sends payers back to. */
  readonly returnUrl: string;
}

interface Watcher {
  readonly session: string;
  terminal: string | null;
  readonly tell: () => void;
}

/** How long a phone waits for the platform's page before it is told that it does not answer. */
const PATIENCE_MS = 4000;
/** A phone that was not heard of for so long has left. */
const SILENT_MS = 2 * 60_000;
const SWEEP_MS = 5000;
/** While the payer is at the platform's page: its webhook is faster, this is for when it is lost. */
const LOOK_MS = 3000;
const AT_ONCE = 50;
const WATCHERS = 2000;

export class PairingDesk {
  readonly #parts: PairingParts;
  readonly #platforms = new Map<string, Connected>();
  readonly #teller: TerminalTeller;
  readonly #watchers = new Set<Watcher>();
  /** Attempts whose platform is being asked by this process. */
  readonly #working = new Map<string, Promise<void>>();
  /** When each paired phone was last heard of, by session; monotonic ms. */
  readonly #heard = new Map<string, number>();
  /** Orders that a phone was asked for, until they have ended. */
  readonly #orders = new Set<string>();
  readonly #terminals = new Set<string>();
  readonly #stops: (() => void)[];
  #cancelSweep = (): void => undefined;
  #closed = false;

  constructor(parts: PairingParts) {
    this.#parts = parts;
    const { tables, writer, clock, log, downlinks } = parts;
    this.#teller = new TerminalTeller(tables, downlinks);
    for (const { terminal, order_number } of tables.pairings.live()) {
      this.#terminals.add(terminal);
      if (order_number !== null) this.#orders.add(order_number);
    }
    for (const row of tables.pairings.dueAttempts(Number.MAX_SAFE_INTEGER, 10_000)) {
      this.#orders.add(row.order_number);
    }
    this.#stops = [
      writer.listen((note) => this.#hear(note)),
      downlinks.onArrival((terminal) => this.#arrived(terminal)),
      startResolver({
        ...{ writer, clock, log },
        place: 'pairing',
        nextAt: () => (this.#platforms.size === 0 ? undefined : tables.pairings.nextDue()),
        settle: (now) => this.#settle(now),
      }),
    ];
    this.#sweep();
  }

  /** A platform that phones may pay through; the first one is what they are offered. */
  connect(platform: PaymentPlatform, returnUrl: string): void {
    this.#platforms.set(platform.name, { platform, returnUrl });
    void this.#settle(this.#parts.clock.now()).catch(() => undefined);
  }

  get platforms(): readonly PaymentPlatform[] {
    return [...this.#platforms.values()].map(({ platform }) => platform);
  }

  // ── Phones ────────────────────────────────────────────────────────────────────────────────────

  /** Logs a phone in; the token is the only copy. */
  async logIn(
    phone: string,
    pin: string,
  ): Promise<{ readonly signed: SignedIn; readonly token: string | null; readonly until: number }> {
    const admit = await this.#parts.signIn(phone, pin);
    return this.#parts.writer.run((tx) => {
      const signed = admit(tx);
      if (!signed.ok) return { signed, token: null, until: 0 };
      const { token, row } = beginSession(tx, this.#parts, signed, this.#parts.clock.now());
      return { signed, token, until: row.until };
    });
  }

  /** Whose token this is; a sign that the phone is still there. */
  session(token: string | null) {
    const { tables, keys, clock } = this.#parts;
    const read = readSession(tables, keys, token, clock.now());
    if (read.ok) this.#heard.set(read.session.digest, clock.monotonic());
    return read;
  }

  /** Leaves, and forgets the session. */
  logOut(session: PairingSessionRow): Promise<void> {
    return this.#parts.writer.run((tx) => {
      this.#leave(tx, session);
      tx.pairings.endSession(session.digest);
    });
  }

  pair(session: PairingSessionRow, number: string): Promise<Paired> {
    const { writer, chance, clock } = this.#parts;
    return writer.run((tx) => pair(tx, chance, session, number, clock.now()));
  }

  leave(session: PairingSessionRow): Promise<void> {
    return this.#parts.writer.run((tx) => this.#leave(tx, session));
  }

  #leave(tx: Transaction, session: PairingSessionRow): void {
    const pairing = tx.pairings.ofSession(session.digest);
    if (pairing !== undefined) unpair(tx, pairing, 'left', this.#parts.clock.now());
  }

  /** From the terminal: its vendor sends the phone away. */
  async unpair(terminal: string, pairing: string): Promise<void> {
    await this.#parts.writer.run((tx) => {
      const row = tx.pairings.find(pairing);
      if (row?.terminal === terminal) unpair(tx, row, 'terminal', this.#parts.clock.now());
    });
    // Whatever it thought: now it is told how things are.
    this.#teller.arrived(terminal);
  }

  view(session: PairingSessionRow): PairingView {
    return viewPairing(this.#parts.tables, session.digest);
  }

  /** Calls `tell` after each change of the view; the answer ends it, `null` where there are too many. */
  watch(session: PairingSessionRow, tell: () => void): (() => void) | null {
    if (this.#watchers.size >= WATCHERS) return null;
    const live = this.#parts.tables.pairings.ofSession(session.digest);
    const watcher: Watcher = { session: session.digest, terminal: live?.terminal ?? null, tell };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
      this.#heard.set(session.digest, this.#parts.clock.monotonic());
    };
  }

  /**
   * The phone says yes or no. On yes the platform is asked for permission, and only with it there is a
   * page to send the phone to. `key` names the try: the same again is the same attempt.
   */
  async answer(
    session: PairingSessionRow,
    wish: {
      readonly order: string;
      readonly answer: 'yes' | 'no';
      readonly platform?: string | undefined;
      readonly key: string;
    },
  ): Promise<Begun | { readonly said: 'not_paired' | 'no_platform' | 'in_flight' }> {
    const { writer, clock, keys } = this.#parts;
    const chosen = wish.platform ?? this.platforms[0]?.name;
    if (chosen === undefined || !this.#platforms.has(chosen)) return { said: 'no_platform' };
    const id = `pa-${keyedDigest(keys, `attempt\n${session.digest}\n${wish.key}`)}`;
    if (this.#working.has(id)) return { said: 'in_flight' };
    const begun = await writer.run((tx) => {
      const pairing = tx.pairings.ofSession(session.digest);
      if (pairing === undefined) return { said: 'not_paired' } as const;
      const { order, answer } = wish;
      const begun = beginAttempt(tx, pairing, { id, order, platform: chosen, answer }, clock.now());
      const row = tx.orders.find(order);
      if (begun.said === 'begun' && row !== undefined) askFor(tx, pairing.id, row);
      return begun;
    });
    if (begun.said !== 'begun') return begun;
    this.#orders.add(wish.order);
    if (wish.answer === 'yes') await this.#work(id);
    const attempt = this.#parts.tables.pairings.attempt(id);
    return attempt === undefined ? begun : { said: 'begun', attempt };
  }

  // ── What platforms say ────────────────────────────────────────────────────────────────────────

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

  /** Asks the platform at once, such as when the payer is back before its webhook. */
  async ask(attempt: AttemptRow): Promise<void> {
    if (attempt.next_at !== null) await this.#work(attempt.id);
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#cancelSweep();
  }

  // ── Between the units ─────────────────────────────────────────────────────────────────────────

  #hear(note: Note): void {
    if (note.about === 'pairing') this.#changed(note.terminal);
    if (note.about !== 'order') return;
    if (this.#terminals.size === 0 && this.#orders.size === 0) return;
    const { tables } = this.#parts;
    const row = tables.orders.find(note.number);
    if (row === undefined) return;
    if (row.state === 'offered') {
      const pairing = tables.pairings.ofTerminal(row.terminal);
      if (pairing === undefined) return;
      this.#run((tx) => askFor(tx, pairing.id, row));
    } else if (this.#orders.delete(row.number)) {
      this.#run((tx) => orderEnded(tx, row, this.#parts.clock.now()));
    }
  }

  #changed(terminal: string): void {
    const { pairings } = this.#parts.tables;
    const live = pairings.ofTerminal(terminal);
    if (live === undefined) this.#terminals.delete(terminal);
    else {
      this.#terminals.add(terminal);
      if (live.order_number !== null && live.done === 0) this.#orders.add(live.order_number);
      if (!this.#heard.has(live.session)) {
        this.#heard.set(live.session, this.#parts.clock.monotonic());
      }
    }
    this.#teller.tell(terminal);
    for (const watcher of [...this.#watchers]) {
      const own = watcher.session === live?.session;
      if (own) watcher.terminal = terminal;
      if (own || watcher.terminal === terminal) watcher.tell();
    }
  }

  /** A terminal that was enrolled before there were numbers gets its one now. */
  #arrived(terminal: string): void {
    const { tables, chance } = this.#parts;
    if (tables.pairings.numberOf(terminal) !== undefined) this.#teller.arrived(terminal);
    else
      this.#run((tx) => {
        terminalNumber(tx, chance, terminal);
        tx.note({ about: 'pairing', terminal });
      });
  }

  /** A consequence of what is committed: where the store fails now, the next look makes up for it. */
  #run(unit: (tx: Transaction) => unknown): void {
    this.#parts.writer.run(unit).catch((error: unknown) => {
      if (!this.#closed) {
        this.#parts.log({ level: 'error', place: 'pairing', says: String(error) });
      }
    });
  }

  /** Ends pairings whose time is over or whose phone has gone, and makes up for what was missed. */
  #sweep(): void {
    const { tables, clock } = this.#parts;
    const now = clock.now();
    const monotonic = clock.monotonic();
    const watching = new Set([...this.#watchers].map(({ session }) => session));
    for (const pairing of tables.pairings.live()) {
      const heard = this.#heard.get(pairing.session) ?? monotonic;
      this.#heard.set(pairing.session, heard);
      const silent = monotonic - heard > SILENT_MS && !watching.has(pairing.session);
      if (pairing.until <= now || (silent && !this.#paying(pairing.order_number))) {
        this.#run((tx) => {
          const row = tx.pairings.find(pairing.id);
          if (row !== undefined) unpair(tx, row, 'time', now);
        });
      } else if (pairing.order_number !== null && pairing.done === 0) {
        const order = tables.orders.find(pairing.order_number);
        if (order !== undefined && order.state !== 'offered') {
          this.#run((tx) => orderEnded(tx, order, now));
        }
      }
    }
    for (const [session, at] of this.#heard) {
      if (monotonic - at > SILENT_MS * 2) this.#heard.delete(session);
    }
    this.#cancelSweep = clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** Whether the phone is at a platform's page, where we don't hear it. */
  #paying(order: string | null): boolean {
    if (order === null) return false;
    return this.#parts.tables.pairings
      .attemptsOf(order)
      .some(({ state }) => state === 'requesting' || state === 'permitted');
  }

  async #settle(now: number): Promise<void> {
    const due = this.#parts.tables.pairings.dueAttempts(now, AT_ONCE);
    await Promise.all(due.map(({ id }) => this.#work(id)));
  }

  /** Asks the platform what is next for an attempt; at most one question at a time for each. */
  #work(id: string): Promise<void> {
    const running = this.#working.get(id);
    if (running !== undefined) return running;
    const work = this.#question(id).finally(() => this.#working.delete(id));
    this.#working.set(id, work);
    return work;
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
