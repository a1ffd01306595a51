/**
 * A SIM7600 on two serial wires, in a small mobile network of its own: phones call it, speak, press keys
 * and text. It echoes, answers, tells by itself in the middle of answers, and fails on demand.
 */
import type { Clock } from '#device/ports/clock.ts';
import type { TelephoneKey } from '#device/ports/modem.ts';
import { realClock } from '../clock.ts';
import { Pty } from '../pty.ts';
import { type Fault, FaultError, type Simulator, type Watch } from '../wire.ts';
import { AudioWire } from './audio-wire.ts';
import {
  type Answer,
  execute,
  FACTORY,
  type Settings,
  STORE,
  type StoredSms,
  type Works,
} from './commands.ts';
import { Line, type LineCall } from './exchange.ts';
import { Phone } from './phone.ts';
import { ServiceCentre } from './service-centre.ts';

/** Besides the faults of a serial wire, which hit both wires. */
export type ModemFault =
  | Fault
  /** The network lets go of the call that is on. */
  | { readonly fault: 'no_carrier' }
  | { readonly fault: 'unregistered' }
  | { readonly fault: 'registered' }
  /** +CMS ERROR of the messages that follow, until `clear`. */
  | { readonly fault: 'sms_refused'; readonly code: number }
  /** The results of the next commands are never given. */
  | { readonly fault: 'lose_results'; readonly count: number }
  /** The audio port gives nothing, until `clear`. */
  | { readonly fault: 'mute' }
  | { readonly fault: 'restart' };

export interface ModemOptions {
  readonly atPath: string;
  readonly audioPath: string;
  /** The number of its SIM. */
  readonly number?: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
  readonly chance?: () => number;
  /** Of calls: times as fast as real ones; `Infinity` as fast as the terminal takes it. */
  readonly speed?: number;
  /** Tells something by itself in the middle of each answer. */
  readonly chatty?: boolean;
}

const ANSWER_MS = 3;
const RING_MS = 1000;
const CTRL_Z = '\u001a';
const ESCAPE = '\u001b';
const NORMAL = 'Normal call clearing';

export class ModemSimulator implements Simulator {
  readonly wire = 'modem';
  readonly number: string;
  /** How often each unknown command came. */
  readonly unknownCommands = new Map<string, number>();
  readonly commands: string[] = [];
  readonly #clock: Clock;
  readonly #options: ModemOptions;
  readonly #phones = new Map<string, Phone>();
  readonly #line: Line;
  readonly #centre: ServiceCentre;
  readonly #audio: AudioWire;
  readonly #stored: StoredSms[] = [];
  readonly #atNetwork: { hex: string; length: number }[] = [];
  #at: Pty | null = null;
  #pcm: Pty | null = null;
  #settings: Settings = { ...FACTORY };
  #input = '';
  #prompt: ((text: string) => Answer) | null = null;
  #registration = 1;
  #sim: Works['sim'] = 'ready';
  #cause = NORMAL;
  #refuse: number | null = null;
  #mutes = 0;
  #nextIndex = 0;
  #power = 0;

