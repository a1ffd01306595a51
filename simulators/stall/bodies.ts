/** The bodies that the interface takes; a wrong one is told by its field and the mend. */
import { z } from 'zod';
import { KEYS, type Key } from '#device/ports/keypad.ts';
import { NOISES } from './caller-voice.ts';
import { wrong } from './problems.ts';

const KEY_OF: Readonly<Record<string, Key>> = { '\n': 'enter', '\b': 'back', '\u001b': 'cancel' };
const MOST_KEYS = 500;

const keysBody = z
  .strictObject({
    /** Keys by name. */
    keys: z
      .array(z.enum(KEYS as readonly [Key, ...Key[]]))
      .min(1)
      .max(MOST_KEYS)
      .optional(),
    /** Or as text: `12.50\n`. */
    text: z.string().min(1).max(MOST_KEYS).optional(),
    per_second: z.number().min(0.5).max(100).default(10),
    pad: z.enum(['keypad', 'pad']).default('keypad'),
  })
  .refine((body) => (body.keys === undefined) !== (body.text === undefined), {
    path: ['text'],
    message: 'give either keys or text',
  });

const name = z.string().regex(/^[\p{L}\p{N} _-]{1,20}$/u, 'must be 1 to 20 letters or digits');
const metres = z.number().min(0).max(100_000);
const digits = z.string().regex(/^\d{2}$/, 'must be the two digits beside the QR');
const display = z.enum(['screen', 'panel', 'paper']);

export const BODIES = {
  keys: keysBody,
  phone: z.strictObject({ name, distance_m: metres.default(1) }),
  move: z.strictObject({ distance_m: metres }),
  photograph: z.strictObject({ of: display.default('screen') }),
  scan: z.strictObject({ of: display.default('screen'), digits: digits.optional() }),
  open: z.strictObject({
    /** `text` opens any code. */
    by: z.enum(['broadcast', 'photo', 'forged', 'connection', 'text']),
    text: z.string().max(4000).optional(),
    digits: digits.optional(),
  }),
  browse: z.strictObject({
    of: display.default('screen'),
    scripts: z.boolean().default(true),
    /** Whether its owner lets the page know where the phone is. */
    locate: z.boolean().default(true),
  }),
  browserPay: z.strictObject({
    phone: z.string().min(1).max(30),
    pin: z.string().max(12),
    digits: digits.optional(),
  }),
  pay: z.strictObject({ phone: z.string().min(1).max(20), pin: z.string().max(12) }),
  fault: z.looseObject({
    fault: z.string(),
    probability: z.number().min(0).max(1).optional(),
    bits_per_second: z.number().min(50).max(10_000_000).optional(),
    packet: z.enum(['publish', 'puback']).optional(),
    direction: z.enum(['in', 'out']).optional(),
    nth: z.int().min(1).max(1000).optional(),
    /** The network's +CMS error. */
    code: z.int().min(1).max(999).optional(),
  }),
  /** Said beside the terminal's microphone. */
  utter: z.strictObject({
    text: z.string().trim().min(1, 'says nothing').max(200),
    voice: z.string().max(20).default('rms'),
    noise: z.enum(NOISES).default('quiet'),
  }),
  kill: z.strictObject({ signal: z.enum(['SIGKILL', 'SIGTERM']).default('SIGKILL') }),
};

/** The body as its schema has it; throws a problem that names the first wrong field. */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const extra = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : undefined;
  const field = extra ?? (issue?.path.join('.') || 'body');
  throw wrong(field, `${field}: ${issue?.message ?? 'is wrong'}; see docs/stall.md.`);
}

/** Text as the keys that a person would press; throws a problem at a character without a key. */
export function keysOf(text: string): Key[] {
  return Array.from(text, (character) => {
    const key = KEY_OF[character] ?? KEYS.find((each) => each === character);
    if (key !== undefined) return key;
    const there = KEYS.filter((each) => each.length === 1).join(' ');
    throw wrong('text', `No key writes ${JSON.stringify(character)}; there are ${there} and \\n.`);
  });
}

/** Faults that need a number: the rest of the body must have it. */
export function checkFault(body: z.infer<typeof BODIES.fault>): void {
  const needs: Record<string, readonly (keyof typeof body)[]> = {
    noise: ['probability'],
    loss: ['probability'],
    slow: ['bits_per_second'],
    sms_refused: ['code'],
    drop: ['packet', 'direction', 'nth'],
  };
  for (const field of needs[body.fault] ?? []) {
    if (body[field] === undefined) {
      throw wrong(String(field), `The fault ${body.fault} needs ${String(field)}.`);
    }
  }
}
