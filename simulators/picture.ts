/**
 * Pictures of simulated things: an SVG, and its pixels. Drawn in this process by resvg with the
 * system's fonts, so that a picture needs no browser; what a phone scans are these pixels.
 */
import { existsSync } from 'node:fs';
import { Resvg } from '@resvg/resvg-js';
import { decode, encode } from 'fast-png';
import jsQR from 'jsqr';
import QRCode from 'qrcode';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGBA, row by row. */
  readonly data: Uint8ClampedArray;
}

export interface Picture {
  readonly png: Uint8Array;
  readonly pixels: Pixels;
}

/** Sans and monospaced faces that hold Chinese: Debian's fonts-noto-cjk, fonts-dejavu-core. */
export const SANS = 'DejaVu Sans, Noto Sans CJK SC, sans-serif';
export const MONO = 'DejaVu Sans Mono, Noto Sans CJK SC, monospace';
const LATIN_FILES = ['DejaVuSans.ttf', 'DejaVuSansMono.ttf'].map(
  (file) => `/usr/share/fonts/truetype/dejavu/${file}`,
);
const CHINESE_FILE = '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc';
/** Pictures that a keeper keeps: more than are in sight at once. */
const KEPT = 8;

export const escapeXml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * The renderer reads its fonts anew for each picture, the Chinese one is 20 MB: only what the text
 * takes. A machine that keeps them elsewhere has all its fonts looked through.
 */
function fontsOf(svg: string) {
  const fontFiles = /[\u2e80-\uffff]/.test(svg) ? [...LATIN_FILES, CHINESE_FILE] : LATIN_FILES;
  return fontFiles.every((file) => existsSync(file))
    ? { loadSystemFonts: false, fontFiles }
    : { loadSystemFonts: true };
}

/** Draws, and keeps what was drawn last: whoever looks twice at the same sees the same picture. */
export function pictureKeeper(): (svg: string) => Picture {
  const kept = new Map<string, Picture>();
  return (svg) => {
    const picture = kept.get(svg) ?? drawSvg(svg);
    kept.delete(svg);
    kept.set(svg, picture);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return picture;
  };
}

function drawSvg(svg: string): Picture {
  const picture = new Resvg(svg, { font: fontsOf(svg) }).render();
  const { width, height } = picture;
  const data = new Uint8ClampedArray(picture.pixels);
  return { png: new Uint8Array(picture.asPng()), pixels: { width, height, data } };
}

/** Pixels of an 8-bit PNG with or without alpha, such as a browser's screenshot. */
export function readPng(png: Uint8Array): Pixels {
  const { width, height, data, channels } = decode(png);
  if (channels !== 3 && channels !== 4) throw new RangeError(`PNG with ${channels} channels`);
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      rgba[at * 4 + channel] = data[at * channels + channel] ?? 0;
    }
  }
  return { width, height, data: rgba };
}

export const writePng = ({ width, height, data }: Pixels): Uint8Array =>
  encode({ width, height, data: new Uint8Array(data), channels: 4 });

/** A QR symbol as one SVG path at `x`, `y`, `side` wide, without quiet zone; `M` as panels use. */
export function qrPath(text: string, x: number, y: number, side: number): string {
  const { size, data } = QRCode.create(text, { errorCorrectionLevel: 'M' }).modules;
  const module = side / size;
  let path = '';
  for (let at = 0; at < data.length; at += 1) {
    if (!data[at]) continue;
    const [left, top] = [x + (at % size) * module, y + Math.floor(at / size) * module];
    path += `M${left} ${top}h${module}v${module}h${-module}z`;
  }
  return `<path d="${path}" fill="#000" shape-rendering="crispEdges"/>`;
}

/** How a phone's camera sees it: smaller with distance, and out of focus. */
export interface Camera {
  /** Share of the picture's size that reaches the sensor, 0 to 1. */
  readonly scale?: number;
  /** Radius of a box blur in sensor pixels. */
  readonly blur?: number;
}

/** The text of the QR symbol in a picture, or `null` where a phone could not read one. */
export function scanPixels(pixels: Pixels, camera: Camera = {}): string | null {
  const seen = blur(shrink(pixels, camera.scale ?? 1), camera.blur ?? 0);
  return jsQR.default(seen.data, seen.width, seen.height)?.data ?? null;
}

/** Averages the area of each new pixel, as a sensor does. */
function shrink(pixels: Pixels, scale: number): Pixels {
  if (scale >= 1) return pixels;
  const width = Math.max(1, Math.round(pixels.width * scale));
  const height = Math.max(1, Math.round(pixels.height * scale));
  return average(pixels, width, height, (at, count, from) => [
    Math.floor((at * from) / count),
    Math.max(Math.floor((at * from) / count) + 1, Math.floor(((at + 1) * from) / count)),
  ]);
}

function blur(pixels: Pixels, radius: number): Pixels {
  if (radius <= 0) return pixels;
  return average(pixels, pixels.width, pixels.height, (at, _count, from) => [
    Math.max(0, at - radius),
    Math.min(from, at + radius + 1),
  ]);
}

type Span = (at: number, count: number, from: number) => [from: number, to: number];

function average(pixels: Pixels, width: number, height: number, span: Span): Pixels {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    const [top, bottom] = span(y, height, pixels.height);
    for (let x = 0; x < width; x += 1) {
      const [left, right] = span(x, width, pixels.width);
      const sums = [0, 0, 0];
      for (let row = top; row < bottom; row += 1) {
        for (let column = left; column < right; column += 1) {
          for (let channel = 0; channel < 3; channel += 1) {
            const value = pixels.data[(row * pixels.width + column) * 4 + channel] ?? 0;
            sums[channel] = (sums[channel] ?? 0) + value;
          }
        }
      }
      const count = (bottom - top) * (right - left);
      for (let channel = 0; channel < 3; channel += 1) {
        data[(y * width + x) * 4 + channel] = (sums[channel] ?? 0) / count;
      }
    }
  }
  return { width, height, data };
}
