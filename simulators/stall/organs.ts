/** Opens a simulator for every organ of the simulated board, all at once. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Key } from '#device/ports/keypad.ts';
import { PcscStand } from '../card/reader.ts';
import { HmiPanel } from '../hmi/panel.ts';

import { UsbKeypad } from '../keypad/usb-keypad.ts';
import { SimulatedMicrophone } from '../microphone/microphone.ts';
import { VirtualPanel } from '../panel/panel.ts';
import { PrinterSimulator, type PrinterState } from '../printer/printer.ts';
import { PTY_TOOL } from '../pty.ts';
import type { Air } from '../radio/air.ts';
import { Controller } from '../radio/controller.ts';
import { UsbScanner } from '../scanner/usb-scanner.ts';
import { SoundCard } from '../speaker/card.ts';
import { UsbTestbed } from '../usb/testbed.ts';
import type { Fault, Watch } from '../wire.ts';
import type { Faulty, Rack } from './rack.ts';
import type { Wiring } from './wiring.ts';

export interface Organs {
  readonly keypad: UsbKeypad | null;
  readonly scanner: UsbScanner | null;
  readonly panel: VirtualPanel | null;
  readonly hmi: HmiPanel | null;
  readonly printer: PrinterSimulator | null;
  readonly speaker: SoundCard | null;
  readonly reader: PcscStand | null;
  readonly microphone: SimulatedMicrophone | null;
}

export interface OrgansOptions {
  readonly wiring: Wiring;
  /** The terminal's data directory: its wires end there. */
  readonly terminal: string;
  /** The stall's own directory. */
  readonly directory: string;
  readonly air: Air;
  readonly watch: Watch;
}

const SERIAL = ['unplug', 'replug', 'hang', 'noise', 'slow', 'clear'];
const PAPER_FAULTS: readonly PrinterState[] = ['paper_out', 'cover_open', 'cutter_jam'];
const PCSC_MEND = 'sudo apt-get install pcscd vsmartcard-vpcd';
const RADIO_ADDRESS = 'c0:00:00:00:00:01';

export async function openOrgans(rack: Rack, options: OrgansOptions): Promise<Organs> {
  const { wiring, terminal, directory, air, watch } = options;
  const { organs, microcontrollers } = wiring;
  const wire = (port: string | undefined, otherwise: string): string =>
    join(terminal, port ?? otherwise);
  const serial = PTY_TOOL.install;
  // One bus: the terminal is started inside the sysfs that both are in.
  const usb = new UsbTestbed(join(directory, 'usb'));
  const [keypad, scanner, panel, hmi, printer, speaker, reader, microphone] = await Promise.all([
    rack.add(
      'keypad',
      ['unplug', 'replug', 'hang', 'clear'],
      'sudo apt-get install umockdev socat',
      () => {
        wantPrograms('umockdev-run', 'socat');
        return UsbKeypad.open({ directory: join(directory, 'usb'), usb, watch });
      },
    ),
    rack.add(
      'scanner',
      ['unplug', 'replug', 'hang', 'half', 'garbage', 'clear'],
      'sudo apt-get install umockdev socat',
      () => {
        wantPrograms('umockdev-run', 'socat');
        return UsbScanner.open({ directory: join(directory, 'usb'), usb, watch });
      },
    ),
    rack.add('panel', SERIAL, serial, () =>
      VirtualPanel.open({
        path: wire(microcontrollers.panel?.port, 'wires/panel'),
        watch,
        ...(organs.pad === undefined ? {} : { matrix: organs.pad }),
        ...(organs.lamp === undefined ? {} : { lamp: organs.lamp }),
        ...(organs.buzzer === undefined ? {} : { buzzer: organs.buzzer }),
      }),
    ),
    rack.add('hmi', SERIAL, serial, () =>
      HmiPanel.open({ path: wire(organs.customer_panel?.port, 'wires/hmi'), watch }),
    ),
    rack
      .add('printer', [...SERIAL, ...PAPER_FAULTS], serial, async () =>
        paperFaults(
          await PrinterSimulator.open({
            path: wire(organs.printer?.port, 'wires/printer'),
            columns: organs.printer?.columns ?? 32,
            watch,
          }),
        ),
      )
      .then((opened) => opened?.printer ?? null),
    rack.add(
      'speaker',
      ['unplug', 'replug', 'hang', 'slow', 'clear'],
      'sudo apt-get install alsa-utils espeak-ng',
      () => {
        wantPrograms('aplay', 'espeak-ng');
        const clipDirectory = join(terminal, 'clips');
        return SoundCard.open({ directory: join(directory, 'sound'), clipDirectory, watch });
      },
    ),
    rack.add('reader', ['unplug', 'replug', 'hang', 'noise', 'clear'], PCSC_MEND, () =>
      PcscStand.open({ directory: join(directory, 'reader'), watch }),
    ),
    organs.microphone === undefined
      ? null
      : openMicrophone(rack, join(directory, 'microphone'), organs.microphone.device, watch),
    rack.add('radio', [...SERIAL, 'loss'], serial, () =>
      Controller.open({
        air,
        name: 'terminal',
        wire: 'radio',
        path: wire(organs.advertiser?.port, 'wires/radio'),
        address: RADIO_ADDRESS,
        watch,
      }),
    ),
  ]);
  return { keypad, scanner, panel, hmi, printer, speaker, reader, microphone };
}

/** Beside the sound card's own `default`. */
const openMicrophone = (rack: Rack, directory: string, device: string, watch: Watch) =>
  rack.add(
    'microphone',
    ['unplug', 'replug', 'hang', 'clear'],
    'sudo apt-get install alsa-utils',
    async () => {
      wantPrograms('arecord', 'mkfifo');
      return new SimulatedMicrophone({ directory, device, watch });
    },
  );

/** What the terminal is started with, so that its sound goes to the cards that there are. */
export function soundEnvironment({ speaker, microphone }: Organs): Record<string, string> {
  const files = [speaker, microphone].flatMap((card) => card?.environment.ALSA_CONFIG_PATH ?? []);
  return files.length === 0 ? {} : { ALSA_CONFIG_PATH: files.join(':') };
}

/** Throws, naming them, where programs are not installed. */
function wantPrograms(...names: readonly string[]): void {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const absent = names.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  if (absent.length > 0) throw new Error(`${absent.join(' and ')} not installed`);
}

/** What a vendor does to a printer by hand is chosen like a fault of its wire. */
function paperFaults(printer: PrinterSimulator): Faulty & { printer: PrinterSimulator } {
  return {
    printer,
    async apply(fault: Fault | { fault: PrinterState }) {
      switch (fault.fault) {
        case 'paper_out':
        case 'cover_open':
        case 'cutter_jam':
          printer.setState(fault.fault);
          break;
        case 'clear':
          printer.setState('ready');
          await printer.apply(fault);
          break;
        default:
          await printer.apply(fault as Fault);
      }
    },
    close: () => printer.close(),
  };
}

/** Keys of the matrix, as boards.json lists them. */
export const padKeys = (wiring: Wiring): readonly Key[] => wiring.organs.pad?.keys.flat() ?? [];
