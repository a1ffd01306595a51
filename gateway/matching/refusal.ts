/** Why a phone is not given an order; each code is documented in docs/http.md. */
import type { OrderState } from '../store/tables.ts';

export type Refusal =
  | { readonly code: 'not_ours' | 'forged' | 'too_old' | 'too_early' | 'unknown_order' }
  | { readonly code: 'closed'; readonly state: OrderState }
  | { readonly code: 'elsewhere'; readonly distance_m: number; readonly allowed_m: number }
  | { readonly code: 'presence_missing' | 'too_many_tries' | 'slow_down' }
  | { readonly code: 'wrong_digits'; readonly tries_left: number };
