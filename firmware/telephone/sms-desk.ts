/**
 * Short messages of the order centre, sent by this terminal's modem: each Idempotency-Key once, also
 * after a crash and a lost answer, and told when it arrived.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '#device/ports/clock.ts';
import type { Modem, ReceivedSms, SentSms, SmsReport } from '#device/ports/modem.ts';
import type { SmsLog, SmsRecord } from './sms-log.ts';

export interface SmsRequest {
  readonly to: string;
  readonly text: string;
  /** What the sender calls it. */
  readonly reference: string;
}

export type SmsAnswer =
  | { readonly is: 'taken'; readonly id: string }
  /** The same key with another message. */
  | { readonly is: 'reused' }
  | { readonly is: 'in_flight' }
  /** Number or message, for good. */
  | { readonly is: 'refused'; readonly why: string }
  /** Not now: no modem, no network, a full disk. */
  | { readonly is: 'later'; readonly why: string };

/** What became of a message that was taken. */
export interface SmsNews {
  readonly key: string;
  readonly reference: string;
  readonly outcome: 'delivered' | 'failed';
  readonly at: number;
}

export interface SmsDeskParts {
  readonly log: Pick<SmsLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Modems that work, by name. */
  readonly modems: () => ReadonlyMap<string, Modem>;
  /** Tells it until whoever wants to know has taken it; never rejects. */
  readonly bring: (news: SmsNews) => Promise<boolean>;
  readonly received: (message: ReceivedSms) => void;
}

interface Message {
  readonly body: string;
  readonly reference: string;
  readonly to: string;
  state: 'asked' | 'taken' | 'refused';
  why: string;
  modem: string;
  /** Parts that no report named yet. */
  left: number[];
  outcome: 'delivered' | 'failed' | null;
  at: number;
  told: boolean;
}

/** Reports that name no message that we know. */
const MOST_EARLY = 64;

const hashOf = ({ to, text, reference }: SmsRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([to, text, reference]))
    .digest('base64url');

export class SmsDesk {
  readonly #parts: SmsDeskParts;
  readonly #messages = new Map<string, Message>();
  readonly #inFlight = new Set<string>();
  #early: { readonly modem: string; readonly report: SmsReport }[] = [];

  constructor(parts: SmsDeskParts, records: readonly SmsRecord[]) {
    this.#parts = parts;
    for (const record of records) this.#apply(record);
  }

  /** Answers when the network took it or did not. Never rejects. */
  async send(key: string, request: SmsRequest): Promise<SmsAnswer> {
    const body = hashOf(request);
    const known = this.#messages.get(key);
    if (known !== undefined && known.body !== body) return { is: 'reused' };
    if (known?.state === 'taken') return { is: 'taken', id: key };
    if (known?.state === 'refused') return { is: 'refused', why: known.why };
    if (this.#inFlight.has(key)) return { is: 'in_flight' };
    this.#inFlight.add(key);
    try {
      return await this.#send(key, request, body);
    } catch (error) {
      // The disk: what was sent may be sent again, what was not is asked again.
      return { is: 'later', why: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#inFlight.delete(key);
    }
  }

  /** Kept when it resolves: then the modem may forget it. */
  async received(message: ReceivedSms): Promise<void> {
    const { from, text, sent_at } = message;
    await this.#parts.log.append({
      ...({ is: 'received', from, text, sent_at } as const),
      at: this.#parts.clock.now(),
    });
    this.#parts.received(message);
  }

