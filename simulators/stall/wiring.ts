/** What the stall reads before it opens: how the simulated board is wired, and who is at the stall. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { KEYS, type Key } from '#device/ports/keypad.ts';

export const HOME = join(import.meta.dirname, '..', '..');
export const BOARDS = join(HOME, 'boards.json');
export const SEED = join(import.meta.dirname, 'seed.json');

const organsSchema = z.object({
  keypad: z.object({ vendor_id: z.string(), product_id: z.string() }).optional(),
  pad: z
    .object({
      rows: z.array(z.int()),
      columns: z.array(z.int()),
      keys: z.array(z.array(z.enum(KEYS as readonly [Key, ...Key[]]))),
    })
    .optional(),
  lamp: z.object({ red: z.int(), green: z.int() }).optional(),
  buzzer: z.object({ pin: z.int() }).optional(),
  microphone: z.object({ device: z.string() }).optional(),
  advertiser: z.object({ port: z.string(), range_m: z.number() }).optional(),
  customer_panel: z.object({ port: z.string() }).optional(),
  printer: z
    .object({ port: z.string(), columns: z.union([z.literal(32), z.literal(42), z.literal(48)]) })
    .optional(),
});

const boardSchema = z.object({
  microcontrollers: z.object({ panel: z.object({ port: z.string() }).optional() }),
  organs: organsSchema,
});
/** The wires of the profile `simulated`, as the simulators need them. */
export type Wiring = z.infer<typeof boardSchema>;

/** Reads a boards.json; whoever wrote it wrongly is told by the terminal, which reads all of it. */
export function readWiring(file: string): Wiring {
  const text = readFileSync(file, 'utf8');
  const shape = z.object({ profiles: z.object({ simulated: boardSchema }) });
  return shape.parse(JSON.parse(text)).profiles.simulated;
}

/** What the stall changes in a profile so that its terminal understands the vendor's language. */
const voiceSchema = z.looseObject({
  profiles: z.looseObject({
    simulated: z.looseObject({
      organs: z.looseObject({ recogniser: z.looseObject({ driver: z.string() }).optional() }),
    }),
  }),
});

/**
 * The boards.json to start programs with. The recogniser that needs no model knows English alone: in
 * Chinese it gives way to `modelZh`, or where there is none the profile goes without voice entry.
 */
export function boardsFor(
  file: string,
  directory: string,
  language: 'en' | 'zh-CN',
  modelZh: string | undefined,
): string {
  const boards = voiceSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const { organs } = boards.profiles.simulated;
  if (language === 'en' || organs.recogniser?.driver !== 'pocketsphinx') return file;
  if (modelZh !== undefined) organs.recogniser = { driver: 'sherpa', model: resolve(modelZh) };
  else {
    delete organs.recogniser;
    delete organs.microphone;
  }
  const own = join(directory, 'boards.json');
  writeFileSync(own, JSON.stringify(boards, null, 2));
  return own;
}

const seedSchema = z.looseObject({
  terminals: z.tuple(
    [
      z.looseObject({
        id: z.string(),
        vendor: z.string(),
        enrolment_code: z.string(),
        place: z.looseObject({ latitude: z.number(), longitude: z.number() }),
        currency: z.string(),
        language: z.enum(['en', 'zh-CN']),
        order_lifetime_s: z.int(),
      }),
    ],
    z.unknown(),
  ),
  parties: z.array(z.looseObject({ id: z.string() })).default([]),
  vendors: z.array(z.looseObject({ id: z.string(), name: z.string() })),
  contracts: z.array(z.looseObject({ phone: z.string(), password: z.string() })).default([]),
  payers: z.array(
    z.looseObject({
      phone: z.string(),
      pin: z.string(),
      balances: z.array(z.looseObject({ currency: z.string(), amount_minor: z.int() })),
    }),
  ),
});
export type StallSeed = z.infer<typeof seedSchema>;

export interface SeedChanges {
  readonly language?: 'en' | 'zh-CN' | undefined;
  readonly orderLifetimeS?: number | undefined;
}

/** Reads a seed, with what the person at the stall wants otherwise. */
export function readSeed(file: string, changes: SeedChanges): StallSeed {
  const seed = seedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const [terminal, ...others] = seed.terminals;
  const changed = {
    ...terminal,
    language: changes.language ?? terminal.language,
    order_lifetime_s: changes.orderLifetimeS ?? terminal.order_lifetime_s,
  };
  return { ...seed, terminals: [changed, ...others] };
}
