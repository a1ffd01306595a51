/** What the phone box before the stall does (docs/stall.md). */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { CALL_RATE } from '#device/ports/modem.ts';
import { readBody } from './bodies.ts';
import { NOISES } from './caller-voice.ts';
import { readSound, SOUND_BYTES } from './sound-body.ts';
import type { Stall } from './stall.ts';

const number = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'must be + and 7 to 15 digits, such as +8613800000001');
const noise = z.enum(NOISES).default('quiet');
const callBody = z.strictObject({ from: number.optional(), withheld: z.boolean().default(false) });
const keysBody = z.strictObject({
  keys: z.string().regex(/^[0-9*#]{1,40}$/, 'must be 1 to 40 of 0 to 9, * and #'),
});
const sayBody = z.strictObject({
  text: z.string().trim().min(1, 'says nothing').max(300),
  voice: z.string().max(20).default('rms'),
  noise,
});

export function addTelephoneCalls(server: FastifyInstance, stall: Stall): void {
  const { telephone } = stall;
  server.get('/v1/telephone', async () => telephone.view());
  server.post('/v1/telephone/call', async (request) => {
    const { from, withheld } = readBody(callBody, request.body);
    await telephone.dial(from ?? stall.seed.payers[0]?.phone ?? '+8613800000001', withheld);
    return telephone.view();
  });
  server.post('/v1/telephone/hang-up', async () => {
    telephone.hangUp();
    return telephone.view();
  });
  server.post('/v1/telephone/keys', async (request) => {
    const { keys } = readBody(keysBody, request.body);
    telephone.press(Array.from(keys) as Parameters<typeof telephone.press>[0]);
    return telephone.view();
  });
  server.post('/v1/telephone/say', async (request) => {
    const { text, voice, noise: place } = readBody(sayBody, request.body);
    await telephone.say(text, voice, place);
    return telephone.view();
  });
  server.post('/v1/telephone/voice', { bodyLimit: SOUND_BYTES }, async (request) => {
    await telephone.speak(readSound(request, CALL_RATE), '…');
    return telephone.view();
  });
  server.get('/v1/telephone/sound', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    raw.socket?.setNoDelay(true);
    raw.flushHeaders();
    const stop = telephone.listen((samples) => {
      // Who does not keep up hears what is said now, not what was.
      if (raw.writableLength > MOST_WAITING) return;
      raw.write(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
    });
    request.raw.on('close', stop);
    raw.on('close', stop);
  });
}

/** One second of sound. */
const MOST_WAITING = 16_000;
