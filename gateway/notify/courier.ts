/**
 * Works off an organisation's outbox of deliveries: each until it is taken or refused for good, with
 * growing pauses. What is in the store is all it knows, so that it goes on where a crash ended it.
 */
import { type Chance, type Clock, watchSetBack } from '../clock.ts';
import type { Log } from '../log.ts';
import type { DeliveryRow, DeliveryTable } from '../store/tables-centre.ts';
import type { Writer } from '../store/writer.ts';
import type { Notifier, Told } from './notifier.ts';

export interface CourierParts {
  readonly owner: string;
  readonly deliveries: DeliveryTable;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** `undefined` where the operator has not set one up: then deliveries wait for it. */
  readonly notifiers: Readonly<Record<DeliveryRow['channel'], Notifier | undefined>>;
}

/** Told at once: slow recipients must not hold up the others. */
const AT_ONCE = 16;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** A wall clock may jump: look again at least this often. */
const LONGEST_SLEEP_MS = 15_000;
/** After the store failed: neither give up nor spin. */
const STORE_PAUSE_MS = 2000;
const NOT_SET_UP = 'not_set_up';

export class Courier {
  readonly #parts: CourierParts;
  readonly #busy = new Set<string>();
  readonly #unlisten: () => void;
  #cancel = (): void => undefined;
  #closed = false;
  readonly #wasSetBack: () => boolean;

  constructor(parts: CourierParts) {
    this.#parts = parts;
    this.#wasSetBack = watchSetBack(parts.clock);
    this.#unlisten = parts.writer.listen((note) => {
      if (note.about === 'delivery') this.#work();
    });
    this.#work();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#unlisten();
  }

  #work(): void {
    if (this.#closed) return;
    const { owner, deliveries, clock } = this.#parts;
    const room = AT_ONCE - this.#busy.size;
    // Those being told are still due: look past them.
    const now = room > 0 && this.#wasSetBack() ? Number.MAX_SAFE_INTEGER : clock.now();
    const due = room > 0 ? deliveries.due(owner, now, AT_ONCE + this.#busy.size) : [];
    const fresh = due.filter(({ id }) => !this.#busy.has(id)).slice(0, room);
    for (const delivery of fresh) void this.#bring(delivery);
    if (this.#busy.size < AT_ONCE) this.#sleep(0);
  }

  #sleep(leastMs: number): void {
    this.#cancel();
    if (this.#closed) return;
    const { owner, deliveries, clock } = this.#parts;
    const next = deliveries.next(owner);
    if (next === undefined) return;
    // What is being told wakes us itself when it is done.
    const rest = Math.max(leastMs, next - clock.now(), this.#busy.size > 0 ? FIRST_PAUSE_MS : 1);
    this.#cancel = clock.after(Math.min(rest, LONGEST_SLEEP_MS), () => this.#work());
  }

  async #bring(delivery: DeliveryRow): Promise<void> {
    const { writer, log } = this.#parts;
    this.#busy.add(delivery.id);
    try {
      const told = await this.#tell(delivery);
      this.#report(delivery, told);
      await writer.run((tx) => {
        this.#record(tx.deliveries, delivery, told);
        const { order_number: number } = delivery;
        if (number !== null) tx.note({ about: 'telephone', number });
      });
      this.#busy.delete(delivery.id);
      this.#work();
    } catch (error) {
      // Taken but not recorded: it is told again, with the same id.
      this.#busy.delete(delivery.id);
      if (!this.#closed) {
        log({ level: 'error', place: `notify/courier ${delivery.id}`, says: String(error) });
      }
      this.#sleep(STORE_PAUSE_MS);
    }
  }

  async #tell(delivery: DeliveryRow): Promise<Told> {
    const notifier = this.#parts.notifiers[delivery.channel];
    if (notifier === undefined) return { said: 'later', why: NOT_SET_UP };
    try {
      return await notifier.tell(delivery);
    } catch (error) {
      return { said: 'later', why: error instanceof Error ? error.name : 'unknown' };
    }
  }

  #record(deliveries: DeliveryTable, delivery: DeliveryRow, told: Told): void {
    const now = this.#parts.clock.now();
    switch (told.said) {
      case 'taken':
        deliveries.delivered(delivery.id, now, told.reference);
        break;
      case 'never':
        deliveries.failed(delivery.id, now, told.why);
        break;
      case 'later': {
        const pause = told.after_ms ?? this.#pause(delivery.tries);
        deliveries.retry(delivery.id, now + Math.min(pause, LONGEST_PAUSE_MS), told.why);
      }
    }
  }

  /** Doubles, and spreads by a quarter, so that a recipient that comes back is not run over. */
  #pause(tries: number): number {
    const whole = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 20), LONGEST_PAUSE_MS);
    const [chance = 0] = this.#parts.chance.bytes(1);
    return Math.round(whole * (0.875 + chance / 1024));
  }

  #report(delivery: DeliveryRow, told: Told): void {
    if (told.said === 'taken' || (told.said === 'later' && delivery.tries > 0)) return;
    const level = told.said === 'never' ? 'error' : 'warn';
    const place = `notify/courier ${delivery.channel} ${delivery.id}`;
    const mend = told.why === NOT_SET_UP ? `set up ${delivery.channel} (see --help)` : undefined;
    const says = told.said === 'never' ? `refused: ${told.why}` : `will be told again: ${told.why}`;
    this.#parts.log({ level, place, says, ...(mend === undefined ? {} : { mend }) });
  }
}
