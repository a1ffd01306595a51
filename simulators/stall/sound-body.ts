/** Sound that a browser recorded, as the body of a request: 16-bit samples, little-endian, one channel. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { resample } from '#device/codecs/resample.ts';
import { wrong } from './problems.ts';

/** Half a minute at 48 kHz. */
export const SOUND_BYTES = 30 * 48_000 * 2;

/** Lets the server take such bodies. */
export function takeSound(server: FastifyInstance): void {
  server.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: SOUND_BYTES },
    (_request, body, done) => done(null, body),
  );
}

/** The samples at `rate`; throws a problem that names what is wrong with them. */
export function readSound(request: FastifyRequest, rate: number): Int16Array {
  const { body } = request;
  const { rate: given } = request.query as { readonly rate?: string };
  const from = Number(given);
  if (!Number.isInteger(from) || from < 8000 || from > 96_000) {
    throw wrong('rate', 'rate: say how many samples a second, such as ?rate=48000.');
  }
  if (!Buffer.isBuffer(body) || body.length < 2 || body.length % 2 === 1) {
    throw wrong('body', 'body: send 16-bit samples as application/octet-stream.');
  }
  const samples = Int16Array.from({ length: body.length / 2 }, (_, at) => body.readInt16LE(2 * at));
  return resample(samples, from, rate);
}
