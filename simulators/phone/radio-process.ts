/**
 * A phone's radio: `@abandonware/noble` as it is published, in a process of its own because it takes
 * its serial port from the environment (BLUETOOTH_HCI_SOCKET_UART_PORT) and has one radio a process.
 */
import noble, { type Peripheral } from '@abandonware/noble';
import { ORDER_CHARACTERISTIC, ORDER_SERVICE } from '#device/codecs/advertisement.ts';
import type { FromRadio, ToRadio } from './radio-words.ts';

const READ_TIMEOUT_MS = 8000;
const peripherals = new Map<string, Peripheral>();
const undashed = (uuid: string): string => uuid.replaceAll('-', '');

function tell(word: FromRadio): void {
  if (process.connected) process.send?.(word);
}

noble.on('discover', (peripheral: Peripheral) => {
  peripherals.set(peripheral.address, peripheral);
  const data = peripheral.advertisement.manufacturerData;
  if (data === undefined) return;
  // noble changes the advertisement in place: what is told must be a copy.
  const packet = {
    address: peripheral.address,
    data: data.toString('hex'),
    rssi_dbm: peripheral.rssi,
    at: Date.now(),
  };
  tell({ say: 'heard', packet });
});

noble.on('stateChange', (state: string) => {
  if (state === 'poweredOn') void scan().then(() => tell({ say: 'scanning' }));
});

/** With duplicates: a broadcast changes every few seconds under the same address. */
async function scan(): Promise<void> {
  await noble.startScanningAsync([], true);
}

/** Connects, reads the order characteristic and disconnects. */
async function readUrl({ id, address, changed }: ToRadio): Promise<string> {
  const peripheral = peripherals.get(address);
  if (peripheral === undefined) throw new Error(`${address} was never heard`);
  // Like most phones, this one does not scan while it connects.
  await noble.stopScanningAsync();
  try {
    const subscribed = changed ? () => tell({ say: 'subscribed', id }) : null;
    return await unlessGone(peripheral, readFrom(peripheral, subscribed));
  } finally {
    if (peripheral.state === 'connected') await peripheral.disconnectAsync();
    else if (peripheral.state === 'connecting') peripheral.cancelConnect();
    await scan();
  }
}

async function readFrom(peripheral: Peripheral, subscribed: (() => void) | null): Promise<string> {
  await peripheral.connectAsync();
  const { characteristics } = await peripheral.discoverSomeServicesAndCharacteristicsAsync(
    [undashed(ORDER_SERVICE)],
    [undashed(ORDER_CHARACTERISTIC)],
  );
  const [characteristic] = characteristics;
  if (characteristic === undefined) throw new Error('it has no order characteristic');
  if (subscribed !== null) {
    // The notification is cut to one packet: it tells that there is something to read.
    const notified = new Promise((resolve) => characteristic.once('notify', resolve));
    const changed = new Promise((resolve) => characteristic.once('data', resolve));
    await characteristic.subscribeAsync();
    await notified;
    subscribed();
    await changed;
  }
  return (await characteristic.readAsync()).toString('utf8');
}

/** noble leaves a question unanswered for ever when the other side goes away. */
function unlessGone<T>(peripheral: Peripheral, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      peripheral.removeListener('disconnect', gone);
    };
    const gone = (): void => reject(new Error('it went away'));
    const timer = setTimeout(() => {
      reject(new Error(`no answer within ${READ_TIMEOUT_MS} ms`));
    }, READ_TIMEOUT_MS);
    peripheral.once('disconnect', gone);
    work.then(resolve, reject).finally(end);
  });
}

process.on('message', (word: ToRadio) => {
  const { id } = word;
  readUrl(word).then(
    (url) => tell({ say: 'read', id, url }),
    (error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      tell({ say: 'failed', id, why });
    },
  );
});
process.on('disconnect', () => process.exit(0));
