/**
 * Advertising data: a row of AD structures, each a length, a type and data (Bluetooth Core 5.4,
 * Vol 3 Part C §11; types: Assigned Numbers §2.3). Legacy advertising carries 31 bytes.
 */
import { concat, fromHex, hex, utf8 } from './bytes.ts';

/** What a browser asks for with Web Bluetooth: the service, and in it the order characteristic. */
export const ORDER_SERVICE = '6d0d8a3c-52c1-4f0e-9a57-0c8d1be94a10';
/** Read: the pay URL, UTF-8. Notify: it changed (what is notified may be cut; read it again). */
export const ORDER_CHARACTERISTIC = '6d0d8a3c-52c1-4f0e-9a57-0c8d1be94a11';

export const AD_CAPACITY = 31;
export const AD = {
  flags: 0x01,
  services128: 0x07,
  shortName: 0x08,
  name: 0x09,
  manufacturer: 0xff,
} as const;

/** General discoverable, no BR/EDR (Supplement Part A §1.3). */
const FLAGS = Uint8Array.of(0x06);
const NAME = 'Hawker';

export interface AdStructure {
  readonly type: number;
  readonly data: Uint8Array;
}

export function writeStructures(structures: readonly AdStructure[]): Uint8Array {
  const bytes = concat(
    ...structures.map(({ type, data }) => concat(Uint8Array.of(data.length + 1, type), data)),
  );
  if (bytes.length > AD_CAPACITY) {
    throw new RangeError(`${bytes.length} bytes of advertising data; ${AD_CAPACITY} fit`);
  }
  return bytes;
}

/**
 * The structures of what a stranger sent. A length of zero ends them (§11); one that runs past the
 * end is left out with all after it.
 */
export function readStructures(bytes: Uint8Array): AdStructure[] {
  const structures: AdStructure[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at] ?? 0;
    const type = bytes[at + 1];
    if (length === 0 || type === undefined || at + 1 + length > bytes.length) break;
    structures.push({ type, data: bytes.slice(at + 2, at + 1 + length) });
    at += 1 + length;
  }
  return structures;
}

/** The manufacturer-specific data, company identifier included, or `null`. */
export function readManufacturerData(bytes: Uint8Array): Uint8Array | null {
  return readStructures(bytes).find(({ type }) => type === AD.manufacturer)?.data ?? null;
}

/** A UUID in packet order, last byte first. */
export const uuidBytes = (uuid: string): Uint8Array => fromHex(uuid.replaceAll('-', '')).reverse();

export function readUuid(bytes: Uint8Array): string {
  const digits = hex(bytes.slice().reverse());
  return [8, 12, 16, 20, 32].map((end, at, ends) => digits.slice(ends[at - 1] ?? 0, end)).join('-');
}

/** Advertising data of a broadcast; at most 26 bytes of manufacturer data fit. */
export function writeAdvertisement(manufacturerData: Uint8Array): Uint8Array {
  return writeStructures([
    { type: AD.flags, data: FLAGS },
    { type: AD.manufacturer, data: manufacturerData },
  ]);
}

/** What a scanner gets on asking: the service, so that a browser finds it, and the name. */
export function writeScanResponse(): Uint8Array {
  return writeStructures([
    { type: AD.services128, data: uuidBytes(ORDER_SERVICE) },
    { type: AD.name, data: utf8(NAME) },
  ]);
}

export const ADVERTISED_NAME = NAME;
