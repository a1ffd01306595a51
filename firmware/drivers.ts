/**
 * Which code drives what boards.json names. A driver's library is loaded when a profile wants it: a
 * terminal without a printer does not carry the printer's code in its memory.
 */
import { join, resolve } from 'node:path';
import { powerAtOneMetre as powerOfRange } from '#device/codecs/radio-range.ts';
import type { Language } from '#device/messages/enrolment.ts';
import type { Device, DeviceEvents, Role } from '#device/ports/device.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { Modem, ModemEvents } from '#device/ports/modem.ts';
import type { CardEvents, ReaderEvents } from '#device/ports/reader.ts';
import type { Scan } from '#device/ports/scanner.ts';
import { VOCABULARY } from '#device/words/clips.ts';
import type { Driver, OrganSettings, Profile, SettingsOf } from './boards.ts';
import type { FirmataBoard } from './firmata/board.ts';
import { portPath } from './serial.ts';

/** The port of device/ports that each driver implements. */
export const ROLES: Readonly<Record<Driver, Role>> = {
  'usb-hid-keypad': 'keypad',
  'firmata-matrix': 'keypad',
  'evdev-scanner': 'scanner',
  'firmata-lamp': 'lamp',
  'firmata-buzzer': 'buzzer',
  'hci-native': 'advertiser',
  'hci-uart': 'advertiser',
  kiosk: 'display',
  nextion: 'display',
  'firmata-ssd1306': 'display',
  escpos: 'printer',
  'alsa-speaker': 'speaker',
  'alsa-microphone': 'microphone',
  pocketsphinx: 'recogniser',
  sherpa: 'recogniser',
  'pcsc-reader': 'reader',
  'pn532-uart': 'reader',
  sim7600: 'modem',
};

/**
 * Organs of the stall's terminal. A modem belongs to the telephone's own process (docs/telephone.md),
 * which runs on the same profile.
 */
export type TerminalOrgan = Exclude<OrganSettings, { readonly driver: 'sim7600' }>;

export const terminalOrgans = (profile: Profile): [name: string, organ: TerminalOrgan][] =>
  Object.entries(profile.organs).flatMap(([name, organ]): [string, TerminalOrgan][] =>
    organ.driver === 'sim7600' ? [] : [[name, organ]],
  );

export const modemsOf = (profile: Profile): [name: string, modem: SettingsOf<'sim7600'>][] =>
  Object.entries(profile.organs).flatMap(([name, organ]): [string, SettingsOf<'sim7600'>][] =>
    organ.driver === 'sim7600' ? [[name, organ]] : [],
  );

type UsbIds = Pick<SettingsOf<'evdev-scanner'>, 'vendor_id' | 'product_id'>;

/** What several organs of one profile share. */
export interface DriverContext {
  readonly dataDirectory: string;
  /** What the vendor speaks. */
  readonly language: Language;
  /** Keyboards that are no keypads. */
  readonly scanners: readonly UsbIds[];
  /** The microcontroller of that name, opened by its first organ. */
  microcontroller(name: string): Promise<FirmataBoard>;
}

export function driverContext(
  profile: Profile,
  dataDirectory: string,
  language: Language,
): DriverContext {
  const boards = new Map<string, Promise<FirmataBoard>>();
  const open = async (name: string): Promise<FirmataBoard> => {
    const settings = profile.microcontrollers[name];
    if (settings === undefined) throw new Error(`boards.json has no microcontroller ${name}`);
    const { openFirmataBoard } = await import('./firmata/board.ts');
    return openFirmataBoard({ ...settings, name, port: portPath(settings.port, dataDirectory) });
  };
  return {
    dataDirectory,
    language,
    scanners: Object.values(profile.organs).filter((organ) => organ.driver === 'evdev-scanner'),
    microcontroller(name) {
      const board = boards.get(name) ?? open(name);
      boards.set(name, board);
      return board;
    },
  };
}

/** dBm of the profile's broadcast at one metre; the narrowest range where it has several radios. */
export function powerAtOneMetre(profile: Profile): number {
  const ranges = Object.values(profile.organs).flatMap((organ) =>
    'range_m' in organ ? [organ.range_m] : [],
  );
  return powerOfRange(ranges.length === 0 ? 1 : Math.min(...ranges));
}

export interface DriverEvents extends DeviceEvents {
  key(key: Key): void;
  /** Absent where nobody asks for codes. */
  scan?(scan: Scan): void;
  /** Absent where nobody asks for cards. */
  readonly cards?: CardEvents;
}

const NOBODY: CardEvents = {
  arrived: () => undefined,
  left: () => undefined,
  unreadable: () => undefined,
};

