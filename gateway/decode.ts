/** Decoding at the border: every complaint names the full path of what is wrong. */
import type { z } from 'zod';

export interface Complaint {
  /** Such as `order.lines[0].quantity`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly complaints: readonly Complaint[] };

export const writePath = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');

export function decode<T>(schema: z.ZodType<T>, input: unknown): Decoded<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { ok: true, value: parsed.data };
  const complaints = parsed.error.issues.map((issue) => ({
    path: writePath(issue.path),
    message: issue.message,
  }));
  return { ok: false, complaints };
}

/** `lines[0].quantity: expected a number; currency: …` */
export const writeComplaints = (complaints: readonly Complaint[]): string =>
  complaints.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
