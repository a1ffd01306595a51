/** The 7-bit default alphabet of GSM with its extension table (3GPP TS 23.038 §6.2.1), and its packing. */

const ESC = 0x1b;

/** §6.2.1: position is the code; ESC stands as a space, as a phone without the table shows it. */
const BASIC = [
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ',
  ' !"#¤%&\'()*+,-./0123456789:;<=>?',
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§',
  '¿abcdefghijklmnopqrstuvwxyzäöñüà',
].join('');

/** §6.2.1.1: what follows an ESC. */
const EXTENSION: ReadonlyMap<number, string> = new Map([
  [0x0a, '\f'],
  [0x14, '^'],
  [0x28, '{'],
  [0x29, '}'],
  [0x2f, '\\'],
  [0x3c, '['],
  [0x3d, '~'],
  [0x3e, ']'],
  [0x40, '|'],
  [0x65, '€'],
]);

const CODES: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...[...BASIC].flatMap((character, code): [string, readonly number[]][] =>
    code === ESC ? [] : [[character, [code]]],
  ),
  ...[...EXTENSION].map(([code, character]): [string, readonly number[]] => [
    character,
    [ESC, code],
  ]),
]);

/** The septets of each character, or `null` where one is not in the alphabet. */
export function toSeptets(text: string): (readonly number[])[] | null {
  const septets: (readonly number[])[] = [];
  for (const character of text) {
    const codes = CODES.get(character);
    if (codes === undefined) return null;
    septets.push(codes);
  }
  return septets;
}

/** Any septets are some text: an unknown extension is the basic character (§6.2.1.1, note 1). */
export function fromSeptets(septets: readonly number[]): string {
  let text = '';
  for (let at = 0; at < septets.length; at += 1) {
    const code = septets[at] ?? 0;
    if (code !== ESC) {
      text += BASIC[code & 0x7f] ?? '';
      continue;
    }
    at += 1;
    const next = septets[at];
    if (next !== undefined) text += EXTENSION.get(next) ?? BASIC[next & 0x7f] ?? '';
  }
  return text;
}

/** Packs septets into octets behind `fill` bits of zero (23.038 §6.1.2.1). */
export function packSeptets(septets: readonly number[], fill = 0): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((septets.length * 7 + fill) / 8));
  for (const [at, septet] of septets.entries()) {
    const bit = fill + at * 7;
    const byte = bit >> 3;
    const shifted = (septet & 0x7f) << (bit & 7);
    bytes[byte] = (bytes[byte] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff) bytes[byte + 1] = shifted >> 8;
  }
  return bytes;
}

/** `count` septets behind `fill` bits; the octets must hold them. */
export function unpackSeptets(bytes: Uint8Array, count: number, fill = 0): number[] {
  return Array.from({ length: count }, (_, at) => {
    const bit = fill + at * 7;
    const two = (bytes[bit >> 3] ?? 0) | ((bytes[(bit >> 3) + 1] ?? 0) << 8);
    return (two >> (bit & 7)) & 0x7f;
  });
}