/** Opens what `settings` names; rejects with a `DeviceError`. */
export async function openOrgan(
  name: string,
  settings: TerminalOrgan,
  context: DriverContext,
  events: DriverEvents,
): Promise<Device> {
  const { dataDirectory, language } = context;
  switch (settings.driver) {
    case 'usb-hid-keypad': {
      const { openUsbHidKeypad } = await import('./keypad/usb-hid.ts');
      return openUsbHidKeypad(name, { ...settings, others: context.scanners }, events);
    }
    case 'evdev-scanner': {
      const { openEvdevScanner } = await import('./scanner/evdev.ts');
      const { lost } = events;
      return openEvdevScanner(name, settings, { lost, scanned: (scan) => events.scan?.(scan) });
    }
    case 'firmata-matrix': {
      const { openFirmataMatrix } = await import('./firmata/matrix.ts');
      return openFirmataMatrix(await context.microcontroller(settings.board))(
        name,
        settings,
        events,
      );
    }
    case 'firmata-lamp': {
      const { openFirmataLamp } = await import('./firmata/lamp.ts');
      return openFirmataLamp(await context.microcontroller(settings.board))(name, settings, events);
    }
    case 'firmata-buzzer': {
      const { openFirmataBuzzer } = await import('./firmata/buzzer.ts');
      return openFirmataBuzzer(await context.microcontroller(settings.board))(
        name,
        settings,
        events,
      );
    }
    case 'firmata-ssd1306': {
      const { openFirmataSsd1306 } = await import('./firmata/ssd1306.ts');
      return openFirmataSsd1306(await context.microcontroller(settings.board))(
        name,
        settings,
        events,
      );
    }
    case 'hci-native':
    case 'hci-uart': {
      const { openHciAdvertiser } = await import('./advertiser/advertiser.ts');
      const absolute = 'port' in settings ? withPort(settings, dataDirectory) : settings;
      return openHciAdvertiser(name, absolute, events);
    }
    case 'kiosk': {
      const { openKiosk } = await import('./display/kiosk.ts');
      return openKiosk(name, { ...settings, dataDirectory }, events);
    }
    case 'nextion': {
      const { openNextion } = await import('./display/nextion.ts');
      return openNextion(name, withPort(settings, dataDirectory), events);
    }
    case 'escpos': {
      const { openEscPos } = await import('./printer/escpos.ts');
      return openEscPos(name, withPort(settings, dataDirectory), events);
    }
    case 'pcsc-reader': {
      const { openPcscReader } = await import('./reader/pcsc.ts');
      return openPcscReader(name, settings, readerEvents(events));
    }
    case 'pn532-uart': {
      const { openPn532Reader } = await import('./reader/pn532.ts');
      return openPn532Reader(name, withPort(settings, dataDirectory), readerEvents(events));
    }
    case 'alsa-microphone': {
      const { openAlsaMicrophone } = await import('./microphone/alsa.ts');
      return openAlsaMicrophone(name, settings, events);
    }
    case 'pocketsphinx': {
      const { openPocketsphinx } = await import('./recogniser/pocketsphinx.ts');
      return openPocketsphinx(name, language, events);
    }
    case 'sherpa': {
      const { openSherpa } = await import('./recogniser/sherpa.ts');
      return openSherpa(name, resolve(dataDirectory, settings.model), language, events);
    }
    case 'alsa-speaker': {
      const { openAlsaSpeaker } = await import('./speaker/alsa.ts');
      const cacheDirectory = join(dataDirectory, 'clips');
      return openAlsaSpeaker(name, { ...settings, cacheDirectory, vocabulary: VOCABULARY }, events);
    }
  }
}

/** Opens a modem of {@link modemsOf}; rejects with a `DeviceError`. */
export async function openModem(
  name: string,
  settings: SettingsOf<'sim7600'>,
  dataDirectory: string,
  events: ModemEvents,
): Promise<Modem> {
  const { openSim7600 } = await import('./modem/sim7600.ts');
  const audio_port = portPath(settings.audio_port, dataDirectory);
  return openSim7600(name, { ...withPort(settings, dataDirectory), audio_port }, events);
}

function readerEvents({ lost, cards = NOBODY }: DriverEvents): ReaderEvents {
  return {
    lost,
    arrived: (card) => cards.arrived(card),
    left: (card) => cards.left(card),
    unreadable: () => cards.unreadable(),
  };
}

function withPort<S extends { readonly port: string }>(settings: S, dataDirectory: string): S {
  return { ...settings, port: portPath(settings.port, dataDirectory) };
}
