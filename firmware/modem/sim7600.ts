/**
 * A GSM/LTE modem of the SIM7600 kind (driver `sim7600`): commands on one serial port, the call's audio
 * on another. Whatever the modem does, there is a result, an event, or a loss.
 */
import type { Urc } from '#device/codecs/at.ts';
import { outcomeOf, readSmsPdu } from '#device/codecs/sms-pdu.ts';
import { DeviceError, type DeviceErrorCode } from '#device/ports/device.ts';
import {
  type Call,
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
import { order } from './at-command.ts';
import { CallAudio } from './call-audio.ts';
import { CallControl } from './call-control.ts';
import { Inbox, sendParts, writeParts } from './messages.ts';
import { readState, startModem } from './start.ts';

/** As in boards.json, with both ports made absolute. */
export type Sim7600Settings = Omit<SettingsOf<'sim7600'>, 'driver'>;

/** How often an idle modem is asked how it is, and a busy line who is on it. */
const WATCH_MS = 5000;
const LINE_WATCH_MS = 1000;
const INBOX_MS = 60_000;

const NOWHERE: ModemState = { registration: 'none', operator: null, signal_dbm: null };

class Sim7600 implements Modem {
  readonly #organ: string;
  readonly #events: ModemEvents;
  readonly #keys: 'modem' | 'tones';
  readonly #channel: AtChannel;
  readonly #audio: CallAudio;
  readonly #control: CallControl;
  readonly #inbox: Inbox;
  #at: Serial | null = null;
  #pcm: Serial | null = null;
  #state = NOWHERE;
  /** Something was not understood: news may be among it. */
  #doubt = false;
  #waitingOn = false;
  #reference = Math.floor(performance.now()) & 255;
  #sending: Promise<unknown> = Promise.resolve();
  #timers: NodeJS.Timeout[] = [];
  #opened = false;
  #gone = false;

  constructor(organ: string, events: ModemEvents, keys: 'modem' | 'tones') {
    this.#organ = organ;
    this.#events = events;
    this.#keys = keys;
    const lose = (code: DeviceErrorCode, message: string): void =>
      this.#lose(this.#error(code, message));
    const channel = new AtChannel(async (bytes) => this.#at?.write(bytes), {
      urc: (urc) => this.#hear(urc),
      pdu: (kind, hex, length) => this.#takePdu(kind, hex, length),
      stray: () => {
        this.#doubt = true;
      },
      silent: () => lose('timeout', 'the modem does not answer any more'),
    });
    const audio = new CallAudio(async (bytes) => this.#pcm?.write(bytes));
    this.#channel = channel;
    this.#audio = audio;
    this.#control = new CallControl({
      channel,
      audio,
      events,
      lose,
      tones: this.#keys === 'tones',
    });
    this.#inbox = new Inbox((command) => channel.send(command), {
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
      await startModem(this.#organ, this.#channel, this.#keys);
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
    this.#control.look();
    void this.#inbox.collect();
  }

  answer(call: Call): Promise<boolean> {
    return this.#control.answer(call);
  }

  hangUp(call: Call): Promise<void> {
    return this.#control.hangUp(call);
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

  press(call: Call, keys: readonly TelephoneKey[]): Promise<boolean> {
    return this.#control.press(call, keys);
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
    // Whoever is on the line must not go on talking into nothing.
    if (this.#control.some && !this.#gone) await this.#channel.send(order('AT+CHUP', 1000));
    this.#stop();
    await Promise.all([this.#at?.close(), this.#pcm?.close()]);
  }

  #isOn(call: Call): boolean {
    return this.#control.active === call;
  }

  #hear(urc: Urc): void {
    switch (urc.is) {
      case 'ring':
      case 'caller':
      case 'waiting':
      case 'call_begun':
      case 'call_over':
        this.#control.look();
        break;
      case 'key': {
        const { active } = this.#control;
        // Heard twice it would be pressed twice.
        if (active !== null && this.#keys === 'modem') this.#events.key(active, urc.key);
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
    if (this.#control.some || this.#doubt) this.#control.look();
    if (this.#doubt) {
      this.#doubt = false;
      void this.#inbox.collect();
    }
    await this.#control.watchAudio();
  }

  #watch(everyMs: number, work: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void work(), everyMs).unref());
  }

  #stop(): void {
    this.#gone = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#control.close();
    this.#channel.close();
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
  const modem = new Sim7600(name, events, settings.keys ?? 'modem');
  await modem.open(settings);
  return modem;
}
