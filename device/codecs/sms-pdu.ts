/**
 * Short messages as a modem takes and gives them in PDU mode: the service centre's address and a TPDU
 * (3GPP TS 27.005 §3.1, TS 23.040 §9.2.2). What came may be anything: then it is `null`.
 */
import { concat, fromHex, hex } from './bytes.ts';
import { fromSeptets, packSeptets, toSeptets, unpackSeptets } from './gsm-alphabet.ts';
import { readUserData, type SmsPart, type UserData } from './sms-text.ts';
import { readTimestamp, readValidity, writeTimestamp, writeValidity } from './sms-time.ts';

export interface Deliver {
  readonly is: 'deliver';
  readonly from: string;
  readonly sent_at: number;
  readonly text: string | null;
  readonly part: SmsPart | null;
}

export interface Submit {
  readonly is: 'submit';
  readonly reference: number;
  readonly to: string;
  readonly text: string | null;
  readonly part: SmsPart | null;
  readonly report: boolean;
  /** How long the service centre tries; `null` where that is its own choice, or an absolute time. */
  readonly validity_ms: number | null;
}

export interface StatusReport {
  readonly is: 'report';
  readonly reference: number;
  readonly to: string;
  readonly sent_at: number;
  readonly done_at: number;
  /** TP-Status (§9.2.3.15). */
  readonly status: number;
}

export type SmsPdu = Deliver | Submit | StatusReport;

export interface WrittenPdu {
  /** As AT+CMGS takes it behind the prompt. */
  readonly hex: string;
  /** Octets without the service centre's address: the number in AT+CMGS. */
  readonly length: number;
}

const REPORT_WANTED = 0x20;
const HEADED = 0x40;
const RELATIVE_VALIDITY = 0x10;
const INTERNATIONAL = 0x91;
const UNKNOWN = 0x81;
const NAME = 0xd0;
const DIGITS = '0123456789*#abc';

