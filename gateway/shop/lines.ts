/** The lines of a shop's order, as they are stored with it. */
import { z } from 'zod';
import type { ShopOrderRow } from '../store/tables-shop.ts';

const lineSchema = z.strictObject({
  code: z.string(),
  name_en: z.string(),
  name_zh: z.string(),
  quantity: z.int(),
  unit_minor: z.int(),
});

/** Throws where they are none. */
export const shopLines = (row: Pick<ShopOrderRow, 'lines'>) =>
  z.array(lineSchema).parse(JSON.parse(row.lines));
