/** What the assistant remembers of a call, what happens to it, and what it wants done. */
import type { Language } from '../messages/enrolment.ts';
import type { TelephoneKey } from '../ports/modem.ts';
import type { CallerOrder, Found, OrderWish, Placing, Product } from '../ports/order-centre.ts';

export interface BasketLine {
  readonly code: string;
  readonly quantity: number;
}

/** The last question: what a short answer is an answer to. */
export type Question =
  | { readonly for: 'anything' }
  /** Several goods fit; what is to be done with the one that is chosen. */
  | {
      readonly for: 'which';
      readonly codes: readonly string[];
      readonly quantity: number | null;
      readonly aspect: 'price' | 'stock' | 'details' | 'order' | null;
    }
  | { readonly for: 'quantity'; readonly code: string }
  | { readonly for: 'more' }
  | { readonly for: 'place' }
  /** Whether the link goes to the number that calls. */
  | { readonly for: 'own_number'; readonly phone: string }
  /** Groups as they were said or keyed. */
  | { readonly for: 'phone'; readonly groups: readonly string[]; readonly keyed: boolean }
  | { readonly for: 'phone_right'; readonly phone: string }
  | { readonly for: 'email' }
  | { readonly for: 'email_right'; readonly email: string }
  | { readonly for: 'order_number'; readonly figures: string }
  | { readonly for: 'order_phone'; readonly number: string; readonly figures: string }
  /** The order centre is asked. */
  | { readonly for: 'nothing' };

export interface AssistantState {
  readonly language: Language;
  /** As the network gave it, `null` where it is withheld. */
  readonly from: string | null;
  readonly products: readonly Product[];
  readonly basket: readonly BasketLine[];
  /** What was spoken of last. */
  readonly focus: string | null;
  readonly question: Question;
  /** Sentences, one after the other, that were not understood. */
  readonly misses: number;
  readonly silences: number;
  /** Where the link goes instead of an SMS. */
  readonly email: string | null;
  /** Orders of this call. */
  readonly orders: readonly CallerOrder[];
  /** How often an order was tried: names its idempotency key. */
  readonly tries: number;
  /** Said last, for whoever did not hear it. */
  readonly said: string;
  /** Keys that belong to no question, one after another. */
  readonly stray: string;
  readonly leaving: boolean;
}

export type AssistantInput =
  | { readonly is: 'begin' }
  /** What the order centre has now. */
  | { readonly is: 'products'; readonly products: readonly Product[] }
  | { readonly is: 'sentence'; readonly text: string }
  /** Something was said that no recogniser understood. */
  | { readonly is: 'unclear' }
  /** Nothing was said or keyed for a while. */
  | { readonly is: 'silence' }
  | { readonly is: 'key'; readonly key: TelephoneKey }
  | { readonly is: 'placed'; readonly placing: Placing }
  | { readonly is: 'found'; readonly found: Found }
  /** There is nobody to hand over to. */
  | { readonly is: 'no_agent' }
  /** An order of this call has changed. */
  | { readonly is: 'news'; readonly order: CallerOrder };

export type AssistantEffect =
  /** Instead of what is being said; `wait`: how long silence may last afterwards. */
  | { readonly do: 'say'; readonly text: string; readonly waitMs: number }
  /** Falls silent, and listens. */
  | { readonly do: 'hush' }
  | { readonly do: 'language'; readonly language: Language }
  | { readonly do: 'place'; readonly wish: OrderWish; readonly attempt: number }
  | { readonly do: 'find'; readonly number: string; readonly digits: string }
  | { readonly do: 'watch'; readonly number: string }
  /** The last `backMs` are made silent on the recording, too; it goes on after the next words. */
  | { readonly do: 'hide'; readonly backMs: number }
  | { readonly do: 'agent' }
  /** After the last words. */
  | { readonly do: 'leave' };

export interface AssistantStep {
  readonly state: AssistantState;
  readonly effects: readonly AssistantEffect[];
}

export const beginAssistant = (language: Language, from: string | null): AssistantState => ({
  ...{ language, from, products: [], basket: [], focus: null, question: { for: 'anything' } },
  ...{ misses: 0, silences: 0, email: null, orders: [], tries: 0, said: '', stray: '' },
  leaving: false,
});