/** An address of §9.2.5.1: `+` and digits, digits, or a name of at most 11 characters. */
function writeAddress(address: string): Uint8Array {
  if (/^\+?[\d*#abc]{1,20}$/.test(address)) {
    const digits = address.replace('+', '');
    const type = address.startsWith('+') ? INTERNATIONAL : UNKNOWN;
    return concat(Uint8Array.of(digits.length, type), writeDigits(digits));
  }
  const septets = toSeptets(address)?.flat();
  if (septets === undefined || septets.length > 11 || septets.length === 0) {
    throw new RangeError('an address is a number of 1 to 20 digits or a name of 1 to 11 letters');
  }
  const bytes = packSeptets(septets);
  return concat(Uint8Array.of(Math.ceil((septets.length * 7) / 4), NAME), bytes);
}

function writeDigits(digits: string): Uint8Array {
  const values = [...digits].map((digit) => DIGITS.indexOf(digit));
  return Uint8Array.from({ length: Math.ceil(values.length / 2) }, (_, at) => {
    const low = values[at * 2] ?? 15;
    return ((values[at * 2 + 1] ?? 15) << 4) | low;
  });
}

function readDigits(bytes: Uint8Array, type: number, count: number): string | null {
  let digits = '';
  for (let at = 0; at < count; at += 1) {
    const value = at % 2 === 0 ? (bytes[at >> 1] ?? 0) & 15 : (bytes[at >> 1] ?? 0) >> 4;
    if (value === 15) break;
    digits += DIGITS[value] ?? '';
  }
  return digits === '' ? null : (type & 0x70) === 0x10 ? `+${digits}` : digits;
}

/** Bytes taken one after the other; `short` when they ran out. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  short = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    if (taken.length < count) this.short = true;
    return taken;
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  rest(): Uint8Array {
    return this.take(Math.max(0, this.#bytes.length - this.#at));
  }

  address(): string | null {
    const count = this.byte();
    const type = this.byte();
    if (count > 22) this.short = true;
    const bytes = this.take(Math.ceil(count / 2));
    if ((type & 0x70) !== 0x50) return readDigits(bytes, type, count);
    return fromSeptets(unpackSeptets(bytes, Math.floor((count * 4) / 7)));
  }
}

function fromHexText(text: string): Uint8Array | null {
  return /^(?:[0-9A-Fa-f]{2})+$/.test(text) ? fromHex(text) : null;
}

/**
 * Reads what +CMGR, +CMGL, +CMT and +CDS give. `length` is the number of octets that the modem named,
 * where it did: another one means that the line was disturbed.
 */
export function readSmsPdu(text: string, length?: number): SmsPdu | null {
  const bytes = fromHexText(text);
  if (bytes === null) return null;
  const centre = (bytes[0] ?? 0) + 1;
  if (centre > 12 || bytes.length <= centre) return null;
  if (length !== undefined && bytes.length - centre !== length) return null;
  return readTpdu(bytes.subarray(centre));
}

/** A TPDU alone; which of two kinds it is follows from who may send it to a phone, or keep it there. */
export function readTpdu(bytes: Uint8Array): SmsPdu | null {
  const reader = new Reader(bytes);
  const first = reader.byte();
  switch (first & 3) {
    case 0:
      return readDeliver(reader, first);
    case 1:
      return readSubmit(reader, first);
    case 2:
      return readReport(reader);
    default:
      return null;
  }
}

function readData(reader: Reader, first: number, scheme: number) {
  const length = reader.byte();
  const data = { scheme, length, bytes: reader.rest(), headed: (first & HEADED) !== 0 };
  return reader.short ? null : readUserData(data);
}

function readDeliver(reader: Reader, first: number): Deliver | null {
  const from = reader.address();
  reader.byte();
  const scheme = reader.byte();
  const sentAt = readTimestamp(reader.take(7));
  const data = readData(reader, first, scheme);
  if (from === null || sentAt === null || data === null) return null;
  return { is: 'deliver', from, sent_at: sentAt, ...data };
}

function readSubmit(reader: Reader, first: number): Submit | null {
  const reference = reader.byte();
  const to = reader.address();
  reader.byte();
  const scheme = reader.byte();
  const format = (first >> 3) & 3;
  const validity = format === 2 ? readValidity(reader.byte()) : null;
  if (format === 1 || format === 3) reader.take(7);
  const data = readData(reader, first, scheme);
  if (to === null || data === null) return null;
  const report = (first & REPORT_WANTED) !== 0;
  return { is: 'submit', reference, to, report, validity_ms: validity, ...data };
}

function readReport(reader: Reader): StatusReport | null {
  const reference = reader.byte();
  const to = reader.address();
  const sentAt = readTimestamp(reader.take(7));
  const doneAt = readTimestamp(reader.take(7));
  const status = reader.byte();
  if (to === null || sentAt === null || doneAt === null || reader.short) return null;
  return { is: 'report', reference, to, sent_at: sentAt, done_at: doneAt, status };
}

/** What §9.2.3.15 means for whoever waits: it arrived, it may still, it never will. */
export function outcomeOf(status: number): 'delivered' | 'delayed' | 'failed' {
  if (status < 0x20) return 'delivered';
  return status < 0x40 ? 'delayed' : 'failed';
}

/** The SIM's own service centre is used. Throws a `RangeError` on an address that is none. */
export function writeSubmit(to: string, data: UserData, validityMs: number): WrittenPdu {
  const first = 0x01 | RELATIVE_VALIDITY | REPORT_WANTED | (data.headed ? HEADED : 0);
  return withCentre(
    null,
    concat(
      // The modem puts its own reference in the place of this zero.
      Uint8Array.of(first, 0x00),
      writeAddress(to),
      Uint8Array.of(0x00, data.scheme, writeValidity(validityMs), data.length),
      data.bytes,
    ),
  );
}

/** As a service centre hands it to a phone. */
export function writeDeliver(
  centre: string,
  message: { readonly from: string; readonly at: number; readonly more?: boolean },
  data: UserData,
): WrittenPdu {
  const first = (message.more === true ? 0x00 : 0x04) | (data.headed ? HEADED : 0);
  return withCentre(
    centre,
    concat(
      Uint8Array.of(first),
      writeAddress(message.from),
      Uint8Array.of(0x00, data.scheme),
      writeTimestamp(message.at),
      Uint8Array.of(data.length),
      data.bytes,
    ),
  );
}

/** Likewise, for a message that asked for it. */
export function writeReport(centre: string, report: Omit<StatusReport, 'is'>): WrittenPdu {
  return withCentre(
    centre,
    concat(
      Uint8Array.of(0x06, report.reference),
      writeAddress(report.to),
      writeTimestamp(report.sent_at),
      writeTimestamp(report.done_at),
      Uint8Array.of(report.status),
    ),
  );
}

/** Here the length of the address counts octets, its type included (27.005 §3.1 `<pdu>`). */
function withCentre(centre: string | null, tpdu: Uint8Array): WrittenPdu {
  const address = centre === null ? null : writeAddress(centre).subarray(1);
  const head = address === null ? Uint8Array.of(0) : concat(Uint8Array.of(address.length), address);
  return { hex: hex(concat(head, tpdu)).toUpperCase(), length: tpdu.length };
}
