/**
 * A GSM/LTE modem of the SIM7600 kind (driver `sim7600`): commands on one serial port, the call's audio
 * on another. Whatever the modem does, there is a result, an event, or a loss.
 */
import { readListedCall, type Urc } from '#device/codecs/at.ts';
import { outcomeOf, readSmsPdu } from '#device/codecs/sms-pdu.ts';
import { DeviceError } from '#device/ports/device.ts';
import {
  type Call,
  type CallEnd,
  isRegistered,
  type Modem,
  type ModemEvents,
  type ModemState,
  type SentSms,
  type TelephoneKey,
} from '#device/ports/modem.ts';
import type { SettingsOf } from '#firmware/boards.ts';
import { openSerial, type Serial } from '#firmware/serial.ts';
import { AtChannel } from './at-channel.ts';
import { type AtOutcome, order, question } from './at-command.ts';
import { CallAudio } from './call-audio.ts';
import { Calls, type KnownCall } from './calls.ts';
import { Inbox, sendParts, writeParts } from './messages.ts';
import { readState, startModem } from './start.ts';

/** As in boards.json, with both ports made absolute. */
export type Sim7600Settings = Omit<SettingsOf<'sim7600'>, 'driver'>;

const ANSWER_MS = 20_000;
const HANG_UP_MS = 5000;
/** How often an idle modem is asked how it is, and a busy line who is on it. */
const WATCH_MS = 5000;
const LINE_WATCH_MS = 1000;
const INBOX_MS = 60_000;
/** The port gives 20 ms every 20 ms; so much later it does not any more. */
const STALL_MS = 1500;

const NOWHERE: ModemState = { registration: 'none', operator: null, signal_dbm: null };

class Sim7600 implements Modem {
  readonly #organ: string;
  readonly #events: ModemEvents;
  readonly #channel: AtChannel;
  readonly #audio: CallAudio;
  readonly #calls: Calls;
  readonly #inbox: Inbox;
  readonly #ending = new Map<Call, () => void>();
  #at: Serial | null = null;
  #pcm: Serial | null = null;
  #state = NOWHERE;
  /** Something was not understood: news may be among it. */
  #doubt = false;
  #looking = false;
  #lookAgain = false;
  #waitingOn = false;
  /** Whose audio it is. */
  #onAir: Call | null = null;
  #restarts = 0;
  #reference = Math.floor(performance.now()) & 255;
  #sending: Promise<unknown> = Promise.resolve();
  #timers: NodeJS.Timeout[] = [];
  #opened = false;
  #gone = false;

