/** What happens when a payer presses Pay, with and without JavaScript. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import { offerOrder } from '#device/codecs/offer.ts';
import { isVoucherNumber } from '#device/codecs/voucher.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { voucherCodeSchema } from '#device/messages/voucher.ts';
import type { Core } from '../core.ts';
import { keyedDigest } from '../keys.ts';
import { readBearer, writeBearer } from '../matching/bearer.ts';
import type { Paid } from '../orders/payment-answers.ts';
import { viewOrder } from '../orders/view.ts';
import { readPhone } from '../phone.ts';
import { typedFigures } from '../typed.ts';
import { callingCode, isWrongCode, requireOrder } from './api.ts';
import { type CashierForm, cashierPage } from './cashier-page.ts';
import { sendPage } from './layout.ts';
import { type MessageKey, say } from './messages.ts';
import { Problem, problemSentence } from './problems.ts';
import { clientOf, decodeBody, languageOf, pinSchema } from './requests.ts';
import { resultPage } from './result-page.ts';

type Known = Pick<CashierForm, 'language' | 'order' | 'token' | 'ticket' | 'phone'> &
  Partial<Pick<CashierForm, 'bearer' | 'complaint' | 'by' | 'voucher'>>;

/** A form with a name of its own for the attempt that it will be. */
export const newForm = (core: Core, known: Known): CashierForm => ({
  bearer: null,
  complaint: null,
  by: 'account',
  voucher: '',
  ...known,
  key: base64url(core.chance.bytes(12)),
  leftMs: Math.max(0, known.order.expires_at - core.clock.now()),
});

const numberField = z
  .string()
  .optional()
  .transform((text) => {
    const value = text === undefined || text === '' ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : null;
  });

export const fieldsSchema = z.object({
  ticket: z.string().max(400),
  bearer: z.string().max(400).optional(),
  key: z.string().regex(/^[\w-]{8,40}$/),
  phone: z.string().max(30).default(''),
  pin: z.string().max(40).default(''),
  by: z.enum(['account', 'voucher']).default('account'),
  voucher: z.string().max(20).default(''),
  code: z.string().max(10).default(''),
  digits: z.string().max(10).default(''),
  latitude: numberField,
  longitude: numberField,
  accuracy_m: numberField,
});
type Fields = z.output<typeof fieldsSchema>;

interface Attempt {
  readonly core: Core;
  readonly reply: FastifyReply;
  readonly language: Language;
  readonly number: string;
  readonly token: string;
  readonly fields: Fields;
  /** Digest of the caller's address. */
  readonly client: string;
}

