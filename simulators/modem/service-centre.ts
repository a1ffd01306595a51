/** The network's short message service centre: keeps messages until phones can be reached, and reports. */

import { fromHex } from '#device/codecs/bytes.ts';
import { readSmsPdu, writeDeliver, writeReport } from '#device/codecs/sms-pdu.ts';
import { alphabetOf, splitText, type UserData, writeUserData } from '#device/codecs/sms-text.ts';
import type { Clock } from '#device/ports/clock.ts';
import type { Phone } from './phone.ts';

export const CENTRE = '+8613800100500';

/** One part on its way to a phone. */
interface Held {
  readonly phone: Phone;
  readonly data: UserData;
  readonly reference: number;
  readonly report: boolean;
  readonly at: number;
}

export interface CentreEvents {
  phone(number: string): Phone | undefined;
  /** A PDU for the modem: a message to keep, or a report to hand on at once. */
  deliver(hex: string, length: number): void;
  report(hex: string, length: number): void;
}

const DELIVERY_MS = 20;
const DELIVERED = 0x00;
/** Permanent error: not obtainable (TS 23.040 §9.2.3.15). */
const NOT_OBTAINABLE = 0x43;

export class ServiceCentre {
  readonly #clock: Clock;
  readonly #own: string;
  readonly #events: CentreEvents;
  #held: Held[] = [];
  #reference = 0;

  constructor(own: string, clock: Clock, events: CentreEvents) {
    this.#own = own;
    this.#clock = clock;
    this.#events = events;
  }

  /** Takes what the modem sends; its reference, or `null` where it is no SMS-SUBMIT. */
  submit(hex: string, length: number): number | null {
    const pdu = readSmsPdu(hex, length);
    if (pdu?.is !== 'submit') return null;
    this.#reference = (this.#reference + 1) & 255;
    const reference = this.#reference;
    const phone = this.#events.phone(pdu.to);
    const at = this.#clock.now();
    if (phone === undefined) {
      this.#clock.after(DELIVERY_MS, () => this.#report(pdu.to, reference, at, NOT_OBTAINABLE));
      return reference;
    }
    this.#held.push({ phone, data: userDataOf(hex), reference, report: pdu.report, at });
    this.#clock.after(DELIVERY_MS, () => this.bring(phone));
    return reference;
  }

  /** Everything that waits for a phone, if it can be reached. */
  bring(phone: Phone): void {
    if (phone.off) return;
    const mine = this.#held.filter((held) => held.phone === phone);
    this.#held = this.#held.filter((held) => held.phone !== phone);
    for (const { data, reference, report, at } of mine) {
      const written = writeDeliver(CENTRE, { from: this.#own, at }, data);
      const message = readSmsPdu(written.hex, written.length);
      if (message?.is === 'deliver') phone.take(message);
      if (report) this.#report(phone.number, reference, at, DELIVERED);
    }
  }

  /** From a phone to the modem, in as many parts as it takes. */
  text(from: string, text: string): void {
    const split = splitText(text);
    if (split === null) throw new Error('a phone sends no such text');
    this.#reference = (this.#reference + 1) & 255;
    const count = split.pieces.length;
    for (const [at, piece] of split.pieces.entries()) {
      const part = { reference: this.#reference, wide: false, count, number: at + 1 };
      const data = writeUserData(split.alphabet, piece, count === 1 ? null : part);
      const written = writeDeliver(CENTRE, { from, at: this.#clock.now() }, data);
      this.#events.deliver(written.hex, written.length);
    }
  }

  #report(to: string, reference: number, sentAt: number, status: number): void {
    const times = { sent_at: sentAt, done_at: this.#clock.now() };
    const { hex, length } = writeReport(CENTRE, { reference, to, status, ...times });
    this.#events.report(hex, length);
  }
}

/** The user data of an SMS-SUBMIT as it came: the network hands it on and does not look into it. */
function userDataOf(hex: string): UserData {
  const bytes = fromHex(hex);
  const tpdu = bytes.subarray((bytes[0] ?? 0) + 1);
  const [first = 0] = tpdu;
  const behindAddress = 4 + Math.ceil((tpdu[2] ?? 0) / 2);
  const scheme = tpdu[behindAddress + 1] ?? 0;
  const validity = [0, 7, 1, 7][(first >> 3) & 3] ?? 0;
  const at = behindAddress + 2 + validity;
  if (alphabetOf(scheme) === null) throw new Error('a coding scheme that no phone reads');
  return {
    scheme,
    length: tpdu[at] ?? 0,
    bytes: tpdu.slice(at + 1),
    headed: (first & 0x40) !== 0,
  };
}
