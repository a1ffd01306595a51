/** The forms of a link's page. */
import { z } from 'zod';

export const platformForm = z.object({
  method: z.string().regex(/^platform:[a-z0-9-]{1,30}$/),
});
/** As people type them: with spaces. */
export const voucherForm = z.object({ voucher: z.string().max(30), code: z.string().max(12) });
export const passwordForm = z.object({ phone: z.string().max(30), password: z.string().max(200) });
