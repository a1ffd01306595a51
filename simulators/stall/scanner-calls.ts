/** What customers hold before the terminal's scanner (docs/stall.md). */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ScannerSetup } from '../scanner/usb-scanner.ts';
import { readBody } from './bodies.ts';
import { notNow, unknown } from './problems.ts';
import type { Stall } from './stall.ts';
import { VoucherBox, wholeUnits } from './vouchers.ts';

/** As the scanner was set up by the barcodes of its manual; what is left out stays. */
const setup = z.strictObject({
  suffix: z.enum(['enter', 'tab', 'none']).optional(),
  aim: z.boolean().optional(),
  keys: z.enum(['shift', 'caps_lock', 'german']).optional(),
  key_ms: z.number().min(0).max(100).optional(),
});
const scanBody = z.strictObject({
  /** What a code says; a scanner leaves out what is not in ASCII. */
  text: z.string().min(1, 'says nothing').max(5000),
  setup: setup.optional(),
});
const holdBody = z.strictObject({ setup: setup.optional() });
const issueBody = z.strictObject({
  amount_minor: z.int().min(1).max(1_000_000).optional(),
  /** Whether it may be redeemed in parts. */
  partial: z.boolean().default(true),
});

/** What a new voucher is over where nobody says, in whole units. */
const USUAL_UNITS = 50;

export function addScannerCalls(server: FastifyInstance, stall: Stall): void {
  const box = new VoucherBox({
    ...{ directory: stall.directory, seed: stall.seed },
    gateway: () => stall.gatewayUrl,
  });
  const { currency } = stall.seed.terminals[0];

  const hold = async (text: string, change: z.infer<typeof setup> = {}) => {
    const { scanner } = stall.organs;
    if (scanner === null) throw notNow('The scanner is missing; see "organs".');
    const said = Object.entries(change).filter(([, value]) => value !== undefined);
    scanner.setup = { ...scanner.setup, ...(Object.fromEntries(said) as Partial<ScannerSetup>) };
    await scanner.scan(text);
    return { scanned: text, setup: scanner.setup };
  };

  server.post('/v1/scanner/scan', async (request) => {
    const { text, setup: change } = readBody(scanBody, request.body);
    return hold(text, change);
  });
  server.get('/v1/vouchers', async () => box.view());
  server.post('/v1/vouchers', async (request, reply) => {
    const { amount_minor, partial } = readBody(issueBody, request.body ?? {});
    const issued = await box.issue(amount_minor ?? wholeUnits(USUAL_UNITS, currency), partial);
    return reply.code(201).send(issued);
  });
  server.post<{ Params: { number: string } }>('/v1/vouchers/:number/scan', async (request) => {
    const { number } = request.params;
    if (!/^\d{12}$/.test(number))
      throw unknown(`${number} is no voucher's number; see /v1/vouchers.`);
    const { text, state } = await box.find(number);
    if (text === null) throw notNow(`Voucher ${number} is ${state}: it has no code any more.`);
    return hold(text, readBody(holdBody, request.body ?? {}).setup);
  });
}
