/**
 * bleno's host stack (GAP, ATT, GATT) on a link of ours. bleno opens its own socket, polls it for
 * ever, takes over SIGINT and keeps a timer; none of that suits a terminal that loses its radio and
 * finds it again. What is replaced is in this file alone, and is checked when it is opened: the
 * version in package.json is exact.
 */
import type { Bleno } from '@stoprocent/bleno';
import { ADVERTISED_NAME } from '#device/codecs/advertisement.ts';
import { DeviceError } from '#device/ports/device.ts';
import type { HciLink } from './hci-link.ts';
import { type BlenoClasses, createOrderService, type OrderService } from './order-service.ts';
import type { NativeSocket } from './packet-pipes.ts';

/** The parts of bleno 0.12 that are reached into. */
interface Inside {
  readonly _bindings: {
    readonly _hci: {
      _socket: unknown;
      pollIsDevUp: () => void;
      setSocketFilter(): void;
      initDev(): void;
    };
    readonly _gatt: { updateName(name: string): void };
    readonly _sigIntHandler: () => void;
    readonly _exitHandler: () => void;
  };
  disconnect(connection: number | string): void;
}

export interface BlenoHost {
  readonly bleno: Bleno;
  readonly orders: OrderService;
  /** The socket that bleno made for the operating system's controllers. */
  readonly native: NativeSocket;
  /** Hands bleno the controller; resolves when it may advertise. The link must be attached. */
  start(): Promise<void>;
  /** How many are connected. */
  connections(): number;
}

/** A browser reads a URL in a second; who stays longer keeps others out. */
const CONNECTION_LIMIT_MS = 30_000;

export async function createBlenoHost(
  organ: string,
  driver: 'native' | 'uart',
  link: HciLink,
): Promise<BlenoHost> {
  const { withBindings } = await import('@stoprocent/bleno').catch((cause: unknown) => {
    throw new DeviceError('missing_tool', organ, 'bleno can not be loaded', {
      cause,
      mend: 'npm ci',
    });
  });
  const bleno = withBindings('hci', { hciDriver: driver });
  const inside = bleno as unknown as Inside;
  const hci = inside._bindings?._hci;
  if (typeof hci?.pollIsDevUp !== 'function' || typeof hci.initDev !== 'function') {
    throw new DeviceError('missing_tool', organ, 'this is not the bleno that is known here', {
      mend: 'npm ci',
    });
  }
  const native = hci._socket as NativeSocket;
  hci._socket = link;
  hci.pollIsDevUp = () => undefined;
  const orders = createOrderService(bleno as unknown as BlenoClasses);
  const connected = limitConnections(bleno, inside, orders);

  const start = async (): Promise<void> => {
    // The first listener makes bleno wire itself to the link.
    bleno.on('stateChange', () => undefined);
    process.removeListener('SIGINT', inside._bindings._sigIntHandler);
    process.removeListener('exit', inside._bindings._exitHandler);
    hci.setSocketFilter();
    hci.initDev();
    await link.settled();
    if (bleno.state !== 'poweredOn') {
      throw new DeviceError('protocol', organ, 'this controller knows no low energy');
    }
    inside._bindings._gatt.updateName(ADVERTISED_NAME);
    bleno.setServices([orders.service]);
  };
  return { bleno, orders, native, start, connections: () => connected.size };
}

function limitConnections(bleno: Bleno, inside: Inside, orders: OrderService) {
  const connected = new Map<number | string, NodeJS.Timeout>();
  bleno.on('accept', (_address, handle) => {
    const timer = setTimeout(() => inside.disconnect(handle), CONNECTION_LIMIT_MS);
    timer.unref();
    connected.set(handle, timer);
  });
  // bleno's types leave the second argument out.
  bleno.on('disconnect', (...ended: unknown[]) => {
    const handle = ended[1] as number;
    clearTimeout(connected.get(handle));
    connected.delete(handle);
    orders.forget(handle);
  });
  return connected;
}
