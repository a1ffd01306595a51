/** Two decoders that know nothing of each other look at the same pixels. */
import assert from 'node:assert/strict';
import { scanImageData } from '@undecaf/zbar-wasm';
import { type Pixels, scanPixels } from '#simulators/picture.ts';

/** What a second phone reads: ZBar. */
export async function secondOpinion(pixels: Pixels): Promise<string | null> {
  const image = { ...pixels, colorSpace: 'srgb' as const };
  const [symbol] = await scanImageData(image as Parameters<typeof scanImageData>[0]);
  return symbol === undefined ? null : symbol.decode();
}

/** The text that both read; fails where they differ. */
export async function readQr(pixels: Pixels): Promise<string | null> {
  const first = scanPixels(pixels);
  assert.equal(await secondOpinion(pixels), first, 'jsqr and ZBar agree');
  return first;
}