/** Pays and redirects to the result, or shows the form again with what is wrong. */
export async function takeForm(
  core: Core,
  request: FastifyRequest<{ Params: { token: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { token } = request.params;
  const language = languageOf(request);
  const fields = decodeBody(fieldsSchema, request.body);
  const number = offerOrder(token);
  if (number === null) throw new Problem('not_ours');
  const client = clientOf(core, request);
  const attempt: Attempt = { core, reply, language, number, token, fields, client };
  if (fields.by === 'voucher') {
    const [voucher, code] = [typedFigures(fields.voucher), typedFigures(fields.code)];
    if (!isVoucherNumber(voucher) || !voucherCodeSchema.safeParse(code).success) {
      return showAgain(attempt, 'voucher', say(language, 'voucher_form_wrong'));
    }
    return pay(attempt, { voucher, code });
  }
  const phone = readPhone(fields.phone, callingCode(core));
  if (phone === null) return showAgain(attempt, 'phone', say(language, 'phone_wrong'));
  if (!pinSchema.safeParse(fields.pin).success) {
    return showAgain(attempt, 'pin', say(language, 'pin_form_wrong'));
  }
  return pay(attempt, { phone, pin: fields.pin });
}

type Payer =
  | { readonly phone: string; readonly pin: string }
  | { readonly voucher: string; readonly code: string };

async function pay(attempt: Attempt, payer: Payer): Promise<FastifyReply> {
  const { core, number, fields, language, client } = attempt;
  const typed =
    'phone' in payer ? `${payer.phone}\n${payer.pin}` : `${payer.voucher}\n${payer.code}`;
  // The fields are part of the key: pressing twice pays once, a corrected PIN is a new attempt.
  const key = `${fields.key}.${keyedDigest(core.keys, typed).slice(0, 16)}`;
  const instruction = { order: number, key, ...payer };
  const known = core.payments.recall(instruction);
  if (known !== null) return showOutcome(attempt, known, fields.bearer ?? null);
  if ('voucher' in payer && core.guesses.isOver(client)) throw new Problem('slow_down');
  const present = await provePresence(attempt);
  if (present.ok) {
    const paid = await core.payments.pay(instruction);
    if (paid.ok && isWrongCode(paid.answer)) core.guesses.count(client);
    return showOutcome(attempt, paid, present.bearer);
  }
  const { problem } = present;
  if (problem.code === 'closed') return showEnded(attempt);
  if (!MENDABLE.includes(problem.code)) throw problem;
  return showAgain(attempt, 'digits', problemSentence(problem, language));
}

const MENDABLE: readonly string[] = ['wrong_digits', 'presence_missing', 'elsewhere'];

type Present =
  | { readonly ok: true; readonly bearer: string }
  | { readonly ok: false; readonly problem: Problem };

async function provePresence({ core, number, fields, client }: Attempt): Promise<Present> {
  const now = core.clock.now();
  const proved = readBearer(core.keys, fields.bearer ?? '', now);
  if (proved.ok && proved.claims.scope === 'pay' && proved.claims.order === number) {
    return { ok: true, bearer: fields.bearer ?? '' };
  }
  const ticket = readBearer(core.keys, fields.ticket, now);
  if (!ticket.ok || ticket.claims.order !== number) {
    return { ok: false, problem: new Problem('too_old') };
  }
  const { latitude, longitude, accuracy_m } = fields;
  const known = latitude !== null && longitude !== null && accuracy_m !== null;
  const matched = await core.matching.matchScan(
    fields.ticket,
    {
      position: known ? { latitude, longitude, accuracy_m } : undefined,
      digits: /^\d\d$/.test(fields.digits) ? fields.digits : undefined,
    },
    client,
  );
  if (matched.ok) return { ok: true, bearer: matched.bearer };
  const { code, ...extras } = matched.refusal;
  return { ok: false, problem: new Problem(code, extras) };
}

/** Post, redirect, get: reloading the result does not pay again. */
function showOutcome(attempt: Attempt, paid: Paid, bearer: string | null): FastifyReply {
  const { core, reply, language, number, fields } = attempt;
  if (paid.ok && paid.answer.kind === 'not_admitted') {
    const message: MessageKey = `p_${paid.answer.code}`;
    return showAgain(attempt, 'pin', say(language, message), bearer);
  }
  if (paid.ok && paid.answer.kind === 'voucher_refused') {
    return showAgain(attempt, 'voucher', say(language, `v_${paid.answer.reason}`), bearer);
  }
  if (paid.ok && paid.answer.kind === 'not_made') {
    return showAgain(
      attempt,
      fields.by === 'voucher' ? 'voucher' : 'pin',
      say(language, `p_${paid.answer.code ?? 'payment_not_made'}`),
      bearer,
    );
  }
  if (paid.ok && paid.answer.kind === 'closed') return showEnded(attempt);
  const bill = writeBearer(core.keys, number, 'bill', core.clock.now());
  return reply.redirect(`/r/${bill.bearer}?lang=${language}`, 303);
}

/** Somebody else, or the clock, was first. */
function showEnded({ core, reply, language, number }: Attempt): FastifyReply {
  const order = viewOrder(requireOrder(core, number));
  const page = resultPage({ language, order, path: '', own: false, events: '' });
  return sendPage(reply, 409, { ...page, otherLanguage: null });
}

function showAgain(
  { core, reply, language, number, token, fields }: Attempt,
  field: 'digits' | 'phone' | 'pin' | 'voucher',
  says: string,
  bearer: string | null = fields.bearer ?? null,
): FastifyReply {
  const order = viewOrder(requireOrder(core, number));
  const { ticket, phone, by, voucher } = fields;
  const complaint = { field, says };
  const known = { language, order, token, ticket, phone, by, voucher, bearer, complaint };
  return sendPage(reply, 422, cashierPage(newForm(core, known)));
}
