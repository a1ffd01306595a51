/**
 * Text as the one- and two-byte characters that receipt printers hold in ROM. On their paper a byte
 * is a column, so that the length of what is written here is also its width.
 */

export type Charset = 'gb18030' | 'cp858';

/** Code page 858 from 0x80 on: Western European letters, with the euro sign at 0xD5. */
const CP858 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀' +
  'ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0';

/** What stands in for a character that the set lacks and that no accent explains. */
const STAND_INS: Record<string, string> = {
  '¥': '￥',
  '￥': '¥',
  '£': '￡',
  '￡': '£',
  '₹': 'Rs',
  '€': 'EUR',
  '•': '·',
  '·': '.',
  '–': '-',
  '—': '-',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '…': '...',
  '×': 'x',
  '\u00a0': ' ',
};

let gbTable: Uint16Array | undefined;

/** UTF-16 unit → two bytes, 0 where there are none: the decoder every engine has, turned around. */
function twoByteTable(): Uint16Array {
  if (gbTable !== undefined) return gbTable;
  const table = new Uint16Array(0x10000);
  const decoder = new TextDecoder('gb18030');
  for (let lead = 0x81; lead <= 0xfe; lead += 1) {
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      if (trail === 0x7f) continue;
      const text = decoder.decode(Uint8Array.of(lead, trail));
      const unit = text.charCodeAt(0);
      const isPrivate = unit >= 0xe000 && unit <= 0xf8ff;
      if (text.length === 1 && unit !== 0xfffd && !isPrivate && table[unit] === 0) {
        table[unit] = (lead << 8) | trail;
      }
    }
  }
  gbTable = table;
  return table;
}

function own(character: string, charset: Charset): readonly number[] | null {
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0x20 && code <= 0x7e) return [code];
  if (code > 0xffff || code < 0x80) return null;
  if (charset === 'cp858') {
    const at = CP858.indexOf(character);
    return at < 0 ? null : [0x80 + at];
  }
  const pair = twoByteTable()[code] ?? 0;
  return pair === 0 ? null : [pair >> 8, pair & 0xff];
}

function encodeCharacter(character: string, charset: Charset): readonly number[] {
  const exact = own(character, charset);
  if (exact !== null) return exact;
  if (character < ' ' || character === '\u007f') return [];
  const plain = character.normalize('NFD').replace(/\p{Mark}+/gu, '');
  for (const other of [STAND_INS[character] ?? '', plain]) {
    const bytes = [...other].map((each) => own(each, charset));
    if (other !== '' && bytes.every((each) => each !== null)) return bytes.flat();
  }
  return [0x3f];
}

/**
 * The bytes of `text`. Control characters are left out, so that text can never be a command; what
 * the set lacks becomes the nearest letter or sign, else `?`.
 */
export function encodeText(text: string, charset: Charset): Uint8Array {
  return Uint8Array.from(
    [...text.normalize('NFC')].flatMap((each) => encodeCharacter(each, charset)),
  );
}

/** How many columns `text` takes on paper: two for a Chinese character. */
export const columnsOf = (text: string, charset: Charset): number =>
  encodeText(text, charset).length;

/**
 * Lines of at most `width` columns (at least 2). Breaks at spaces and beside Chinese characters; a
 * word longer than a line is broken anywhere. At least one line.
 */
export function wrapText(text: string, width: number, charset: Charset): string[] {
  const lines: string[] = [];
  let line = '';
  const fits = (more: string): boolean => columnsOf(line + more, charset) <= width;
  const words = text.match(/[\u2e80-\uffef]|[^\s\u2e80-\uffef]+|\s+/gu) ?? [];
  for (const word of words) {
    if (/^\s/.test(word)) {
      if (line !== '' && fits(' ')) line += ' ';
      continue;
    }
    if (!fits(word) && line !== '') {
      lines.push(line.trimEnd());
      line = '';
    }
    for (const character of word) {
      if (!fits(character)) {
        lines.push(line);
        line = '';
      }
      line += character;
    }
  }
  lines.push(line.trimEnd());
  return lines;
}
