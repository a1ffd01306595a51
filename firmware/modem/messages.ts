/** Short messages through a modem: those that are sent, part by part, and those that it keeps for us. */

import { joinParts, type WaitingPart } from '#device/codecs/sms-join.ts';
import { readSmsPdu, type WrittenPdu, writeSubmit } from '#device/codecs/sms-pdu.ts';
import { splitText, writeUserData } from '#device/codecs/sms-text.ts';
import type { ReceivedSms, SentSms } from '#device/ports/modem.ts';
import type { AtOutcome, Command } from './at-command.ts';

type Send = (command: Command) => Promise<AtOutcome>;

/** The network's own limit is shorter; the modem tells of it. */
const SEND_MS = 60_000;
const QUICK_MS = 5000;
/** A link that is brought a day late helps nobody. */
const VALIDITY_MS = 24 * 3_600_000;

/**
 * +CMS ERROR (27.005 §3.2.5) that asking again does not change: the number or the message is wrong, or
 * the subscription does not have it.
 */
const LASTING: readonly number[] = [
  ...[1, 8, 10, 21, 27, 28, 29, 30, 50, 69, 81, 95, 96, 97, 98, 99, 111],
  ...[128, 129, 130, 143, 144, 145, 159, 160, 161, 175, 176, 197, 198, 301, 302, 303, 304, 305],
];
const NO_NETWORK = 331;

/** The parts of a text; throws a `RangeError` on a number or a text that no message can have. */
export function writeParts(to: string, text: string, reference: number): WrittenPdu[] {
  const split = splitText(text);
  if (split === null) throw new RangeError('a message has 1 to 255 parts');
  if (!/^\+[1-9]\d{2,14}$/.test(to)) throw new RangeError('a number is + and 3 to 15 digits');
  const count = split.pieces.length;
  return split.pieces.map((piece, at) => {
    const part = count === 1 ? null : { reference, wide: false, count, number: at + 1 };
    return writeSubmit(to, writeUserData(split.alphabet, piece, part), VALIDITY_MS);
  });
}

/** Hands each part to the network; stops at the first that it does not take. */
export async function sendParts(send: Send, parts: readonly WrittenPdu[]): Promise<SentSms> {
  const references: number[] = [];
  for (const { hex, length } of parts) {
    const text = `AT+CMGS=${length}`;
    const outcome = await send({ text, pdu: hex, prefix: '+CMGS', timeoutMs: SEND_MS });
    if (outcome.is === 'silent') return { ok: false, why: 'unsure', code: null };
    if (outcome.is === 'refused') {
      const { from, code } = outcome.error;
      if (from === 'cms' && code === NO_NETWORK) return { ok: false, why: 'unregistered', code };
      const lasting = from === 'cms' && code !== null && LASTING.includes(code);
      return { ok: false, why: lasting ? 'refused' : 'busy', code };
    }
    const reference = /^\+CMGS: *(\d{1,3})/.exec(outcome.lines[0] ?? '')?.[1];
    if (reference !== undefined) references.push(Number(reference));
  }
  return { ok: true, references };
}

export interface InboxEvents {
  sms(message: ReceivedSms): Promise<void>;
  log(what: string): void;
}

/** What is no text each time, and each time the same, is none. */
const SAME_READS = 4;
/** A line that is never quiet is not asked for ever; it is asked again a minute later. */
const MOST_READS = 12;

/** What the modem keeps, and what of it could not be read. */
export class Inbox {
  readonly #send: Send;
  readonly #events: InboxEvents;
  readonly #unread = new Map<number, { readonly pdu: string; readonly times: number }>();
  #again = false;
  #busy = false;

  constructor(send: Send, events: InboxEvents) {
    this.#send = send;
    this.#events = events;
  }

  /** Hands on what is whole and takes it out of the modem when it is safe. Never rejects. */
  async collect(): Promise<void> {
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    for (let reads = 1; this.#again; reads += 1) {
      this.#again = false;
      const clear = await this.#collect();
      if (!clear && reads < MOST_READS) this.#again = true;
    }
    this.#busy = false;
  }

  /** Whether all that is kept could be read. */
  async #collect(): Promise<boolean> {
    const outcome = await this.#send({
      ...{ text: 'AT+CMGL=4', prefix: '+CMGL', pdus: true, timeoutMs: QUICK_MS },
    });
    if (outcome.is !== 'ok') return true;
    const parts: WaitingPart[] = [];
    const pairs = pairsOf(outcome.lines);
    let clear = pairs.length === outcome.lines.filter((line) => line.startsWith('+')).length;
    for (const { index, length, pdu } of pairs) {
      const message = readSmsPdu(pdu, length);
      if (message?.is === 'deliver') {
        this.#unread.delete(index);
        parts.push({ message, index });
      } else if (message !== null || this.#isHopeless(index, pdu)) {
        this.#unread.delete(index);
        this.#events.log('a stored message that is no text was deleted');
        await this.#delete(index);
      } else clear = false;
    }
    const now = Math.max(...parts.map(({ message }) => message.sent_at));
    for (const { indexes, ...message } of joinParts(parts, now).whole) {
      try {
        if (message.text !== '') await this.#events.sms(message);
        for (const index of indexes) await this.#delete(index);
      } catch (error) {
        this.#events.log(`a message stays in the modem: ${String(error)}`);
      }
    }
    return clear;
  }

  /** A disturbed line reads otherwise each time, and well at last; what never does fills the modem up. */
  #isHopeless(index: number, pdu: string): boolean {
    if (pdu === '') return false;
    const before = this.#unread.get(index);
    const times = before?.pdu === pdu ? before.times + 1 : 1;
    this.#unread.set(index, { pdu, times });
    return times >= SAME_READS;
  }

  async #delete(index: number): Promise<void> {
    await this.#send({ text: `AT+CMGD=${index}`, timeoutMs: QUICK_MS });
  }
}

function pairsOf(lines: readonly string[]): { index: number; length: number; pdu: string }[] {
  return lines.flatMap((line, at) => {
    const found = /^\+CMGL: *(\d{1,5}),[01],.*,(\d{1,3})$/.exec(line);
    const next = lines[at + 1] ?? '';
    if (found === null) return [];
    const pdu = next.startsWith('+') ? '' : next;
    return [{ index: Number(found[1]), length: Number(found[2]), pdu }];
  });
}
