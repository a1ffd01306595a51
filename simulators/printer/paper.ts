/** Draws a printed paper: a pixel is a dot, 203 to the inch, font A is 12×24 dots. */
import QRCode from 'qrcode';
import { escapeXml, MONO } from '#simulators/picture.ts';
import type { Paper, PaperLine } from './head.ts';

const DOT_WIDTH = 12;
const LINE_HEIGHT = 30;
const MARGIN = 24;

const columnsOf = (character: string, line: PaperLine): number =>
  line.chinese && character > '~' ? 2 : 1;

/** Each character in its own cell, as a head with fixed fonts prints it. */
function drawLine(line: PaperLine, top: number, dots: number): string {
  const cell = DOT_WIDTH * line.wide;
  const width = [...line.text].reduce((sum, each) => sum + columnsOf(each, line) * cell, 0);
  const free = dots - width;
  let x = MARGIN + (line.align === 'centre' ? free / 2 : line.align === 'right' ? free : 0);
  const baseline = top + 23 * line.tall;
  let cells = '';
  for (const character of line.text) {
    const scale = `scale(${line.wide} ${line.tall})`;
    if (character !== ' ') {
      cells += `<text transform="translate(${x} ${baseline}) ${scale}">${escapeXml(character)}</text>`;
    }
    x += columnsOf(character, line) * cell;
  }
  return `<g font-weight="${line.bold ? 700 : 400}">${cells}</g>`;
}

function drawSymbol(
  qr: { text: string; module: number; level: string },
  top: number,
  dots: number,
): { svg: string; height: number } {
  const level = qr.level as QRCode.QRCodeErrorCorrectionLevel;
  const { size, data } = QRCode.create(qr.text, { errorCorrectionLevel: level }).modules;
  const side = size * qr.module;
  const left = MARGIN + Math.max(0, Math.floor((dots - side) / 2));
  const quiet = 4 * qr.module;
  let path = '';
  for (let at = 0; at < data.length; at += 1) {
    if (!data[at]) continue;
    const x = left + (at % size) * qr.module;
    const y = top + quiet + Math.floor(at / size) * qr.module;
    path += `M${x} ${y}h${qr.module}v${qr.module}h${-qr.module}z`;
  }
  return { svg: `<path d="${path}" shape-rendering="crispEdges"/>`, height: side + 2 * quiet };
}

export function drawPaper(paper: Paper, columns: number): string {
  const dots = columns * DOT_WIDTH;
  let y = MARGIN;
  let body = '';
  for (const part of paper.parts) {
    switch (part.part) {
      case 'line':
        body += drawLine(part, y, dots);
        y += LINE_HEIGHT * part.tall;
        break;
      case 'qr': {
        const symbol = drawSymbol(part, y, dots);
        body += symbol.svg;
        y += symbol.height;
        break;
      }
      case 'feed':
        y += LINE_HEIGHT * part.lines;
        break;
    }
  }
  const [width, height] = [dots + 2 * MARGIN, y + MARGIN];
  const edge = paper.cut
    ? `<path d="M0 ${height - 2}h${width}" stroke="#777" stroke-width="3" stroke-dasharray="9 5"/>`
    : '';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `font-family="${MONO}" font-size="20" fill="#1a1a1a">` +
    `<rect width="${width}" height="${height}" fill="#fdfcf8"/>${body}${edge}</svg>`
  );
}
