/**
 * ESC/POS, the command language of receipt printers, as far as a receipt needs it. Names and bytes
 * are those of Epson's public command reference; the order in a file is the order on paper.
 */
import type { PrintedReceipt } from '../ports/printer.ts';
import { concat, utf8 } from './bytes.ts';
import { type Charset, columnsOf, encodeText, wrapText } from './charset.ts';

const ESC = 0x1b;
const FS = 0x1c;
const GS = 0x1d;
const DLE = 0x10;

/** Columns of font A → dots across the paper: 58 mm paper has 384, 80 mm paper up to 576. */
const DOTS: Record<number, number> = { 32: 384, 42: 504, 48: 576 };

export interface Paper {
  readonly columns: 32 | 42 | 48;
  readonly charset: Charset;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** ESC @: the settings of power-on; what is in the buffer stays. */
export const INITIALISE = bytes(ESC, 0x40);

/** GS r 1: paper sensor, answered only when all before it was carried out, hence a fence. */
export const FENCE = bytes(GS, 0x72, 1);

/** DLE DC4 fn 8: throws away what was received and not yet printed, also when offline. */
export const CLEAR_BUFFERS = bytes(DLE, 0x14, 8, 1, 3, 20, 1, 6, 2, 8);

/** DLE EOT n, answered at once even when offline: 1 printer, 2 why offline, 3 error, 4 paper. */
export const askStatus = (n: 1 | 2 | 3 | 4): Uint8Array => bytes(DLE, 0x04, n);

/** Whether a byte from the printer answers DLE EOT: bits 1 and 4 set, 0 and 7 clear. */
export const isStatus = (byte: number): boolean => (byte & 0x93) === 0x12;

/** Whether a byte from the printer answers GS r: bits 4 and 7 clear. */
export const isFence = (byte: number): boolean => (byte & 0x90) === 0;

export type PrinterTrouble = 'paper_out' | 'cover_open' | 'cutter_jam' | 'broken' | 'offline';

/** What keeps a printer from printing, from its answers to DLE EOT 1 to 4, or `null`. */
export function readTrouble(
  printer: number,
  offline: number,
  error: number,
  paper: number,
): PrinterTrouble | null {
  if (offline & 0x04) return 'cover_open';
  if (paper & 0x60 || offline & 0x20) return 'paper_out';
  if (error & 0x08) return 'cutter_jam';
  if (error & 0x60) return 'broken';
  return printer & 0x08 || offline & 0x40 ? 'offline' : null;
}

/** ESC t 19 (code page 858) or FS & (Chinese mode); a printer ignores the one it lacks. */
function selectCharset(charset: Charset): Uint8Array {
  return charset === 'gb18030' ? bytes(FS, 0x26) : bytes(FS, 0x2e, ESC, 0x52, 0, ESC, 0x74, 19);
}

type Align = 'left' | 'centre';
interface Style {
  readonly align: Align;
  readonly bold: boolean;
  /** Times the width and height of a character: 1 or 2. */
  readonly wide: number;
  readonly tall: number;
}

const NORMAL: Style = { align: 'left', bold: false, wide: 1, tall: 1 };

/** ESC a, ESC E, GS !, then one line of text and LF; the style is set anew for each line. */
function line(text: string, style: Style, charset: Charset): Uint8Array {
  return concat(
    bytes(ESC, 0x61, style.align === 'centre' ? 1 : 0),
    bytes(ESC, 0x45, style.bold ? 1 : 0),
    bytes(GS, 0x21, ((style.wide - 1) << 4) | (style.tall - 1)),
    encodeText(text, charset),
    bytes(0x0a),
  );
}

/** `label … value` in `width` columns: the value ends at the right edge, a long label wraps. */
export function layRow(
  label: string,
  value: string | undefined,
  width: number,
  charset: Charset,
): string[] {
  if (value === undefined) return wrapText(label, width, charset);
  const taken = columnsOf(value, charset);
  if (taken > width - 2) {
    return [...wrapText(label, width, charset), ...wrapText(value, width, charset)];
  }
  const rows = wrapText(label, Math.max(2, Math.min(width - taken - 1, width)), charset);
  const last = rows.pop() ?? '';
  const gap = ' '.repeat(width - taken - columnsOf(last, charset));
  return [...rows, last + gap + value];
}

/** Bytes that fit into versions 1 to 20 at error correction M (ISO/IEC 18004, table 7). */
const CAPACITY_M = [
  14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666,
];

/** Modules on a side of the smallest symbol for so many bytes. */
function qrModules(length: number): number {
  const version = CAPACITY_M.findIndex((capacity) => length <= capacity) + 1;
  if (version === 0) throw new RangeError(`a QR of ${length} bytes is too dense for a receipt`);
  return 17 + 4 * version;
}

/** GS ( k, functions 165, 167, 169, 180, 181: model 2, correction M, as large as fits, at most 8. */
export function printQr(text: string, columns: number): Uint8Array {
  const data = utf8(text);
  const room = DOTS[columns] ?? 384;
  const size = Math.max(2, Math.min(8, Math.floor(room / (qrModules(data.length) + 8))));
  const length = data.length + 3;
  return concat(
    bytes(ESC, 0x61, 1),
    bytes(GS, 0x28, 0x6b, 4, 0, 0x31, 0x41, 0x32, 0),
    bytes(GS, 0x28, 0x6b, 3, 0, 0x31, 0x43, size),
    bytes(GS, 0x28, 0x6b, 3, 0, 0x31, 0x45, 0x31),
    bytes(GS, 0x28, 0x6b, length & 0xff, length >> 8, 0x31, 0x50, 0x30),
    data,
    bytes(GS, 0x28, 0x6b, 3, 0, 0x31, 0x51, 0x30),
    bytes(0x0a),
  );
}

/** GS V 66: feeds the last line past the cutter, then cuts; without a cutter it only feeds. */
export const FEED_AND_CUT = concat(bytes(ESC, 0x64, 2), bytes(GS, 0x56, 66, 3));

/**
 * The parts of a receipt in the order of the paper, each whole by itself, so that status may be
 * asked between them. Throws a RangeError where the QR is longer than 666 bytes.
 */
export function writeReceipt(receipt: PrintedReceipt, paper: Paper): Uint8Array[] {
  const { columns, charset } = paper;
  const put = (text: string, style: Partial<Style> = {}): Uint8Array =>
    line(text, { ...NORMAL, ...style }, charset);
  const rule = put('-'.repeat(columns));
  const wrapped = (text: string, style: Partial<Style>, width: number = columns): Uint8Array[] =>
    wrapText(text, width, charset).map((each) => put(each, style));
  const { label, value } = receipt.total;
  const half = columns / 2;
  const isShort = columnsOf(label, charset) + columnsOf(value, charset) < half;
  const total = layRow(label, value, isShort ? half : columns, charset);
  return [
    concat(INITIALISE, selectCharset(charset)),
    ...wrapped(receipt.title, { align: 'centre', bold: true, wide: 2, tall: 2 }, half),
    rule,
    ...receipt.rows.flatMap((row) =>
      layRow(row.label, row.value, columns, charset).map((each) => put(each)),
    ),
    rule,
    ...total.map((each) => put(each, { bold: true, wide: isShort ? 2 : 1, tall: 2 })),
    rule,
    ...(receipt.qr === undefined ? [] : [printQr(receipt.qr, columns)]),
    ...receipt.footer.flatMap((text) => wrapped(text, { align: 'centre' })),
    FEED_AND_CUT,
  ];
}