  constructor(organ: string, events: ModemEvents) {
    this.#organ = organ;
    this.#events = events;
    this.#channel = new AtChannel(async (bytes) => this.#at?.write(bytes), {
      urc: (urc) => this.#hear(urc),
      pdu: (kind, hex, length) => this.#takePdu(kind, hex, length),
      stray: () => {
        this.#doubt = true;
      },
      silent: () => this.#lose(this.#error('timeout', 'the modem does not answer any more')),
    });
    this.#audio = new CallAudio(async (bytes) => this.#pcm?.write(bytes));
    this.#calls = new Calls({
      ringing: (call) => events.ringing(call),
      waiting: (call) => events.waiting(call),
      over: (call, how) => void this.#finish(call, how),
    });
    this.#inbox = new Inbox((command) => this.#channel.send(command), {
      sms: (message) => events.sms(message),
      log: () => undefined,
    });
  }

  get state(): ModemState {
    return this.#state;
  }

  async open(settings: Sim7600Settings): Promise<void> {
    const { port, audio_port, baud } = settings;
    const lost = (error: DeviceError): void => this.#lose(error);
    try {
      this.#at = await openSerial(
        this.#organ,
        { port, baud },
        {
          ...{ lost, data: (bytes: Uint8Array) => this.#channel.receive(bytes) },
        },
      );
      this.#pcm = await openSerial(
        this.#organ,
        { port: audio_port, baud },
        {
          ...{ lost, data: (bytes: Uint8Array) => this.#audio.receive(bytes) },
        },
      );
      await startModem(this.#organ, this.#channel);
      await this.#refresh();
    } catch (error) {
      await this.close();
      throw error;
    }
    if (this.#gone) throw this.#error('lost', 'the modem went away while it was opened');
    this.#opened = true;
    this.#watch(WATCH_MS, () => this.#refresh());
    this.#watch(INBOX_MS, () => this.#inbox.collect());
    this.#watch(LINE_WATCH_MS, () => this.#watchLine());
    this.#look();
    void this.#inbox.collect();
  }

  async answer(call: Call): Promise<boolean> {
    const known = this.#calls.find(call);
    if (known?.state !== 'ringing') return false;
    const taken = await this.#channel.send({
      ...{ text: 'ATA', calls: true, urgent: true, timeoutMs: ANSWER_MS },
    });
    if (taken.is !== 'ok' || this.#calls.find(call) === undefined) {
      this.#look();
      return false;
    }
    this.#calls.answered(known);
    await this.#startAudio(known);
    return this.#calls.find(call) !== undefined;
  }

  async hangUp(call: Call): Promise<void> {
    const known = this.#calls.find(call);
    if (known === undefined || this.#gone) return;
    known.ours = true;
    const over = new Promise<void>((resolve) => this.#ending.set(call, resolve));
    const deadline = performance.now() + HANG_UP_MS;
    while (this.#calls.find(call) !== undefined && !this.#gone) {
      await this.#channel.send({ ...order(this.#hangUpText(known)), urgent: true });
      this.#look();
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 1000))]);
      if (performance.now() > deadline) this.#lose(this.#error('protocol', 'it does not hang up'));
    }
    this.#ending.delete(call);
  }

  say(call: Call, samples: Int16Array): Promise<boolean> {
    return this.#isOn(call) ? this.#audio.say(samples) : Promise.resolve(false);
  }

  hush(call: Call): void {
    if (this.#isOn(call)) this.#audio.hush();
  }

  ahead(call: Call): number {
    return this.#isOn(call) ? this.#audio.ahead : 0;
  }

  async press(call: Call, keys: readonly TelephoneKey[]): Promise<boolean> {
    for (const key of keys) {
      if (!this.#isOn(call)) return false;
      await this.#channel.send({ ...order(`AT+VTS=${key}`), urgent: true });
    }
    return this.#isOn(call);
  }

  sendSms(to: string, text: string): Promise<SentSms> {
    this.#reference = (this.#reference + 1) & 255;
    const parts = writeParts(to, text, this.#reference);
    // The parts of two messages must not mix: some networks lose track.
    const sent = this.#sending.then(async (): Promise<SentSms> => {
      if (this.#gone || !isRegistered(this.#state)) {
        return { ok: false, why: 'unregistered', code: null };
      }
      return sendParts((command) => this.#channel.send(command), parts);
    });
    this.#sending = sent;
    return sent;
  }

  async close(): Promise<void> {
    const { active } = this.#calls;
    // Whoever is on the line must not go on talking into nothing.
    if (active !== undefined && !this.#gone) await this.#channel.send(order('AT+CHUP', 1000));
    this.#stop();
    await Promise.all([this.#at?.close(), this.#pcm?.close()]);
  }

  #isOn(call: Call): boolean {
    return this.#calls.active?.call === call;
  }

  /** With another call waiting, `AT+CHUP` may end the wrong one (27.007 §7.13, 22.030 §6.5.5.1). */
  #hangUpText(known: KnownCall): string {
    if (known.state === 'waiting') return 'AT+CHLD=0';
    return this.#calls.waiting === undefined ? 'AT+CHUP' : `AT+CHLD=1${known.index}`;
  }

  #hear(urc: Urc): void {
    switch (urc.is) {
      case 'ring':
      case 'caller':
      case 'waiting':
      case 'call_begun':
      case 'call_over':
        this.#look();
        break;
      case 'key': {
        const { active } = this.#calls;
        if (active !== undefined) this.#events.key(active.call, urc.key);
        break;
      }
      case 'registration':
        void this.#refresh();
        break;
      case 'sms_stored':
        void this.#inbox.collect();
        break;
      case 'restarted':
        if (this.#opened) this.#lose(this.#error('lost', 'the modem started anew'));
        break;
      default:
    }
  }

  #takePdu(kind: 'report' | 'sms', hex: string, length: number): void {
    const pdu = readSmsPdu(hex, length);
    if (pdu?.is === 'report') {
      const { reference, to, status, done_at: at } = pdu;
      this.#events.report({ reference, to, status, at, outcome: outcomeOf(status) });
    } else if (kind === 'sms' && pdu?.is === 'deliver' && pdu.text !== null) {
      const { from, text, sent_at } = pdu;
      void this.#events.sms({ from, text, sent_at }).catch(() => undefined);
    }
  }

  /** Compares our calls with the modem's; once more where something came up meanwhile. */
  #look(): void {
    this.#lookAgain = true;
    if (!this.#looking) void this.#lookOn();
  }

  async #lookOn(): Promise<void> {
    this.#looking = true;
    while (this.#lookAgain && !this.#gone) {
      this.#lookAgain = false;
      const outcome = await this.#list();
      if (outcome.is !== 'ok' || this.#gone) break;
      const listed = outcome.lines.flatMap((line) => readListedCall(line) ?? []);
      const strange = this.#calls.apply(listed);
      if (strange.length > 0) await this.#channel.send({ ...order('AT+CHUP'), urgent: true });
      if (this.#calls.doubtful) this.#lookAgain = true;
    }
    this.#looking = false;
  }

  #list(): Promise<AtOutcome> {
    return this.#channel.send({ ...question('AT+CLCC', '+CLCC'), urgent: true });
  }

  async #startAudio(known: KnownCall): Promise<void> {
    const { call } = known;
    // Before the port is switched to the call: its first byte then begins the first sample.
    this.#onAir = call;
    this.#audio.start((frame) => this.#events.frame(call, frame));
    for (let attempt = 0; attempt < 5 && this.#isOn(call); attempt += 1) {
      const outcome = await this.#channel.send({ ...order('AT+CPCMREG=1'), urgent: true });
      if (outcome.is === 'ok' || !this.#isOn(call)) return;
      // A call that is answered takes a moment to have a channel.
      await new Promise((resolve) => setTimeout(resolve, 150));
      this.#audio.realign();
    }
    if (this.#isOn(call)) this.#lose(this.#error('protocol', 'the call has no audio'));
  }

  async #finish(call: Call, how: CallEnd | null): Promise<void> {
    const wasOnAir = this.#onAir === call;
    if (wasOnAir) {
      this.#onAir = null;
      this.#restarts = 0;
      this.#audio.stop();
    }
    const cause = how ?? (await this.#cause());
    if (this.#gone) return;
    if (wasOnAir) void this.#channel.send(order('AT+CPCMREG=0'));
    this.#events.ended(call, cause);
    this.#ending.get(call)?.();
  }

  /** Why the last call ended (27.007 §6.10); words, differing with the firmware. */
  async #cause(): Promise<CallEnd> {
    const outcome = await this.#channel.send({ ...question('AT+CEER', '+CEER'), urgent: true });
    const words = outcome.is === 'ok' ? (outcome.lines[0] ?? '') : '';
    return /radio|link|lost|fade|out of|no service|failure/i.test(words) ? 'dropped' : 'caller';
  }

  async #refresh(): Promise<void> {
    const state = await readState(this.#channel);
    if (state === null || this.#gone) return;
    const changed = JSON.stringify(state) !== JSON.stringify(this.#state);
    this.#state = state;
    if (changed || !this.#opened) this.#events.state(state);
    if (!isRegistered(state)) this.#waitingOn = false;
    else if (!this.#waitingOn) {
      this.#waitingOn = true;
      // The network is asked: without it a second caller hears that we are busy.
      void this.#channel.send(order('AT+CCWA=1,1,1', 10_000));
    }
  }

  async #watchLine(): Promise<void> {
    if (this.#calls.some || this.#doubt) this.#look();
    if (this.#doubt) {
      this.#doubt = false;
      void this.#inbox.collect();
    }
    if (this.#audio.stalledMs < STALL_MS) return;
    this.#restarts += 1;
    if (this.#restarts > 1) {
      this.#lose(this.#error('timeout', 'the call’s audio stopped'));
      return;
    }
    await this.#channel.send({ ...order('AT+CPCMREG=0'), urgent: true });
    await this.#channel.send({ ...order('AT+CPCMREG=1'), urgent: true });
    this.#audio.realign();
  }

  #watch(everyMs: number, work: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void work(), everyMs).unref());
  }

  #stop(): void {
    this.#gone = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#audio.stop();
    this.#channel.close();
    for (const resolve of this.#ending.values()) resolve();
  }

  #lose(error: DeviceError): void {
    if (this.#gone) return;
    this.#stop();
    void this.#at?.close();
    void this.#pcm?.close();
    if (this.#opened) this.#events.lost(error);
  }

  #error(code: DeviceError['code'], message: string): DeviceError {
    return new DeviceError(code, this.#organ, message, {
      mend: 'switch the modem off and on, and check its cable',
    });
  }
}

/**
 * Opens both ports and has the modem ready, else rejects: `absent`, `denied`, `busy`, `timeout`,
 * `unready` (no SIM, PIN wanted), `protocol`. A modem without a network is open all the same.
 */
export async function openSim7600(
  name: string,
  settings: Sim7600Settings,
  events: ModemEvents,
): Promise<Modem> {
  const modem = new Sim7600(name, events);
  await modem.open(settings);
  return modem;
}
