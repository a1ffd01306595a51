/**
 * What a 128×64 display of single-colour dots shows of a screen. Title, amount, tone, QR, digits and
 * the first lines; hint, missing organs and the state of the network have no room here.
 */
import QRCode from 'qrcode';
import type { Screen, Tone } from '#device/ports/display.ts';
import { drawable, GLYPH_HEIGHT, glyphOf, widthOf } from './glyphs.ts';

export const WIDTH = 128;
export const HEIGHT = 64;
/** Rows of eight dots, as the SSD1306 stores them. */
export const PAGES = HEIGHT / 8;

/** One byte is eight dots of a column, the lowest bit on top; page after page. */
export type Picture = Uint8Array;

/** Two dots a module is the least that a phone reads from a display an inch wide. */
const QR_DOTS = 2;
const QR_WINDOW = 64;
const PANE_LEFT = QR_WINDOW + 3;

const SIGN: Record<Tone, string> = { plain: '', busy: '…', good: '✓', bad: '✗' };

export function drawScreen(screen: Screen): Picture {
  const picture = new Uint8Array(WIDTH * PAGES);
  const qr = screen.qr === undefined ? null : modulesOf(screen.qr);
  if (qr === null) drawWords(picture, screen);
  else {
    drawQr(picture, qr);
    drawPane(picture, screen);
  }
  return picture;
}

interface Modules {
  readonly size: number;
  isDark(x: number, y: number): boolean;
}

/** `null` where the symbol has more modules than the display has room for. */
function modulesOf(text: string): Modules | null {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'L' });
  const { size } = modules;
  if (size * QR_DOTS > QR_WINDOW - 2 * QR_DOTS) return null;
  return { size, isDark: (x, y) => modules.get(y, x) !== 0 };
}

/** Dark modules on a lit ground, which is also the quiet zone. */
function drawQr(picture: Picture, { size, isDark }: Modules): void {
  const margin = (QR_WINDOW - size * QR_DOTS) >> 1;
  for (let y = 0; y < QR_WINDOW; y += 1) {
    for (let x = 0; x < QR_WINDOW; x += 1) {
      const column = Math.floor((x - margin) / QR_DOTS);
      const row = Math.floor((y - margin) / QR_DOTS);
      const inside = column >= 0 && row >= 0 && column < size && row < size;
      if (!(inside && isDark(column, row))) light(picture, x, y);
    }
  }
}

/** Right of a QR: amount, digits, then title. */
function drawPane(picture: Picture, screen: Screen): void {
  const pane = { left: PANE_LEFT, right: WIDTH };
  drawBig(picture, drawable(screen.big), { ...pane, top: 0, bottom: 22 });
  const digits = screen.digits ?? '';
  if (digits !== '') drawBig(picture, digits, { ...pane, top: 24, bottom: 48 });
  const below = digits === '' ? 26 : 52;
  drawLines(picture, [screen.title, ...screen.lines], { ...pane, top: below, bottom: HEIGHT });
}

/** The whole display for words: title on top, the amount as large as it gets, lines below. */
function drawWords(picture: Picture, screen: Screen): void {
  const sign = SIGN[screen.tone];
  if (sign !== '') drawText(picture, sign, { x: WIDTH - widthOf(sign), y: 0, scale: 1 });
  const right = WIDTH - (sign === '' ? 0 : widthOf(sign) + 3);
  drawLines(picture, [screen.title], { left: 0, right, top: 0, bottom: 8 });
  const digits = screen.digits ?? '';
  const lines = digits === '' ? screen.lines : [digits, ...screen.lines];
  const shown = lines.map(drawable).filter((line) => line !== '');
  const bottom = HEIGHT - 9 * Math.min(shown.length, 2);
  drawBig(picture, drawable(screen.big), { left: 0, right: WIDTH, top: 11, bottom });
  drawLines(picture, shown, { left: 0, right: WIDTH, top: bottom + 2, bottom: HEIGHT });
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** As large as the box allows, in its middle. */
function drawBig(picture: Picture, text: string, box: Box): void {
  if (text === '') return;
  const width = box.right - box.left;
  const height = box.bottom - box.top;
  const fits = Math.min(Math.floor(width / widthOf(text)), Math.floor(height / GLYPH_HEIGHT));
  const scale = Math.max(1, fits);
  const x = box.left + Math.max(0, (width - widthOf(text) * scale) >> 1);
  drawText(picture, text, { x, y: box.top + ((height - GLYPH_HEIGHT * scale) >> 1), scale });
}

/** Small lines, cut at the box's right edge and bottom. */
function drawLines(picture: Picture, lines: readonly string[], box: Box): void {
  const shown = lines.map(drawable).filter((line) => line !== '');
  for (const [at, line] of shown.entries()) {
    const y = box.top + at * 9;
    if (y + GLYPH_HEIGHT > box.bottom) return;
    drawText(picture, cut(line, box.right - box.left), { x: box.left, y, scale: 1 });
  }
}

function cut(line: string, width: number): string {
  let text = line;
  while (widthOf(text) > width) text = text.slice(0, -1);
  return text;
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

function drawText(picture: Picture, text: string, { x, y, scale }: Place): void {
  let left = x;
  for (const character of text) {
    for (const bits of glyphOf(character) ?? []) {
      for (let dot = 0; dot < GLYPH_HEIGHT; dot += 1) {
        if ((bits & (1 << dot)) !== 0) block(picture, { x: left, y: y + dot * scale, scale });
      }
      left += scale;
    }
    left += scale;
  }
}

function block(picture: Picture, { x, y, scale }: Place): void {
  for (let dy = 0; dy < scale; dy += 1) {
    for (let dx = 0; dx < scale; dx += 1) light(picture, x + dx, y + dy);
  }
}

function light(picture: Picture, x: number, y: number): void {
  if (x < 0 || y < 0 || x >= WIDTH || y >= HEIGHT) return;
  const at = (y >> 3) * WIDTH + x;
  picture[at] = (picture[at] ?? 0) | (1 << (y & 7));
}