  reported(modem: string, report: SmsReport): void {
    if (report.outcome === 'delayed') return;
    // References go round: the newest message to that number is meant.
    const found = [...this.#messages]
      .reverse()
      .find(([, message]) => isAbout(message, modem, report));
    if (found === undefined) {
      // It may be faster than the answer that names the reference.
      this.#early = [...this.#early.slice(-MOST_EARLY), { modem, report }];
      return;
    }
    const [key, message] = found;
    message.left.splice(message.left.indexOf(report.reference), 1);
    const failed = report.outcome === 'failed';
    if (!failed && message.left.length > 0) return;
    const outcome = failed ? 'failed' : 'delivered';
    const at = this.#parts.clock.now();
    this.#save({ is: 'reported', key, outcome, at });
    void this.#bring(key);
  }

  /** Tells what was not told before the last end; again and again while it is called. */
  async bringAll(): Promise<void> {
    for (const [key, { outcome, told }] of [...this.#messages]) {
      if (outcome !== null && !told) await this.#bring(key);
    }
  }

  async #send(key: string, request: SmsRequest, body: string): Promise<SmsAnswer> {
    const [working] = this.#parts.modems();
    if (working === undefined) return { is: 'later', why: 'no modem' };
    const [name, modem] = working;
    const at = this.#parts.clock.now();
    const { to, text, reference } = request;
    if (!this.#messages.has(key)) await this.#keep({ is: 'asked', key, body, reference, to, at });
    const sent = await this.#hand(modem, to, text);
    if (typeof sent === 'string') return this.#refuse(key, sent);
    if (sent.ok) {
      const { references } = sent;
      await this.#keep({ is: 'taken', key, modem: name, references: [...references], at });
      for (const early of this.#early.splice(0)) this.reported(early.modem, early.report);
      return { is: 'taken', id: key };
    }
    if (sent.why === 'refused') return this.#refuse(key, `network ${sent.code}`);
    // `unsure` is asked again: a link that comes twice does less harm than one that never comes.
    return { is: 'later', why: sent.code === null ? sent.why : `network ${sent.code}` };
  }

  async #hand(modem: Modem, to: string, text: string): Promise<SentSms | string> {
    try {
      return await modem.sendSms(to, text);
    } catch (error) {
      // No message can be like that.
      if (error instanceof RangeError) return error.message;
      throw error;
    }
  }

  async #refuse(key: string, why: string): Promise<SmsAnswer> {
    await this.#keep({ is: 'refused', key, why, at: this.#parts.clock.now() });
    return { is: 'refused', why };
  }

  async #bring(key: string): Promise<void> {
    const message = this.#messages.get(key);
    if (message === undefined || message.outcome === null || message.told) return;
    const { reference, outcome, at } = message;
    if (!(await this.#parts.bring({ key, reference, outcome, at }))) return;
    this.#save({ is: 'told', key, at: this.#parts.clock.now() });
  }

  async #keep(record: SmsRecord): Promise<void> {
    await this.#parts.log.append(record);
    this.#apply(record);
  }

  /** What a full disk may lose: it is told again, or comes again. */
  #save(record: SmsRecord): void {
    this.#apply(record);
    this.#parts.log.append(record).catch(() => undefined);
  }

  #apply(record: SmsRecord): void {
    if (record.is === 'received') return;
    if (record.is === 'asked') {
      const { body, reference, to, at } = record;
      this.#messages.set(record.key, {
        ...{ body, reference, to, at, state: 'asked', why: '', modem: '', left: [] },
        ...{ outcome: null, told: false },
      });
      return;
    }
    const message = this.#messages.get(record.key);
    if (message === undefined) return;
    switch (record.is) {
      case 'taken':
        message.state = 'taken';
        message.modem = record.modem;
        message.left = [...record.references];
        break;
      case 'refused':
        message.state = 'refused';
        message.why = record.why;
        break;
      case 'reported':
        message.outcome = record.outcome;
        message.at = record.at;
        break;
      case 'told':
        message.told = true;
    }
  }
}

/** The network may write a number without `+` and country: its last digits are the same. */
function isAbout(message: Message, modem: string, { reference, to }: SmsReport): boolean {
  if (message.outcome !== null || message.modem !== modem) return false;
  return message.left.includes(reference) && message.to.slice(-8) === to.slice(-8);
}
