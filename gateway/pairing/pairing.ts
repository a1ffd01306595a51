/**
 * Pairs phones with terminals, asks them, and has platforms paid (rows E1–E6). Decisions are units of
 * the store (pairings.ts, attempts.ts); here is what happens between them.
 */
import type { Chance, Clock } from '../clock.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import type { Log } from '../log.ts';
import type { Downlinks } from '../notify/downlinks.ts';
import type { Tables } from '../store/tables.ts';
import type { AttemptRow, PairingSessionRow } from '../store/tables-pairing.ts';
import type { Note, Transaction, Writer } from '../store/writer.ts';
import { Asking } from './asking.ts';
import { type Begun, beginAttempt } from './attempts.ts';
import { terminalNumber } from './numbers.ts';
import { askFor, orderEnded, type Paired, pair, unpair } from './pairings.ts';
import { Phones } from './phones.ts';
import type { PaymentPlatform, PlatformMessage } from './platforms/platform.ts';
import type { RefundAttempt } from './refunds.ts';
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

const SWEEP_MS = 5000;

export class PairingDesk {
  readonly #parts: PairingParts;
  readonly #asking: Asking;
  readonly #teller: TerminalTeller;
  readonly #phones: Phones;
  /** Orders that a phone was asked for, until they have ended. */
  readonly #orders = new Set<string>();
  readonly #terminals = new Set<string>();
  readonly #stops: (() => void)[];
  /** `null` while nobody is paired and no phone is remembered. */
  #cancelSweep: (() => void) | null = null;
  #closed = false;

  constructor(parts: PairingParts) {
    this.#parts = parts;
    const { tables, writer, downlinks } = parts;
    this.#asking = new Asking(parts);
    this.#phones = new Phones(parts.clock);
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
    ];
    this.#sweep();
  }

  /** A platform that phones may pay through; the first one is what they are offered. */
  connect(platform: PaymentPlatform, returnUrl: string): void {
    this.#asking.connect(platform, returnUrl);
  }

  get platforms(): readonly PaymentPlatform[] {
    return this.#asking.platforms;
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
    if (read.ok) this.#phones.heard(read.session.digest);
    this.#watch();
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
    const live = this.#parts.tables.pairings.ofSession(session.digest);
    return this.#phones.watch(session.digest, live?.terminal ?? null, tell);
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
    if (chosen === undefined || !this.platforms.some(({ name }) => name === chosen))
      return { said: 'no_platform' };
    const id = `pa-${keyedDigest(keys, `attempt\n${session.digest}\n${wish.key}`)}`;
    if (this.#asking.isAsking(id)) return { said: 'in_flight' };
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
    if (wish.answer === 'yes') await this.#asking.ask(id);
    const attempt = this.#parts.tables.pairings.attempt(id);
    return attempt === undefined ? begun : { said: 'begun', attempt };
  }

  // ── What platforms say ────────────────────────────────────────────────────────────────────────

  /** Takes a webhook, or what a payer brought back; `null` where the platform did not say so. */
  take(name: string, message: PlatformMessage): Promise<AttemptRow | null> {
    return this.#asking.take(name, message);
  }

  /** Asks the platform at once, such as when the payer is back before its webhook. */
  async ask(attempt: AttemptRow): Promise<void> {
    if (attempt.next_at !== null) await this.#asking.ask(attempt.id);
  }

  /** Gives back a part of what an attempt paid, once per id; rejects where there is no answer. */
  refund: RefundAttempt = (attempt, refund) => this.#asking.refund(attempt, refund);

  close(): void {
    this.#closed = true;
    this.#asking.close();
    for (const stop of this.#stops) stop();
    this.#cancelSweep?.();
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
    }
    this.#teller.tell(terminal);
    this.#phones.tell(terminal, live?.session);
    this.#watch();
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
    for (const pairing of tables.pairings.live()) {
      const silent = this.#phones.isSilent(pairing.session);
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
    this.#phones.forget();
    this.#cancelSweep = null;
    this.#watch();
  }

  /** Sweeps again soon, as long as there is anybody to look after. */
  #watch(): void {
    const { tables, clock } = this.#parts;
    if (this.#cancelSweep !== null || this.#closed) return;
    if (this.#phones.areForgotten && tables.pairings.live().length === 0) return;
    this.#cancelSweep = clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** Whether the phone is at a platform's page, where we don't hear it. */
  #paying(order: string | null): boolean {
    if (order === null) return false;
    return this.#parts.tables.pairings
      .attemptsOf(order)
      .some(({ state }) => state === 'requesting' || state === 'permitted');
  }
}
