/**
 * What the order centre asks of the acquirer: a link, its end, and that a payment is undone. In the
 * same store the answer is in the same unit; elsewhere the question is kept first and asked until
 * there is an answer, under the same id, also after a crash.
 */
import type {
  AcquirerGate,
  CloseLinkAnswer,
  CloseLinkRequest,
  CreateLinkAnswer,
  CreateLinkRequest,
  LinkGate,
  VoidAnswer,
  VoidRequest,
} from '../../acquirer/gate.ts';
import { type Clock, watchSetBack } from '../../clock.ts';
import type { Ask } from '../../gate.ts';
import type { Log } from '../../log.ts';
import type { AskRow, TelephoneOrderTable } from '../../store/tables-centre.ts';
import type { Transaction, Writer } from '../../store/writer.ts';

/** The verbs of the acquirer's gates that the telephone side needs. */
export interface CentreAcquirer {
  readonly createLink: Ask<CreateLinkRequest, CreateLinkAnswer>;
  readonly closeLink: Ask<CloseLinkRequest, CloseLinkAnswer>;
  readonly void: Ask<VoidRequest, VoidAnswer>;
}

/** The telephone side's part of the two gates of an acquirer. */
export const centreAcquirer = (
  { createLink, closeLink }: LinkGate,
  payments: Pick<AcquirerGate, 'void'>,
): CentreAcquirer => ({ createLink, closeLink, void: payments.void });

export type Question =
  | { readonly verb: 'create_link'; readonly ask: CreateLinkRequest }
  | { readonly verb: 'close_link'; readonly ask: CloseLinkRequest }
  | { readonly verb: 'void'; readonly ask: VoidRequest };

/** A question with the answer that it got. */
export type Answered =
  | {
      readonly verb: 'create_link';
      readonly ask: CreateLinkRequest;
      readonly answer: CreateLinkAnswer;
    }
  | {
      readonly verb: 'close_link';
      readonly ask: CloseLinkRequest;
      readonly answer: CloseLinkAnswer;
    }
  | { readonly verb: 'void'; readonly ask: VoidRequest; readonly answer: VoidAnswer };

/** Writes what follows; `again` where the same has to be asked later. */
export type Finish = (tx: Transaction, order: string, answered: Answered) => 'done' | 'again';

export interface AsksParts {
  readonly telephone: TelephoneOrderTable;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
  /** `null` where this process has no way to an acquirer: questions are kept until it has. */
  readonly acquirer: CentreAcquirer | null;
  readonly finish: Finish;
}

const AT_ONCE = 8;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const LONGEST_SLEEP_MS = 15_000;
const STORE_PAUSE_MS = 2000;
/** Tries, of a minute each in the end, between two sentences about the same refusal. */
const SAY_AGAIN = 60;

export class Asks {
  readonly #parts: AsksParts;
  readonly #busy = new Set<string>();
  readonly #unlisten: () => void;
  readonly #wasSetBack: () => boolean;
  /** What was put off until a time is due now: that time was another clock's, or an earlier process's. */
  #all = true;
  #cancel = (): void => undefined;
  #closed = false;

