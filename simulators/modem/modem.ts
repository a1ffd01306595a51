/**
 * A SIM7600 on two serial wires, in a small mobile network of its own: phones call it, speak, press keys
 * and text. It echoes, answers, tells by itself in the middle of answers, and fails on demand.
 */
import { dtmfTone } from '#device/codecs/dtmf.ts';
import type { Clock } from '#device/ports/clock.ts';
import { CALL_RATE, type TelephoneKey } from '#device/ports/modem.ts';
import { realClock } from '../clock.ts';
import { Pty } from '../pty.ts';
import { type Fault, FaultError, type Simulator } from '../wire.ts';
import { Announcer } from './announcer.ts';
import { AtPort } from './at-port.ts';
import { AudioWire } from './audio-wire.ts';
import { type Answer, execute, FACTORY, type Settings, type Works } from './commands.ts';
import { Line, type LineCall } from './exchange.ts';
import { Inbox } from './inbox.ts';
import type { ModemFault, ModemOptions } from './options.ts';
import { Phone } from './phone.ts';
import { ServiceCentre } from './service-centre.ts';

/** Between two keys. */
const PAUSE_SAMPLES = 0.08 * CALL_RATE;

export class ModemSimulator implements Simulator {
  readonly wire = 'modem';
  readonly number: string;
  /** How often each unknown command came. */
  readonly unknownCommands = new Map<string, number>();
  readonly commands: string[] = [];
  readonly #clock: Clock;
  readonly #reportsKeys: boolean;
  readonly #announcer: Announcer;
  readonly #phones = new Map<string, Phone>();
  readonly #line: Line;
  readonly #centre: ServiceCentre;
  readonly #audio: AudioWire;
  readonly #inbox = new Inbox();
  #at: AtPort | null = null;
  #pcm: Pty | null = null;
  #settings: Settings = { ...FACTORY };
  #registration = 1;
  #sim: Works['sim'] = 'ready';
  #refuse: number | null = null;

  private constructor(options: ModemOptions) {
    this.#clock = options.clock ?? realClock;
    this.#reportsKeys = options.keys !== 'tones';
    this.number = options.number ?? '+8613900000000';
    this.#announcer = new Announcer({
      clock: this.#clock,
      settings: () => this.#settings,
      tell: (...lines) => this.#tell(...lines),
      isOn: (call) => this.#line.calls.includes(call),
    });
    this.#line = new Line({
      ringing: (call) => this.#announcer.ringing(call),
      waiting: (call) => this.#announcer.waiting(call),
      over: (call, by, wasActive) => {
        if (wasActive) this.#audio.stop();
        this.#announcer.over(call, by, wasActive);
      },
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
    modem.#at = await AtPort.open({
      pty: { wire: 'modem', path: atPath, ...shared, plugged: () => modem.#powerOn() },
      clock: modem.#clock,
      settings: () => modem.#settings,
      execute: (text) => modem.#execute(text),
      chatty: options.chatty === true,
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

  /** Every phone that was asked for. */
  all(): readonly Phone[] {
    return [...this.#phones.values()];
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
    return this.#inbox.stored.length;
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
        if (this.#at !== null) this.#at.mutes = fault.count;
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
    this.#at?.note(`fault: ${fault.fault}`);
  }

  async close(): Promise<void> {
    this.#announcer.restart();
    this.#audio.stop();
    await this.#at?.close();
    await this.#pcm?.close();
  }

  async #wireFault(fault: Fault): Promise<void> {
    if (fault.fault === 'clear') {
      this.#refuse = null;
      if (this.#at !== null) this.#at.mutes = 0;
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
    this.#announcer.restart();
    for (const call of [...this.#line.calls]) this.#line.end(call, 'network');
    this.#audio.stop();
    this.#settings = { ...FACTORY };
    this.#line.takesWaiting = false;
    this.#at?.restart();
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
      if (state === 'active' && !this.#reportsKeys) {
        void phone.speak(dtmfTone(key));
        void phone.speak(new Int16Array(PAUSE_SAMPLES));
      }
      if (state === 'active' && this.#settings.ddet) this.#tell(`+RXDTMF: ${key}`);
    });
  }

  #deliver(hex: string, length: number): void {
    const index = this.#inbox.take({ hex, length }, this.#reachable());
    if (index !== null && this.#settings.cnmi[0] === 1) this.#tell(`+CMTI: "ME",${index}`);
  }

  #pullFromNetwork(): void {
    for (const { hex, length } of this.#inbox.pull()) this.#deliver(hex, length);
  }

  #tell(...lines: string[]): void {
    this.#at?.tell(...lines);
  }

  #execute(text: string): Answer {
    this.commands.push(text);
    const answer = execute(this.#works(), text);
    if (answer.is === 'unknown') {
      this.unknownCommands.set(text, (this.unknownCommands.get(text) ?? 0) + 1);
    }
    if (this.#reachable()) this.#pullFromNetwork();
    return answer;
  }

  #works(): Works {
    return {
      ...{ settings: this.#settings, line: this.#line, stored: this.#inbox.stored, sim: this.#sim },
      ...{
        registration: this.#registration,
        rssi: 18,
        cause: this.#announcer.cause,
        reportsKeys: this.#reportsKeys,
      },
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
