/** Problem details (RFC 9457) with the codes that docs/http.md lists. */
import type { Language } from '#device/messages/enrolment.ts';
import { say } from './messages.ts';

export const PROBLEMS = {
  malformed_request: 400,
  idempotency_key_missing: 400,
  csr_missing: 400,
  bearer_missing: 401,
  bearer_invalid: 401,
  bearer_expired: 401,
  wrong_pin: 401,
  webhook_refused: 401,
  peer_refused: 401,
  certificate_refused: 401,
  party_refused: 401,
  account_locked: 403,
  wrong_party: 403,
  elsewhere: 403,
  wrong_digits: 403,
  too_many_tries: 403,
  presence_missing: 403,
  forged: 403,
  code_refused: 403,
  operator_only: 403,
  foreign_form: 403,
  passkey_refused: 403,
  unknown_order: 404,
  unknown_terminal: 404,
  unknown_link: 404,
  unknown_holder: 404,
  unknown_card: 404,
  unknown_job: 404,
  unknown_key_version: 404,
  unknown_agent: 404,
  unknown_day: 404,
  unknown_vendor: 404,
  unknown_payment: 404,
  unknown_voucher: 404,
  merchant_suspended: 403,
  not_found: 404,
  closed: 409,
  not_paid: 409,
  refund_refused: 409,
  card_refused: 409,
  card_ended: 409,
  key_version_spreads: 409,
  key_version_in_use: 409,
  payment_in_flight: 409,
  terminal_taken: 409,
  terminal_busy: 409,
  not_paired: 409,
  order_of_the_centre: 409,
  too_many_attempts: 409,
  request_in_flight: 409,
  sold_out: 409,
  being_paid: 409,
  link_elsewhere: 409,
  no_link: 409,
  wrong_voucher_state: 409,
  voucher_refused: 409,
  change_refused: 409,
  not_transferable: 409,
  party_taken: 409,
  too_old: 410,
  link_ended: 410,
  too_slow: 408,
  too_large: 413,
  headers_too_large: 431,
  unsupported_media_type: 415,
  not_ours: 422,
  too_early: 422,
  idempotency_key_reused: 422,
  card_data_refused: 422,
  csr_refused: 422,
  unknown_merchant: 422,
  unknown_party: 422,
  account_refused: 422,
  merchant_refused: 422,
  currency_refused: 422,
  amount_refused: 422,
  address_refused: 422,
  unknown_product: 422,
  slow_down: 429,
  internal: 500,
  payment_not_made: 502,
  issuer_unreachable: 503,
  centre_unreachable: 503,
  store_unavailable: 503,
  no_platform: 503,
  no_cards: 503,
  no_vouchers: 503,
  terminal_away: 503,
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown by a handler; the server writes it as `application/problem+json` or as a page. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly extras: Readonly<Record<string, unknown>>;

  constructor(code: ProblemCode, extras: Readonly<Record<string, unknown>> = {}) {
    super(code);
    this.code = code;
    this.extras = extras;
  }

  get status(): number {
    return PROBLEMS[this.code];
  }
}

/** The sentence for a person. */
export const problemSentence = (problem: Problem, language: Language): string =>
  say(language, `p_${problem.code}`, { distance: String(problem.extras.distance_m ?? '') });

export function problemBody(problem: Problem, language: Language): Record<string, unknown> {
  return {
    type: `urn:hawker:problem:${problem.code}`,
    title: problem.code.replaceAll('_', ' '),
    status: problem.status,
    code: problem.code,
    detail: problemSentence(problem, language),
    ...problem.extras,
  };
}

/** Seconds after which asking again makes sense, for `Retry-After`. */
export const retryAfter = (code: ProblemCode): number | null => {
  switch (code) {
    case 'unknown_order':
    case 'payment_in_flight':
    case 'request_in_flight':
    case 'store_unavailable':
    case 'issuer_unreachable':
    case 'centre_unreachable':
      return 1;
    case 'slow_down':
      return 900;
    default:
      return null;
  }
};
