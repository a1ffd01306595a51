/** The head of a recording: RIFF/WAVE, 16-bit PCM, 8 kHz, the caller left and we right. */
import { CALL_RATE, FRAME_SAMPLES } from '#device/ports/modem.ts';

export const HEAD_BYTES = 44;
/** Both directions of one moment. */
export const PAIR_BYTES = 4;
export const FRAME_BYTES = PAIR_BYTES * FRAME_SAMPLES;
export const BYTES_PER_SECOND = PAIR_BYTES * CALL_RATE;

/** While a file grows nobody knows its length: players then read to its end. */
const UNKNOWN = 0xffff_ffff;

export function writeHead(dataBytes: number | null): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write('RIFF', 0);
  head.writeUInt32LE(dataBytes === null ? UNKNOWN : dataBytes + HEAD_BYTES - 8, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(2, 22);
  head.writeUInt32LE(CALL_RATE, 24);
  head.writeUInt32LE(BYTES_PER_SECOND, 28);
  head.writeUInt16LE(PAIR_BYTES, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(dataBytes ?? UNKNOWN, 40);
  return new Uint8Array(head);
}

/** Milliseconds of a recording whose file has this many bytes. */
export const durationMs = (fileBytes: number): number =>
  Math.round((1000 * Math.max(0, fileBytes - HEAD_BYTES)) / BYTES_PER_SECOND);
