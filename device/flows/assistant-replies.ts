/** How the assistant answers: one reply, one question that stays open, and how long it waits. */
import { sumMinor, timesMinor } from '../messages/money.ts';
import type { Product } from '../ports/order-centre.ts';
import { type AssistantWords, assistantWords, nameIn, spokenAmount } from '../words/assistant.ts';
import type {
  AssistantEffect,
  AssistantState,
  AssistantStep,
  Question,
} from './assistant-state.ts';

/** How long a caller may think. */
const WAIT_MS = 8000;
const KEYING_MS = 12_000;
/** While somebody pays on the phone in their hand. */
const PAYING_MS = 60_000;
/** More names at once nobody remembers. */
const MOST_NAMES = 6;

export const wordsOf = (state: AssistantState): AssistantWords => assistantWords(state.language);

/** Says it, and what is asked next is `question`. Whoever is answered was understood. */
export function reply(
  state: AssistantState,
  text: string,
  question: Question,
  before: readonly AssistantEffect[] = [],
): AssistantStep {
  const next = { ...state, said: text, question, misses: 0, silences: 0, stray: '' };
  return { state: next, effects: [...before, { do: 'say', text, waitMs: waitOf(next) }] };
}

export function waitOf({ question, orders }: AssistantState): number {
  if (question.for === 'phone' || question.for === 'order_number') return KEYING_MS;
  const paying = orders.some(({ state }) => state === 'unpaid' || state === 'paying');
  return paying && question.for === 'more' ? PAYING_MS : WAIT_MS;
}

export const still = (
  state: AssistantState,
  effects: readonly AssistantEffect[] = [],
): AssistantStep => ({ state, effects });

export const productOf = (state: AssistantState, code: string | null): Product | undefined =>
  state.products.find((product) => product.code === code);

export const nameOf = (state: AssistantState, code: string): string => {
  const product = productOf(state, code);
  return product === undefined ? code : nameIn(product.name, state.language);
};

/** Names of what can be had; those that are sold out only where nothing is left. */
export function namesOf(state: AssistantState): { names: string[]; more: boolean } {
  const there = state.products.filter(({ stock }) => stock > 0);
  const all = there.length > 0 ? there : state.products;
  const names = all.slice(0, MOST_NAMES).map(({ name }) => nameIn(name, state.language));
  return { names, more: all.length > MOST_NAMES };
}

/** The total of the basket as it is said; goods that are gone count nothing. */
export function basketTotal(state: AssistantState): string {
  const priced = state.basket.flatMap(({ code, quantity }) => {
    const product = productOf(state, code);
    return product === undefined ? [] : [{ product, quantity }];
  });
  const [first] = priced;
  if (first === undefined) return '';
  const total = sumMinor(
    priced.map(({ product, quantity }) => timesMinor(product.unit_minor, quantity)),
  );
  return spokenAmount(total, first.product.currency, state.language);
}

export const basketText = (state: AssistantState): string =>
  state.basket.length === 0
    ? wordsOf(state).empty_basket
    : wordsOf(state).basket(
        state.basket.map(({ code, quantity }) => ({ name: nameOf(state, code), quantity })),
        basketTotal(state),
      );

/** What was asked last, asked again. */
export function questionText(state: AssistantState): string {
  const words = wordsOf(state);
  const { question } = state;
  switch (question.for) {
    case 'anything':
      return words.help;
    case 'which':
      return words.which(question.codes.map((code) => nameOf(state, code)));
    case 'quantity':
      return words.how_many(nameOf(state, question.code));
    case 'more':
      return words.anything_else;
    case 'place':
      return `${basketText(state)} ${words.place}`;
    case 'own_number':
      return words.own_number(question.phone.slice(-4));
    case 'phone':
      return question.groups.length === 0
        ? words.phone
        : words.group_gone(question.groups.join(''));
    case 'phone_right':
      return words.phone_right(question.phone);
    case 'email':
      return words.email;
    case 'email_right':
      return words.email_right(question.email);
    case 'order_number':
      return words.order_number;
    case 'order_phone':
      return words.order_phone;
    case 'nothing':
      return words.placing;
  }
}
