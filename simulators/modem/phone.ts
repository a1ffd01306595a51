/** A telephone somewhere in the simulated mobile network: it calls, speaks, presses keys, texts. */
import { joinParts, type WaitingPart } from '#device/codecs/sms-join.ts';
import type { Deliver } from '#device/codecs/sms-pdu.ts';
import type { TelephoneKey } from '#device/ports/modem.ts';

/** What the phone's owner sees of the call. */
export type PhoneCall =
  | 'none'
  | 'ringing'
  | 'talking'
  /** The other side is in a call, and takes no second one. */
  | 'busy'
  | 'unanswered'
  | 'unreachable'
  | 'ended';

/** What a phone asks of its network. */
export interface Exchange {
  dial(phone: Phone): void;
  hangUp(phone: Phone): void;
  press(phone: Phone, key: TelephoneKey): void;
  text(phone: Phone, text: string): void;
  reachable(phone: Phone): void;
}

interface Speech {
  readonly samples: Int16Array;
  at: number;
  readonly done: () => void;
}

export interface PhoneSms {
  readonly from: string;
  readonly text: string;
}

export class Phone {
  /** With `+`. */
  readonly number: string;
  readonly #exchange: Exchange;
  #speech: Speech[] = [];
  #heard: Int16Array[] = [];
  #parts: WaitingPart[] = [];
  #stored = 0;
  /** Whether the caller's number is withheld. */
  anonymous = false;
  /** Out of reach: messages wait in the network. */
  off = false;
  call: PhoneCall = 'none';
  /** Keeps what it hears; off for calls that last long. */
  listening = true;
  /** Told what it hears, as it comes. */
  ear: ((samples: Int16Array) => void) | null = null;
  /** Samples heard in all calls, also where they were not kept. */
  heardCount = 0;
  /** Messages that arrived, whole. */
  readonly inbox: PhoneSms[] = [];
  /** Keys that the other side pressed. */
  readonly keys: TelephoneKey[] = [];

  constructor(number: string, exchange: Exchange) {
    this.number = number;
    this.#exchange = exchange;
  }

  dial(): void {
    this.#heard = [];
    this.keys.length = 0;
    this.call = 'ringing';
    this.#exchange.dial(this);
  }

  hangUp(): void {
    this.#exchange.hangUp(this);
  }

  /** Resolves when it was said, or the call ended; 8 kHz. */
  speak(samples: Int16Array): Promise<void> {
    return new Promise((done) => this.#speech.push({ samples, at: 0, done }));
  }

  press(keys: string): void {
    for (const key of keys) this.#exchange.press(this, key as TelephoneKey);
  }

  text(text: string): void {
    this.#exchange.text(this, text);
  }

  /** Switches it on, and what waited for it arrives. */
  switchOn(): void {
    this.off = false;
    this.#exchange.reachable(this);
  }

  /** All that was heard in this call so far. */
  heard(): Int16Array {
    const whole = new Int16Array(this.#heard.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of this.#heard) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** For the network: the next samples of its microphone. */
  sound(into: Int16Array): void {
    let filled = 0;
    while (filled < into.length) {
      const [speech] = this.#speech;
      if (speech === undefined) break;
      const piece = speech.samples.subarray(speech.at, speech.at + into.length - filled);
      into.set(piece, filled);
      filled += piece.length;
      speech.at += piece.length;
      if (speech.at < speech.samples.length) break;
      this.#speech.shift();
      speech.done();
    }
    into.fill(0, filled);
  }

  /** For the network: what its earpiece gives. */
  hear(samples: Int16Array): void {
    this.heardCount += samples.length;
    this.ear?.(samples);
    if (this.listening) this.#heard.push(samples);
  }

  /** For the network. */
  end(how: PhoneCall): void {
    this.call = how;
    for (const { done } of this.#speech.splice(0)) done();
  }

  /** For the network: one part of a message. */
  take(message: Deliver): void {
    this.#stored += 1;
    this.#parts.push({ message, index: this.#stored });
    const { whole, waiting } = joinParts(this.#parts, message.sent_at);
    this.#parts = [...waiting];
    for (const { from, text } of whole) this.inbox.push({ from, text });
  }
}
