import { z } from 'zod';

/** Sixteen Crockford base-32 digits: 48 bits of milliseconds, then 32 bits of chance. */
export const orderNumberSchema = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{16}$/, 'must be 16 Crockford base-32 digits');
