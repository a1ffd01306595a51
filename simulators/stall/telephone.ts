/**
 * The stall's telephone: the terminal's modem in a mobile network, the telephone program that ships
 * beside it, and one phone box from which anybody may call. It is switched on when it is first asked
 * for, because speech takes memory that a street sale does not need.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { TelephoneKey } from '#device/ports/modem.ts';
import { freePort } from '../free-port.ts';
import { ModemSimulator } from '../modem/modem.ts';
import type { Phone, PhoneSms } from '../modem/phone.ts';
import { PTY_TOOL } from '../pty.ts';
import type { Watch } from '../wire.ts';
import { CallTalk, type Lack, type TalkLine } from './call-talk.ts';
import { type CallerNoise, speakSentence, VOICE_CHOICES } from './caller-voice.ts';
import { Machine, type MachineView } from './machine.ts';
import type { Plan } from './plans.ts';
import { notNow } from './problems.ts';
import type { Rack } from './rack.ts';

export interface StallTelephoneOptions {
  /** The telephone program's data directory. */
  readonly directory: string;
  /** Of the gateway: its operator gives agents their tokens. */
  readonly gatewayDirectory: string;
  readonly gateway: () => string;
  readonly plan: (settings: TelephoneAddresses & { readonly token: string }) => Plan;
  readonly rack: Rack;
  readonly watch: Watch;
  readonly changed: () => void;
}

export interface TelephoneAddresses {
  readonly smsPort: number;
  readonly deskPort: number;
}

export interface TelephoneView {
  readonly machine: MachineView;
  readonly number: string | null;
  /** The agents' page and what the agent logs in with; `null` until it is switched on. */
  readonly desk: { readonly url: string; readonly agent: string; readonly token: string } | null;
  /** Who stands in the phone box, and what the phone there shows. */
  readonly from: string | null;
  readonly call: Phone['call'];
  /** Who talks with the caller. */
  readonly with: 'menu' | 'assistant' | 'agent' | null;
  readonly speaking: boolean;
  readonly talk: readonly TalkLine[];
  readonly inbox: readonly PhoneSms[];
  /** What the program lacks, with its mend. */
  readonly lacks: readonly Lack[];
  readonly voices: readonly { readonly name: string; readonly language: string }[];
}

const MODEM_FAULTS = [
  ...(['unplug', 'replug', 'hang', 'noise', 'no_carrier', 'unregistered', 'registered'] as const),
  ...(['sms_refused', 'mute', 'restart', 'clear'] as const),
];
/** A modem needs a second or two to find its network, and a recogniser to read its model. */
const READY_MS = 20_000;
/** The one who sits at the desk in the demonstration. */
const AGENT = 'mei';
const tokenSchema = z.object({ token: z.string() });

export class StallTelephone {
  readonly machine: Machine;
  readonly #options: StallTelephoneOptions;
  readonly #talk = new CallTalk();
  readonly #listeners = new Set<(samples: Int16Array) => void>();
  #addresses: TelephoneAddresses = { smsPort: 0, deskPort: 0 };
  #tokens: { readonly assistant: string; readonly agent: string } | null = null;
  #network: ModemSimulator | null = null;
  #opening: Promise<void> | null = null;
  #phone: Phone | null = null;
  #speaking = false;
  /** Messages of this phone that stand in the talk already, or came before this call. */
  #read = 0;