  constructor(parts: AsksParts) {
    this.#parts = parts;
    this.#wasSetBack = watchSetBack(parts.clock);
    this.#unlisten = parts.writer.listen((note) => {
      if (note.about === 'telephone') this.#work();
    });
  }

  /** Takes up what an earlier process left. */
  start(): void {
    this.#work();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#unlisten();
  }

  /** Asks in this unit where the acquirer is in the same store; else keeps the question. */
  ask(tx: Transaction, order: string, question: Question): void {
    const answered = this.#here(tx, question);
    if (answered !== null && this.#parts.finish(tx, order, answered) === 'done') return;
    const { verb, ask } = question;
    const next_at = this.#parts.clock.now() + (answered === null ? 0 : FIRST_PAUSE_MS);
    const row = { id: ask.id, order_number: order, verb, question: JSON.stringify(ask) };
    tx.telephone.addAsk({ ...row, tries: 0, next_at });
    tx.note({ about: 'telephone', number: order });
  }

  #here(tx: Transaction, question: Question): Answered | null {
    const { acquirer } = this.#parts;
    switch (question.verb) {
      case 'create_link':
        return acquirer?.createLink.where === 'here'
          ? { ...question, answer: acquirer.createLink.ask(tx, question.ask) }
          : null;
      case 'close_link':
        return acquirer?.closeLink.where === 'here'
          ? { ...question, answer: acquirer.closeLink.ask(tx, question.ask) }
          : null;
      case 'void':
        return acquirer?.void.where === 'here'
          ? { ...question, answer: acquirer.void.ask(tx, question.ask) }
          : null;
    }
  }

  async #there(question: Question): Promise<Answered | null> {
    const { acquirer } = this.#parts;
    switch (question.verb) {
      case 'create_link':
        return acquirer?.createLink.where === 'there'
          ? { ...question, answer: await acquirer.createLink.ask(question.ask) }
          : null;
      case 'close_link':
        return acquirer?.closeLink.where === 'there'
          ? { ...question, answer: await acquirer.closeLink.ask(question.ask) }
          : null;
      case 'void':
        return acquirer?.void.where === 'there'
          ? { ...question, answer: await acquirer.void.ask(question.ask) }
          : null;
    }
  }

  #work(): void {
    const { telephone, clock, acquirer } = this.#parts;
    if (this.#closed || acquirer === null) return;
    const room = AT_ONCE - this.#busy.size;
    this.#all = this.#wasSetBack() || this.#all;
    const now = this.#all ? Number.MAX_SAFE_INTEGER : clock.now();
    const due = telephone.dueAsks(now, AT_ONCE + this.#busy.size);
    const fresh = due.filter(({ id }) => !this.#busy.has(id));
    if (fresh.length <= room) this.#all = false;
    for (const row of fresh.slice(0, room)) void this.#settle(row);
    this.#sleep(1);
  }

  #sleep(leastMs: number): void {
    this.#cancel();
    const next = this.#parts.telephone.nextAsk();
    if (this.#closed || next === undefined) return;
    const { clock } = this.#parts;
    const rest = Math.max(leastMs, next - clock.now(), this.#busy.size > 0 ? FIRST_PAUSE_MS : 1);
    this.#cancel = clock.after(Math.min(rest, LONGEST_SLEEP_MS), () => this.#work());
  }

  async #settle(row: AskRow): Promise<void> {
    const { writer, log } = this.#parts;
    const question = readQuestion(row);
    this.#busy.add(row.id);
    try {
      const answered = await this.#there(question).catch((cause: unknown) => {
        const says = `no answer, asks again: ${cause instanceof Error ? cause.name : 'unknown'}`;
        if (row.tries === 0) log({ level: 'warn', place: `orders/telephone ${row.id}`, says });
        return null;
      });
      await writer.run((tx) => this.#record(tx, row, question, answered));
      this.#busy.delete(row.id);
      this.#work();
    } catch (error) {
      this.#busy.delete(row.id);
      if (this.#closed) return;
      log({ level: 'error', place: `orders/telephone ${row.id}`, says: String(error) });
      this.#sleep(STORE_PAUSE_MS);
    }
  }

  #record(tx: Transaction, row: AskRow, question: Question, came: Answered | null): void {
    const { clock, finish, log } = this.#parts;
    // Kept by a process whose acquirer was elsewhere, or asked again of one in the same store.
    const answered = came ?? this.#here(tx, question);
    if (answered !== null && finish(tx, row.order_number, answered) === 'done') {
      tx.telephone.endAsk(row.id);
      return;
    }
    if (answered !== null && row.tries % SAY_AGAIN === 0) {
      const says = `${question.verb} for order ${row.order_number} is refused for now`;
      const mend = 'see that the merchant has funds: it is asked again by itself';
      log({ level: 'warn', place: `orders/telephone ${row.id}`, says, mend });
    }
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(row.tries, 10), LONGEST_PAUSE_MS);
    tx.telephone.retryAsk(row.id, clock.now() + pause);
  }
}

/** Only {@link Asks.ask} writes them. */
function readQuestion(row: AskRow): Question {
  return { verb: row.verb, ask: JSON.parse(row.question) } as Question;
}
