/**
 * The organs of one board profile, supervised: what the loop says goes to each organ that works, and
 * an organ that comes back is told at once what it missed.
 */
import type { CardEvent } from '#device/flows/card-state.ts';
import type { OrganState } from '#device/flows/state.ts';
import type { Advertiser, Broadcast } from '#device/ports/advertiser.ts';
import type { Clock } from '#device/ports/clock.ts';
import type { Device, DeviceError, Role } from '#device/ports/device.ts';
import type { Display, Screen } from '#device/ports/display.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { BeepPattern, Buzzer, Lamp, LampSignal } from '#device/ports/lamp.ts';
import type { Microphone } from '#device/ports/microphone.ts';
import type { Modem } from '#device/ports/modem.ts';
import type { PrintedReceipt, Printer } from '#device/ports/printer.ts';
import type { CardPresence, Reader, TransmitResult } from '#device/ports/reader.ts';
import type { Heard, Recogniser, Vocabulary } from '#device/ports/recogniser.ts';
import type { Scan, Scanner } from '#device/ports/scanner.ts';
import type { Speaker } from '#device/ports/speaker.ts';
import type { Outlets } from '#device/terminal.ts';
import type { Profile } from './boards.ts';
import {
  type DriverContext,
  type DriverEvents,
  openOrgan,
  ROLES,
  terminalOrgans,
} from './drivers.ts';
import { type Listening, listen } from './listening.ts';
import { PrintQueue } from './print-queue.ts';
import { asDeviceError, missingState, type Supervised, supervise } from './supervisor.ts';

export interface OrganEvents {
  key(key: Key): void;
  scan(scan: Scan): void;
  card(reader: string, event: CardEvent): void;
  organ(name: string, state: OrganState): void;
  log(what: string): void;
}

export const organsOf = (profile: Profile): { name: string; role: Role }[] =>
  terminalOrgans(profile).map(([name, organ]) => ({ name, role: ROLES[organ.driver] }));

interface ByRole {
  keypad: Device;
  display: Display;
  printer: Printer;
  speaker: Speaker;
  advertiser: Advertiser;
  lamp: Lamp;
  buzzer: Buzzer;
  reader: Reader;
  scanner: Scanner;
  /** None: see `terminalOrgans`. */
  modem: Modem;
  microphone: Microphone;
  recogniser: Recogniser;
}

