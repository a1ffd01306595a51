/** What the stall reads before it opens: how the simulated board is wired, and who is at the stall. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
  vendors: z.array(z.looseObject({ id: z.string(), name: z.string() })),
  contracts: z.array(z.looseObject({ phone: z.string(), password: z.string() })).default([]),
  payers: z.array(
    z.looseObject({
      phone: z.string(),
      pin: z.string(),
      balances: z.array(z.object({ currency: z.string(), amount_minor: z.int() })),
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
