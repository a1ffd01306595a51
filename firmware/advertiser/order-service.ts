/** What a browser finds when it connects: one characteristic with the pay URL. */
import type { Characteristic, ConnectionHandle, PrimaryService } from '@stoprocent/bleno';
import { ORDER_CHARACTERISTIC, ORDER_SERVICE } from '#device/codecs/advertisement.ts';
import { utf8 } from '#device/codecs/bytes.ts';

/** bleno's classes; it is loaded when the first advertiser is opened. */
export interface BlenoClasses {
  readonly Characteristic: typeof Characteristic;
  readonly PrimaryService: typeof PrimaryService;
}

/** Vol 3 Part F §3.4.1.1. */
const SUCCESS = 0x00;
const INVALID_OFFSET = 0x07;

export interface OrderService {
  readonly service: PrimaryService;
  /** What is read from now on; whoever subscribed is told. An empty URL reads as nothing. */
  show(url: string): void;
  /** Forgets what a reader that went away was reading. */
  forget(connection: ConnectionHandle): void;
}

export function createOrderService(classes: BlenoClasses): OrderService {
  let value = Buffer.alloc(0);
  // A long read takes several requests: all of them must be cut from the same URL.
  const reading = new Map<ConnectionHandle, Buffer>();
  const told = new Map<ConnectionHandle, (data?: Buffer) => void>();
  const characteristic = new classes.Characteristic({
    uuid: ORDER_CHARACTERISTIC,
    properties: ['read', 'notify'],
    onReadRequest(connection, offset, callback) {
      if (offset === 0) reading.set(connection, value);
      const whole = reading.get(connection) ?? value;
      if (offset > whole.length) callback(INVALID_OFFSET);
      else callback(SUCCESS, whole.subarray(offset));
    },
    onSubscribe(connection, _size, update) {
      told.set(connection, update);
    },
    onUnsubscribe(connection) {
      told.delete(connection);
    },
  });
  return {
    service: new classes.PrimaryService({ uuid: ORDER_SERVICE, characteristics: [characteristic] }),
    show(url) {
      const next = Buffer.from(utf8(url));
      if (next.equals(value)) return;
      value = next;
      for (const tell of told.values()) tell(value);
    },
    forget(connection) {
      reading.delete(connection);
      told.delete(connection);
    },
  };
}
