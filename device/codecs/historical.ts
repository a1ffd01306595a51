/** Historical bytes, the few that a card says of itself when it wakes (ISO/IEC 7816-4 §12.1.1). */

/** Of an answer to reset (ISO/IEC 7816-3 §8.2); empty where it is not one. */
export function historicalOfAtr(atr: Uint8Array): Uint8Array {
  const format = atr[1] ?? 0;
  let at = 2;
  // Each TD says which interface bytes follow it, itself among them.
  for (let present = format >> 4; present !== 0; ) {
    at += bits(present & 0b0111);
    const next = (present & 0b1000) === 0 ? 0 : (atr[at] ?? 0) >> 4;
    at += (present & 0b1000) === 0 ? 0 : 1;
    present = next;
  }
  return atr.slice(at, at + (format & 15));
}

/** Of an answer to select (ISO/IEC 14443-4 §5.2), its length byte included. */
export function historicalOfAts(ats: Uint8Array): Uint8Array {
  const [length = 0, format = 0] = ats;
  return length < 2 ? new Uint8Array(0) : ats.slice(2 + bits((format >> 4) & 7), length);
}

const bits = (value: number): number => (value & 1) + ((value >> 1) & 1) + ((value >> 2) & 1);
