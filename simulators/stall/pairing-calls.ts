/** What the phones before the stall do once they are paired with the terminal (docs/stall.md). */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { PairedPhone } from '../phone/paired.ts';
import type { Answer } from '../phone/wallet.ts';
import { readBody } from './bodies.ts';
import { notNow } from './problems.ts';
import type { Stall } from './stall.ts';

const pairBody = z.strictObject({
  phone: z.string().min(1).max(20),
  pin: z.string().max(12),
  /** Read off the terminal's screen where absent. */
  number: z.string().max(12).optional(),
});
const answerBody = z.strictObject({ answer: z.enum(['yes', 'no']) });
const holderBody = z.strictObject({ account: z.string().max(60), password: z.string().max(200) });
const lookQuery = z.object({
  step: z.enum(['pair', 'wait', 'confirm', 'asking', 'pay', 'paid', 'ended']).optional(),
});

interface Named {
  Params: { name: string };
}

export function addPairingCalls(server: FastifyInstance, stall: Stall): void {
  const paired = (name: string): PairedPhone => {
    // A name that nobody on the street has is refused here.
    stall.street.phone(name);
    return stall.paired.phone(name);
  };
  const answerOf = (name: string, answer: Answer<unknown>): object => {
    stall.paired.show(name, answer);
    const { view } = paired(name);
    const refusal = answer.ok ? {} : { refusal: { code: answer.code, detail: answer.detail } };
    return { ok: answer.ok, view, ...refusal };
  };

  server.post<Named>('/v1/phones/:name/pair', async (request) => {
    const { number, ...account } = readBody(pairBody, request.body);
    const phone = paired(request.params.name);
    return answerOf(request.params.name, await phone.pair(number ?? readNumber(stall), account));
  });
  server.get<Named>('/v1/phones/:name/paired', async (request) => {
    const phone = paired(request.params.name);
    return answerOf(request.params.name, await phone.look(readBody(lookQuery, request.query).step));
  });
  server.post<Named>('/v1/phones/:name/answer', async (request) => {
    const phone = paired(request.params.name);
    return answerOf(
      request.params.name,
      await phone.answer(readBody(answerBody, request.body).answer),
    );
  });
  server.post<Named>('/v1/phones/:name/platform', async (request) => {
    const phone = paired(request.params.name);
    const holder = readBody(holderBody, request.body);
    if (await phone.payAtPlatform(holder)) {
      stall.paired.show(request.params.name, { ok: true, value: null });
      return { ok: true, view: phone.view };
    }
    throw notNow('The platform did not send it back: say yes first, or mend account and password.');
  });
  server.post<Named>('/v1/phones/:name/leave', async (request) => {
    const phone = paired(request.params.name);
    return answerOf(request.params.name, await phone.leave());
  });
}

/** As a customer reads it. */
function readNumber(stall: Stall): string {
  const found = /(?:Terminal|终端号) (\d{3} \d{3})/.exec(stall.seen.text)?.[1];
  if (found !== undefined) return found;
  throw notNow('The screen shows no terminal number now; end the sale on it first.');
}
