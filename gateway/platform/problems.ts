/** Problem details (RFC 9457) of the platform; docs/pairing.md lists the codes. */
import type { Language } from '#device/messages/enrolment.ts';
import { platformSay } from './words.ts';

export const PLATFORM_PROBLEMS = {
  malformed_request: 400,
  idempotency_key_missing: 400,
  signature_missing: 401,
  signature_wrong: 401,
  code_refused: 403,
  return_url_refused: 403,
  foreign_form: 403,
  operator_only: 403,
  unknown_permission: 404,
  not_found: 404,
  request_withdrawn: 409,
  not_paid: 409,
  too_large: 413,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  too_much: 422,
  card_data_refused: 422,
  internal: 500,
  store_unavailable: 503,
} as const;
export type PlatformCode = keyof typeof PLATFORM_PROBLEMS;

/** Thrown by a handler; written as `application/problem+json` or as a page. */
export class PlatformProblem extends Error {
  readonly code: PlatformCode;
  readonly extras: Readonly<Record<string, unknown>>;

  constructor(code: PlatformCode, extras: Readonly<Record<string, unknown>> = {}) {
    super(code);
    this.code = code;
    this.extras = extras;
  }

  get status(): number {
    return PLATFORM_PROBLEMS[this.code];
  }
}

export const platformProblemBody = (problem: PlatformProblem, language: Language) => ({
  type: `urn:hawker:problem:${problem.code}`,
  title: problem.code.replaceAll('_', ' '),
  status: problem.status,
  code: problem.code,
  detail: platformSay(language, problem.code),
  ...problem.extras,
});
