/**
 * Dot-matrix glyphs, seven dots high and as wide as they need: one byte a column, the lowest bit on
 * top. Amounts, Latin text and a few signs; what is not here can't be shown on the small display.
 */

const COLUMNS: Readonly<Record<string, string>> = {
  ' ': '000000',
  '0': '3e5149453e',
  '1': '427f40',
  '2': '4261514946',
  '3': '2141454b31',
  '4': '1814127f10',
  '5': '2745454539',
  '6': '3c4a494930',
  '7': '0171090503',
  '8': '3649494936',
  '9': '064949291e',
  '.': '6060',
  ',': '5030',
  ':': '3636',
  '-': '0808080808',
  '+': '08083e0808',
  '/': '2010080402',
  '*': '14083e0814',
  '×': '2214081422',
  '=': '1414141414',
  '%': '2313086462',
  '#': '147f147f14',
  '!': '5f',
  '?': '0201510906',
  '(': '1c2241',
  ')': '41221c',
  "'": '03',
  '"': '070007',
  '&': '3649552250',
  _: '4040404040',
  '·': '0808',
  '¥': '15167c1615',
  $: '242a7f2a12',
  '€': '143e554122',
  '£': '487e494240',
  '✓': '10204020100804',
  '✗': '4122140814224100',
  '…': '400040004000',
  A: '7e1111117e',
  B: '7f49494936',
  C: '3e41414122',
  D: '7f4141221c',
  E: '7f49494941',
  F: '7f09090901',
  G: '3e4149497a',
  H: '7f0808087f',
  I: '417f41',
  J: '2040413f01',
  K: '7f08142241',
  L: '7f40404040',
  M: '7f020c027f',
  N: '7f0408107f',
  O: '3e4141413e',
  P: '7f09090906',
  Q: '3e4151215e',
  R: '7f09192946',
  S: '4649494931',
  T: '01017f0101',
  U: '3f4040403f',
  V: '1f2040201f',
  W: '3f4038403f',
  X: '6314081463',
  Y: '0708700807',
  Z: '6151494543',
  a: '2054545478',
  b: '7f48444438',
  c: '3844444420',
  d: '384444487f',
  e: '3854545418',
  f: '087e090102',
  g: '0c5252523e',
  h: '7f08040478',
  i: '447d40',
  j: '2040443d',
  k: '7f102844',
  l: '417f40',
  m: '7c04180478',
  n: '7c08040478',
  o: '3844444438',
  p: '7c14141408',
  q: '081414187c',
  r: '7c08040408',
  s: '4854545420',
  t: '043f444020',
  u: '3c4040207c',
  v: '1c2040201c',
  w: '3c4030403c',
  x: '4428102844',
  y: '0c5050503c',
  z: '4464544c44',
};

/** Height of every glyph, in dots. */
export const GLYPH_HEIGHT = 7;

const GLYPHS: ReadonlyMap<string, Uint8Array> = new Map(
  Object.entries(COLUMNS).map(([character, columns]) => [
    character,
    new Uint8Array(Buffer.from(columns, 'hex')),
  ]),
);

/** The columns of a character, or `null` where there is no glyph for it. */
export const glyphOf = (character: string): Uint8Array | null => GLYPHS.get(character) ?? null;

/** What of `text` can be shown; empty where most of it can't, as in another script. */
export function drawable(text: string): string {
  const characters = [...text];
  const known = characters.filter((character) => GLYPHS.has(character));
  return known.length * 2 > characters.length ? known.join('') : '';
}

/** Width in dots at scale 1, with a dot between glyphs. */
export const widthOf = (text: string): number =>
  [...text].reduce((width, character) => width + (glyphOf(character)?.length ?? 0) + 1, -1);
