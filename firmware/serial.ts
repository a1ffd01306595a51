/**
 * A serial port as every serial organ wants it: opened with a time limit, whole writes, and one
 * `lost` however it goes. The real library is `serialport`.
 */
import { isAbsolute, join } from 'node:path';
import { SerialPort } from 'serialport';
import { DeviceError, type DeviceErrorCode, type DeviceEvents } from '#device/ports/device.ts';
import { closeOnHangup } from './serial-hangup.ts';

export interface SerialSettings {
  readonly port: string;
  readonly baud: number;
  /** Hardware flow control, where the device wants it (Bluetooth's H4 does). */
  readonly flow?: 'rts_cts';
}

export interface SerialEvents extends DeviceEvents {
  data(bytes: Uint8Array): void;
}

export interface Serial {
  /** The library's own port, for libraries that want one (Firmata). */
  readonly port: SerialPort;
  /** Resolves when every byte was handed to the operating system; `DeviceError` where it was not. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Longest wait for the operating system to take bytes before the port counts as hung. */
const WRITE_TIMEOUT_MS = 5000;

/** boards.json gives relative ports below the data directory. */
export const portPath = (port: string, dataDirectory: string): string =>
  isAbsolute(port) ? port : join(dataDirectory, port);

function codeOf(message: string): DeviceErrorCode {
  if (/permission|EACCES/i.test(message)) return 'denied';
  if (/lock|busy|EBUSY/i.test(message)) return 'busy';
  return 'absent';
}

const MENDS: Partial<Record<DeviceErrorCode, string>> = {
  absent: 'plug it in, or correct its port in boards.json',
  denied: 'add this user to the group dialout: sudo usermod -aG dialout $USER, then log in again',
  busy: 'stop the program that holds this port',
};

export function openSerial(
  organ: string,
  settings: SerialSettings,
  events: SerialEvents,
): Promise<Serial> {
  const port = new SerialPort({
    path: settings.port,
    baudRate: settings.baud,
    autoOpen: false,
    hupcl: false,
    rtscts: settings.flow === 'rts_cts',
  });
  closeOnHangup(port);
  let closing = false;
  let told = false;
  const lose = (error: DeviceError): void => {
    if (closing || told) return;
    told = true;
    if (port.isOpen) port.close(() => undefined);
    events.lost(error);
  };
  // Both listeners stay for ever: an `error` without one ends the process.
  port.on('error', (error: Error) => {
    lose(new DeviceError('lost', organ, `${settings.port}: ${error.message}`, { cause: error }));
  });
  port.on('close', () => {
    lose(
      new DeviceError('lost', organ, `${settings.port} went away`, { mend: 'plug it in again' }),
    );
  });
  port.on('data', (bytes: Buffer) => events.data(bytes));

  const write = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = new DeviceError('timeout', organ, `${settings.port} takes no bytes`);
        lose(error);
        reject(error);
      }, WRITE_TIMEOUT_MS);
      port.write(bytes);
      port.drain((error) => {
        clearTimeout(timer);
        if (!error) return resolve();
        reject(new DeviceError('lost', organ, `${settings.port}: ${error.message}`));
      });
    });

  const close = (): Promise<void> =>
    new Promise((resolve) => {
      closing = true;
      if (port.isOpen) port.close(() => resolve());
      else resolve();
    });

  return new Promise((resolve, reject) => {
    port.open((error) => {
      if (!error) return resolve({ port, write, close });
      told = true;
      const code = codeOf(error.message);
      const mend = MENDS[code];
      reject(
        new DeviceError(code, organ, `${settings.port}: ${error.message}`, {
          cause: error,
          ...(mend === undefined ? {} : { mend }),
        }),
      );
    });
  });
}