  constructor(options: StallTelephoneOptions) {
    this.#options = options;
    this.machine = new Machine(
      () => options.plan({ ...this.#addresses, token: this.#tokens?.assistant ?? '' }),
      options.changed,
    );
  }

  /** One line that the program printed. */
  heardLine(line: Readonly<Record<string, unknown>>): void {
    this.#talk.take(line);
    this.#options.changed();
  }

  /** Where the gateway's short messages go while the modem is there; `null` before. */
  carrier(to: string): string | null {
    if (this.#network === null) return null;
    // Whoever is written to has a phone in this network.
    this.#network.phone(to);
    return `http://127.0.0.1:${this.#addresses.smsPort}/messages`;
  }

  /** Messages that arrived on phones over the modem. */
  arrived(): { readonly to: string; readonly text: string }[] {
    const phones = this.#network?.all() ?? [];
    return phones.flatMap(({ number, inbox }) => inbox.map(({ text }) => ({ to: number, text })));
  }

  /** Switches it on where it is off; rejects with a problem that names the mend. */
  async open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  /** Dials from that number; `withheld` keeps it from the terminal. */
  async dial(from: string, withheld: boolean): Promise<void> {
    await this.open();
    if (this.#isOn()) throw notNow('A call is on; hang up first.');
    const phone = this.#need().phone(from);
    if (this.#phone !== null) this.#phone.ear = null;
    this.#phone = phone;
    phone.anonymous = withheld;
    phone.listening = false;
    phone.ear = (samples) => {
      for (const listener of this.#listeners) listener(samples);
    };
    this.#talk.begin();
    this.#read = phone.inbox.length;
    phone.dial();
    this.#options.changed();
  }

  hangUp(): void {
    this.#phone?.hangUp();
    this.#options.changed();
  }

  press(keys: readonly TelephoneKey[]): void {
    this.#talking().press(keys.join(''));
  }

  /** Says the sentence in that voice; resolves when the last sound of it went out. */
  async say(text: string, voice: string, noise: CallerNoise): Promise<void> {
    const phone = this.#talking();
    const samples = await speakSentence(text, voice, noise);
    await this.speak(samples, text, phone);
  }

  /** Sound into the call, 8 kHz; resolves when it went out. */
  async speak(samples: Int16Array, text: string, phone = this.#talking()): Promise<void> {
    if (phone.call !== 'talking') throw notNow('The call is over; dial again.');
    this.#talk.say('you', text);
    this.#speaking = true;
    this.#options.changed();
    await phone.speak(samples);
    this.#speaking = false;
    this.#options.changed();
  }

  /** What the caller hears, 8 kHz, as it comes; the answer ends that. */
  listen(listener: (samples: Int16Array) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  view(): TelephoneView {
    this.#readMessages();
    const { view: machine } = this.machine;
    const tokens = this.#tokens;
    const url = `http://127.0.0.1:${this.#addresses.deskPort}/`;
    const talking = this.#phone?.call === 'talking';
    return {
      machine,
      number: this.#network?.number ?? null,
      desk: tokens === null ? null : { url, agent: AGENT, token: tokens.agent },
      from: this.#phone?.number ?? null,
      call: this.#phone?.call ?? 'none',
      with: talking ? this.#talk.with : null,
      speaking: this.#speaking,
      talk: this.#talk.lines,
      inbox: this.#phone?.inbox ?? [],
      lacks: this.#talk.lacks,
      voices: VOICE_CHOICES,
    };
  }

  async #open(): Promise<void> {
    const { directory, rack, watch } = this.#options;
    if (this.machine.view.state === 'ready') return;
    this.#network ??= await rack.add('modem', MODEM_FAULTS, PTY_TOOL.install, () =>
      ModemSimulator.open({
        atPath: join(directory, 'wires', 'modem-at'),
        audioPath: join(directory, 'wires', 'modem-audio'),
        watch,
      }),
    );
    this.#need();
    if (this.#tokens === null) {
      const [smsPort, deskPort] = [await freePort(), await freePort()];
      this.#addresses = { smsPort, deskPort };
      const [assistant, agent] = [await this.#makeAgent('assistant'), await this.#makeAgent(AGENT)];
      this.#tokens = { assistant, agent };
    }
    this.#talk.forget();
    try {
      await this.machine.start();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw notNow(`The telephone can't start: ${why}`);
    }
    if (!(await this.#talk.ready(READY_MS))) {
      throw notNow('The modem has found no network: end its fault under “Cables and faults”.');
    }
  }

  async #makeAgent(agent: string): Promise<string> {
    const { gateway, gatewayDirectory } = this.#options;
    const operator = readFileSync(join(gatewayDirectory, 'operator.token'), 'utf8').trim();
    const response = await fetch(`${gateway()}/v1/centre/agents`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${operator}`,
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
      },
      body: JSON.stringify({ agent }),
    }).catch(() => null);
    if (response?.status !== 201) throw notNow('The gateway is off: switch it on, then call.');
    return tokenSchema.parse(await response.json()).token;
  }

  #need(): ModemSimulator {
    if (this.#network === null) throw notNow(`There is no modem here. ${PTY_TOOL.install}`);
    return this.#network;
  }

  #readMessages(): void {
    for (const { text } of this.#phone?.inbox.slice(this.#read) ?? []) {
      this.#talk.say('sms', text);
      this.#read += 1;
    }
  }

  #isOn(): boolean {
    return this.#phone?.call === 'talking' || this.#phone?.call === 'ringing';
  }

  #talking(): Phone {
    const phone = this.#phone;
    if (phone === null || phone.call !== 'talking') {
      throw notNow('Nobody is on the line: dial, and wait for the answer.');
    }
    return phone;
  }
}