  private constructor(options: ModemOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.number = options.number ?? '+8613900000000';
    this.#line = new Line({
      ringing: (call) => this.#ring(call, this.#power),
      waiting: (call) => this.#tell(`+CCWA: "${this.#shown(call)}",${this.#type(call)},1`),
      over: (call, by, wasActive) => this.#over(call, by, wasActive),
    });
    this.#centre = new ServiceCentre(this.number, this.#clock, {
      phone: (number) => this.#phones.get(number),
      deliver: (hex, length) => this.#deliver(hex, length),
      report: (hex, length) => {
        if (this.#settings.cnmi[1] === 1) this.#tell(`+CDS: ${length}`, hex);
      },
    });
    this.#audio = new AudioWire({
      clock: this.#clock,
      speed: options.speed ?? 1,
      send: (bytes) => this.#pcm?.write(bytes),
    });
  }

  /** Resolves when both ports can be opened. */
  static async open(options: ModemOptions): Promise<ModemSimulator> {
    const modem = new ModemSimulator(options);
    const { atPath, audioPath, watch, chance } = options;
    const shared = {
      clock: modem.#clock,
      ...(watch === undefined ? {} : { watch }),
      ...(chance === undefined ? {} : { chance }),
    };
    modem.#at = await Pty.open({
      ...{ wire: 'modem', path: atPath, ...shared },
      data: (bytes) => modem.#receive(bytes),
      plugged: () => modem.#powerOn(),
    });
    modem.#pcm = await Pty.open({
      ...{ wire: 'modem-audio', path: audioPath, ...shared },
      data: (bytes) => modem.#audio.receive(bytes),
    });
    return modem;
  }

  /** A phone of that number, made when it is first asked for. */
  phone(number: string): Phone {
    const known = this.#phones.get(number);
    if (known !== undefined) return known;
    const phone = new Phone(number, {
      dial: (from) => this.#line.dial(from, this.#reachable()),
      hangUp: (from) => this.#withCall(from, (call) => this.#line.end(call, 'phone')),
      press: (from, key) => this.#pressed(from, key),
      text: (from, text) => this.#centre.text(from.number, text),
      reachable: (from) => this.#centre.bring(from),
    });
    this.#phones.set(number, phone);
    return phone;
  }

  insertSim(sim: Works['sim']): void {
    this.#sim = sim;
  }

  /** Frames of audio that went to the terminal in this call. */
  get frames(): number {
    return this.#audio.frames;
  }

  /** Messages that the modem keeps. */
  get storedCount(): number {
    return this.#stored.length;
  }

  async apply(fault: ModemFault): Promise<void> {
    switch (fault.fault) {
      case 'no_carrier':
        this.#withActive((call) => this.#line.end(call, 'network'));
        break;
      case 'unregistered':
      case 'registered':
        this.#register(fault.fault === 'registered' ? 1 : 0);
        break;
      case 'sms_refused':
        this.#refuse = fault.code;
        break;
      case 'lose_results':
        this.#mutes = fault.count;
        break;
      case 'mute':
        this.#audio.mute = true;
        break;
      case 'restart':
        this.#powerOn();
        this.#tell('RDY');
        break;
      case 'loss':
        throw new FaultError('modem knows no loss');
      default:
        await this.#wireFault(fault);
    }
    this.#at?.trace({ direction: 'state', text: `fault: ${fault.fault}` });
  }

  async close(): Promise<void> {
    this.#power += 1;
    this.#audio.stop();
    await this.#at?.close();
    await this.#pcm?.close();
  }

  async #wireFault(fault: Fault): Promise<void> {
    if (fault.fault === 'clear') {
      this.#refuse = null;
      this.#mutes = 0;
      this.#audio.mute = false;
      this.#register(1);
    }
    if (fault.fault === 'unplug') {
      for (const call of [...this.#line.calls]) this.#line.end(call, 'network');
    }
    // Raw samples know no disturbed line end: noise there is only heard.
    await Promise.all([this.#at?.apply(fault), this.#pcm?.apply(fault)]);
  }

  #powerOn(): void {
    this.#power += 1;
    for (const call of [...this.#line.calls]) this.#line.end(call, 'network');
    this.#audio.stop();
    this.#settings = { ...FACTORY };
    this.#line.takesWaiting = false;
    this.#input = '';
    this.#prompt = null;
  }

  #reachable(): boolean {
    return this.#at?.plugged === true && (this.#registration === 1 || this.#registration === 5);
  }

  #register(registration: number): void {
    if (registration === this.#registration) return;
    this.#registration = registration;
    if (registration === 0) {
      for (const call of [...this.#line.calls]) this.#line.end(call, 'network');
    }
    if (this.#settings.creg > 0) this.#tell(`+CREG: ${registration}`);
    if (this.#settings.cereg > 0) this.#tell(`+CEREG: ${registration}`);
    if (registration !== 0) this.#pullFromNetwork();
  }

  #shown({ phone }: LineCall): string {
    return phone.anonymous ? '' : phone.number;
  }

  #type({ phone }: LineCall): number {
    return phone.anonymous ? 128 : 145;
  }

  #ring(call: LineCall, power: number): void {
    if (call.state !== 'ringing' || !this.#line.calls.includes(call) || power !== this.#power)
      return;
    this.#tell(this.#settings.crc ? '+CRING: VOICE' : 'RING');
    if (this.#settings.clip) {
      const validity = call.phone.anonymous ? 1 : 0;
      this.#tell(`+CLIP: "${this.#shown(call)}",${this.#type(call)},,,,${validity}`);
    }
    this.#clock.after(RING_MS, () => this.#ring(call, power));
  }

  #over(call: LineCall, by: 'phone' | 'modem' | 'network', wasActive: boolean): void {
    this.#cause = by === 'network' ? 'Radio link lost' : NORMAL;
    if (wasActive) {
      this.#audio.stop();
      const seconds = Math.round((this.#clock.monotonic() - call.answeredAt) / 1000);
      this.#tell(`VOICE CALL: END: ${String(seconds).padStart(6, '0')}`);
    } else if (by !== 'modem') this.#tell(`MISSED_CALL: 02:14AM ${call.phone.number}`);
    if (by !== 'modem' && wasActive) this.#tell('NO CARRIER');
  }

  #withCall(phone: Phone, then: (call: LineCall) => void): void {
    const call = this.#line.of(phone);
    if (call !== undefined) then(call);
  }

  #withActive(then: (call: LineCall) => void): boolean {
    const { active } = this.#line;
    if (active !== undefined) then(active);
    return active !== undefined;
  }

  #pressed(phone: Phone, key: TelephoneKey): void {
    this.#withCall(phone, ({ state }) => {
      if (state === 'active' && this.#settings.ddet) this.#tell(`+RXDTMF: ${key}`);
    });
  }

  /** A message for the modem: kept by it, or by the network while it can't be reached. */
  #deliver(hex: string, length: number): void {
    if (!this.#reachable() || this.#stored.length >= STORE) {
      this.#atNetwork.push({ hex, length });
      return;
    }
    this.#nextIndex += 1;
    this.#stored.push({ index: this.#nextIndex, read: false, hex, length });
    if (this.#settings.cnmi[0] === 1) this.#tell(`+CMTI: "ME",${this.#nextIndex}`);
  }

  #pullFromNetwork(): void {
    for (const { hex, length } of this.#atNetwork.splice(0)) this.#deliver(hex, length);
  }

  /** By itself: between line ends, wherever an answer just is. */
  #tell(...lines: string[]): void {
    for (const line of lines) {
      this.#at?.trace({ direction: 'in', text: line.slice(0, 80) });
      this.#at?.write(Buffer.from(`\r\n${line}\r\n`, 'latin1'));
    }
  }

  #receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      const character = String.fromCharCode(byte);
      if (this.#prompt !== null) this.#promptInput(character);
      else if (character === '\r') {
        const text = this.#input;
        this.#input = '';
        if (this.#settings.echo) this.#at?.write(Buffer.from(`${text}\r`, 'latin1'));
        this.#command(text);
      } else if (character === ESCAPE) this.#input = '';
      else if (character !== '\n') this.#input += character;
    }
  }

  #promptInput(character: string): void {
    if (character === CTRL_Z) {
      const take = this.#prompt;
      const text = this.#input;
      this.#prompt = null;
      this.#input = '';
      if (take !== null) this.#answer(take(text));
    } else if (character === ESCAPE) {
      this.#prompt = null;
      this.#input = '';
      this.#answer({ is: 'ok' });
    } else this.#input += character;
  }

  #command(text: string): void {
    if (text === '') return;
    this.commands.push(text);
    this.#at?.trace({ direction: 'out', text: text.slice(0, 80) });
    const answer = execute(this.#works(), text);
    if (answer.is === 'unknown') {
      this.unknownCommands.set(text, (this.unknownCommands.get(text) ?? 0) + 1);
    }
    if (this.#reachable()) this.#pullFromNetwork();
    this.#clock.after(ANSWER_MS, () => this.#answer(answer));
  }

  #answer(answer: Answer): void {
    if (answer.is === 'prompt') {
      this.#prompt = answer.take;
      this.#at?.write(Buffer.from('\r\n> '));
      return;
    }
    const lines = answer.is === 'ok' ? (answer.lines ?? []) : [];
    for (const line of lines) this.#tell(line);
    if (this.#options.chatty === true) this.#tell('+CTZV: +32,0');
    if (this.#mutes > 0) {
      this.#mutes -= 1;
      return;
    }
    this.#tell(this.#resultOf(answer));
  }

  #resultOf(answer: Exclude<Answer, { is: 'prompt' }>): string {
    switch (answer.is) {
      case 'ok':
        return 'OK';
      case 'result':
        return answer.text;
      case 'cme':
        if (this.#settings.errors === 0) return 'ERROR';
        return `+CME ERROR: ${this.#settings.errors === 1 ? answer.code : answer.words}`;
      case 'cms':
        return `+CMS ERROR: ${answer.code}`;
      default:
        return 'ERROR';
    }
  }

  #works(): Works {
    return {
      ...{ settings: this.#settings, line: this.#line, stored: this.#stored, sim: this.#sim },
      ...{ registration: this.#registration, rssi: 18, cause: this.#cause },
      answer: () => {
        const call = this.#line.answer(this.#clock.monotonic());
        if (call === null) return { is: 'result', text: 'NO CARRIER' };
        return { is: 'ok', lines: ['VOICE CALL: BEGIN'] };
      },
      hangUp: () => this.#hangUp(),
      hold: (how) => this.#hold(how),
      pcm: (on) => {
        if (!on) this.#audio.stop();
        else if (!this.#audio.on) return this.#withActive(({ phone }) => this.#audio.start(phone));
        return true;
      },
      press: (key) => this.#withActive(({ phone }) => phone.keys.push(key as TelephoneKey)),
      submit: (hex, length) => this.#submit(hex, length),
    };
  }

  #hangUp(): void {
    const call = this.#line.active ?? this.#line.calls.find(({ state }) => state === 'ringing');
    if (call !== undefined) this.#line.end(call, 'modem');
  }

  #hold(how: string): boolean {
    const waiting = this.#line.calls.find(({ state }) => state === 'waiting');
    const named =
      how.length === 2 ? this.#line.calls.find((c) => c.index === Number(how[1])) : null;
    if (how === '0' && waiting !== undefined) this.#line.end(waiting, 'modem');
    else if (how[0] === '1' && named != null) this.#line.end(named, 'modem');
    else return false;
    return true;
  }

  #submit(hex: string, length: number): Answer {
    if (!this.#reachable()) return { is: 'cms', code: 331 };
    if (this.#refuse !== null) return { is: 'cms', code: this.#refuse };
    const reference = this.#centre.submit(hex, length);
    if (reference === null) return { is: 'cms', code: 304 };
    return { is: 'ok', lines: [`+CMGS: ${reference}`] };
  }
}
