/** Times in short messages (3GPP TS 23.040): time stamps of §9.2.3.11, validity of §9.2.3.12.1. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Two decimal digits, the lower half of the octet first; `null` where one is none. */
function digitsOf(octet: number): number | null {
  const tens = octet & 15;
  const ones = octet >> 4;
  return tens > 9 || ones > 9 ? null : tens * 10 + ones;
}

const octetOf = (value: number): number => ((value % 10) << 4) | Math.floor(value / 10);

/** Ms since 1970 of seven octets, or `null` where they are no time. */
export function readTimestamp(bytes: Uint8Array): number | null {
  if (bytes.length !== 7) return null;
  const [year, month, day, hour, minute, second] = [...bytes.subarray(0, 6)].map(digitsOf);
  const zone = bytes[6] ?? 0;
  const quarters = digitsOf(zone & 0xf7);
  if (year == null || month == null || day == null || hour == null) return null;
  if (minute == null || second == null || quarters === null) return null;
  if (month < 1 || month > 12 || day < 1 || day > 31) return null;
  if (hour > 23 || minute > 59 || second > 60 || quarters > 56) return null;
  const full = year < 70 ? 2000 + year : 1900 + year;
  const sign = (zone & 0x08) === 0 ? 1 : -1;
  const utc = Date.UTC(full, month - 1, day, hour, minute, second);
  return utc - sign * quarters * 15 * MINUTE_MS;
}

/** Seven octets in the time zone of `offsetMinutes` east of Greenwich; whole seconds. */
export function writeTimestamp(atMs: number, offsetMinutes = 0): Uint8Array {
  const local = new Date(atMs + offsetMinutes * MINUTE_MS);
  const quarters = Math.round(Math.abs(offsetMinutes) / 15);
  return Uint8Array.of(
    octetOf(local.getUTCFullYear() % 100),
    octetOf(local.getUTCMonth() + 1),
    octetOf(local.getUTCDate()),
    octetOf(local.getUTCHours()),
    octetOf(local.getUTCMinutes()),
    octetOf(local.getUTCSeconds()),
    octetOf(quarters) | (offsetMinutes < 0 ? 0x08 : 0),
  );
}

/** How long one octet of relative validity is. */
export function readValidity(octet: number): number {
  if (octet < 144) return (octet + 1) * 5 * MINUTE_MS;
  if (octet < 168) return 12 * HOUR_MS + (octet - 143) * 30 * MINUTE_MS;
  if (octet < 197) return (octet - 166) * DAY_MS;
  return (octet - 192) * 7 * DAY_MS;
}

/** The shortest validity that is at least `ms`, 63 weeks at most. */
export function writeValidity(ms: number): number {
  for (let octet = 0; octet < 255; octet += 1) if (readValidity(octet) >= ms) return octet;
  return 255;
}
