/** The forms of the payer's page. */
import { z } from 'zod';

export const logInForm = z.object({ phone: z.string().max(30), pin: z.string().max(40) });
export const whoForm = z.object({
  name: z.string().trim().min(1).max(80),
  identity_number: z.string().trim().min(4).max(40),
  password: z.string().max(200),
});
export const passwordForm = z.object({ password: z.string().max(200) });
export const accountForm = z.object({
  platform: z.string().regex(/^[a-z0-9-]{1,30}$/),
  account: z.string().trim().min(1).max(100),
});
export const contractForm = z.object({ contract: z.string().max(40) });
export const passkeyForm = z.object({ passkey: z.string().max(1400) });

export const LEAST_PASSWORD = 8;