export class Organs implements Outlets {
  readonly #events: OrganEvents;
  readonly #working: { [R in Role]: Map<string, ByRole[R]> } = {
    keypad: new Map(),
    display: new Map(),
    printer: new Map(),
    speaker: new Map(),
    advertiser: new Map(),
    lamp: new Map(),
    buzzer: new Map(),
    reader: new Map(),
    scanner: new Map(),
    modem: new Map(),
    microphone: new Map(),
    recogniser: new Map(),
  };
  readonly #queues = new Map<string, PrintQueue>();
  readonly #clock: Clock;
  readonly #supervised: Supervised[];
  readonly #vocabulary: Vocabulary;
  /** Optional organs that nobody has plugged in so far. */
  readonly #unmissed: Set<string>;
  /** Settles when nothing is said any more. */
  #speech: Promise<void> = Promise.resolve();
  #listening: Listening | null = null;
  #screen: Screen | null = null;
  #signal: LampSignal = 'off';
  #broadcast: Broadcast | null = null;

  constructor(
    profile: Profile,
    context: DriverContext,
    vocabulary: Vocabulary,
    clock: Clock,
    events: OrganEvents,
  ) {
    this.#vocabulary = vocabulary;
    this.#events = events;
    this.#clock = clock;
    this.#unmissed = new Set(
      terminalOrgans(profile).flatMap(([name, organ]) =>
        'optional' in organ && organ.optional === true ? [name] : [],
      ),
    );
    this.#supervised = terminalOrgans(profile).map(([name, settings]) =>
      supervise<Device>(
        name,
        (lost) => openOrgan(name, settings, context, { lost, ...this.#inputs(name) }),
        {
          working: (device) => this.#take(name, ROLES[settings.driver], device),
          missing: (error) => this.#lose(name, ROLES[settings.driver], error),
        },
        clock,
      ),
    );
  }

  show(screen: Screen): void {
    this.#screen = screen;
    for (const [name, display] of this.#working.display) this.#watch(name, display.show(screen));
  }

  lamp(signal: LampSignal): void {
    this.#signal = signal;
    for (const lamp of this.#working.lamp.values()) lamp.show(signal);
  }

  beep(pattern: BeepPattern): void {
    for (const buzzer of this.#working.buzzer.values()) buzzer.beep(pattern);
  }

  broadcast(broadcast: Broadcast | null): void {
    this.#broadcast = broadcast;
    for (const [name, advertiser] of this.#working.advertiser) {
      this.#watch(name, broadcast ? advertiser.advertise(broadcast) : advertiser.silence());
    }
  }

  print(receipt: PrintedReceipt): void {
    for (const queue of this.#queues.values()) queue.add(receipt);
  }

  /** To a reader that is not there nothing is sent. */
  transmit(
    reader: string,
    card: CardPresence,
    apdu: Uint8Array,
    timeoutMs?: number,
  ): Promise<TransmitResult> {
    const opened = this.#working.reader.get(reader);
    return (
      opened?.transmit(card, apdu, timeoutMs) ?? Promise.resolve({ ok: false, gone: 'reader' })
    );
  }

  speak(
    clips: readonly string[],
    mark: string | null,
    started: () => void,
    failed: () => void,
  ): void {
    const [first] = this.#working.speaker;
    if (first === undefined) {
      failed();
      return;
    }
    const [name, speaker] = first;
    let told = false;
    const tell = (how: () => void): void => {
      if (told) return;
      told = true;
      how();
    };
    const spoken = speaker.speak(clips, () => tell(started), mark ?? undefined);
    this.#speech = spoken.catch(() => undefined);
    spoken.then(
      () => tell(started),
      (error: unknown) => {
        this.#events.log(`${name}: ${asDeviceError(name, error).message}`);
        tell(failed);
      },
    );
  }

  listen(started: () => void, heard: (heard: Heard) => void): void {
    this.hush();
    const [microphone] = this.#working.microphone.values();
    const [recogniser] = this.#working.recogniser.values();
    if (microphone === undefined || recogniser === undefined) {
      heard({ is: 'failed' });
      return;
    }
    const { log } = this.#events;
    const parts = { microphone, recogniser, log, vocabulary: this.#vocabulary, clock: this.#clock };
    let stopped = false;
    let inner: Listening | null = null;
    this.#listening = {
      stop() {
        stopped = true;
        inner?.stop();
      },
    };
    // Its own voice would be heard as the vendor's.
    void this.#speech.then(() => {
      if (!stopped) inner = listen(parts, { started, heard });
    });
  }

  hush(): void {
    this.#listening?.stop();
    this.#listening = null;
  }

  async close(): Promise<void> {
    this.hush();
    for (const queue of this.#queues.values()) queue.close();
    await Promise.all(this.#supervised.map((each) => each.close()));
  }

  /** What a person does at the organ of that name. */
  #inputs(name: string): Pick<DriverEvents, 'key' | 'scan' | 'cards'> {
    const { key, scan, card } = this.#events;
    return {
      key,
      scan,
      cards: {
        arrived: (presence) => card(name, { is: 'arrived', card: presence }),
        left: (presence) => card(name, { is: 'left', card: presence }),
        unreadable: () => card(name, { is: 'unreadable' }),
      },
    };
  }

  #take(name: string, role: Role, device: Device): void {
    this.#unmissed.delete(name);
    // `openOrgan` answers with the device of the driver's role; the table can't say so in types.
    (this.#working[role] as Map<string, Device>).set(name, device);
    const printer = this.#working.printer.get(name);
    if (printer !== undefined) this.#queues.set(name, this.#queueFor(name, printer));
    this.#events.organ(name, { is: 'working' });
    if (role === 'display' && this.#screen !== null) this.show(this.#screen);
    if (role === 'lamp') this.lamp(this.#signal);
    if (role === 'advertiser' && this.#broadcast !== null) this.broadcast(this.#broadcast);
  }

  #lose(name: string, role: Role, error: DeviceError): void {
    if (error.code === 'absent' && this.#unmissed.has(name)) {
      this.#events.organ(name, { is: 'unplugged' });
      return;
    }
    this.#working[role].delete(name);
    this.#queues.get(name)?.close();
    this.#queues.delete(name);
    this.#events.organ(name, missingState(error));
  }

  #queueFor(name: string, printer: Printer): PrintQueue {
    return new PrintQueue(printer, this.#clock, {
      unready: (error) => this.#events.organ(name, missingState(error)),
      ready: () => this.#events.organ(name, { is: 'working' }),
      failed: (error) => this.#events.log(`${name}: ${asDeviceError(name, error).message}`),
    });
  }

  /** A driver that fails tells of its loss by itself; here the failure only must not go unseen. */
  #watch(name: string, done: Promise<void>): void {
    done.catch((error: unknown) => {
      this.#events.log(`${name}: ${asDeviceError(name, error).message}`);
    });
  }
}
