/** Draws the simulated panel: its components with their colours and fonts, QR pixels included. */
import { escapeXml, qrPath, SANS } from '#simulators/picture.ts';
import type { PartState } from './panel.ts';

/** Fonts 0 to 2 of the project, by their height in pixels. */
const HEIGHTS = [26, 44, 88];
const LABELS: Record<string, string> = { enter: '↵', back: '⌫', cancel: '✕' };
/** Marks of the four tones: nothing, three dots, a tick, a cross. */
const MARKS: Record<number, string> = {
  1: '<path d="M12 32h8m8 0h8m8 0h8" stroke="#000" stroke-width="8"/>',
  2: '<circle cx="32" cy="32" r="26" fill="#006b34"/><path d="M18 33l10 10 19-22" stroke="#fff" stroke-width="7" fill="none"/>',
  3: '<path d="M21 6h22l15 15v22L43 58H21L6 43V21z" fill="#b3001b"/><path d="M22 22l20 20m0-20L22 42" stroke="#fff" stroke-width="7"/>',
};

/** 16-bit colour of the panel → `rgb(…)`. */
function rgb(colour: number | string | undefined): string {
  const value = Number(colour ?? 0);
  const wide = (part: number, bits: number): number => Math.round((part * 255) / (2 ** bits - 1));
  return `rgb(${wide(value >> 11, 5)},${wide((value >> 5) & 63, 6)},${wide(value & 31, 5)})`;
}

function drawPart({ part, values }: PartState): string {
  const { x, y, w, h } = part;
  const middle = y + h / 2;
  switch (part.kind) {
    case 'text': {
      const height = HEIGHTS[Number(values.get('font') ?? 0)] ?? 26;
      const txt = escapeXml(String(values.get('txt') ?? ''));
      return (
        `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${rgb(values.get('bco'))}"/>` +
        `<svg x="${x}" y="${y}" width="${w}" height="${h}"><text x="4" y="${h / 2 + height * 0.36}" ` +
        `font-size="${height}" fill="${rgb(values.get('pco'))}">${txt}</text></svg>`
      );
    }
    case 'qr': {
      const txt = String(values.get('txt') ?? '');
      const frame = `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="#fff"/>`;
      return txt === '' ? frame : frame + qrPath(txt, x + 20, y + 20, w - 40);
    }
    case 'picture':
      return MARKS[Number(values.get('pic') ?? 0)] ?? '';
    case 'key': {
      const label = LABELS[part.key ?? ''] ?? part.key ?? '';
      return (
        `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="8" fill="#e3e3e3"/>` +
        `<text x="${x + w / 2}" y="${middle + 12}" font-size="34" text-anchor="middle">${label}</text>`
      );
    }
    default:
      return '';
  }
}

export function drawPanel(parts: readonly PartState[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="480" font-family="${SANS}">` +
    `<rect width="800" height="480" fill="#fff"/>${parts.map(drawPart).join('')}</svg>`
  );
}
