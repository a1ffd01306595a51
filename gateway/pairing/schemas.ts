/** What phones send, as JSON and as forms. */
import { z } from 'zod';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import { pinSchema } from '../web/requests.ts';

export const logInSchema = z.strictObject({ phone: z.string().min(4).max(30), pin: pinSchema });
export const pairSchema = z.strictObject({ number: z.string().min(6).max(12) });
export const answerSchema = z.strictObject({
  order: orderNumberSchema,
  answer: z.enum(['yes', 'no']),
  /** One of `platforms`; the first where absent. */
  platform: z.string().max(30).optional(),
});
export const waitSchema = z.object({
  version: z.string().max(64).optional(),
  wait_s: z.coerce.number().min(0).max(25).default(0),
});

export const logInForm = z.object({
  phone: z.string().max(30),
  pin: z.string().max(40),
  number: z.string().max(12).default(''),
});
export const numberForm = z.object({ number: z.string().max(12) });
export const answerForm = z.object({
  order: orderNumberSchema,
  answer: z.enum(['yes', 'no']),
  platform: z.string().max(30).optional(),
  key: z.string().regex(/^[\w-]{8,40}$/),
});
