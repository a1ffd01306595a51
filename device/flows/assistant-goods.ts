/** The part of the talk that is about goods: what there is, what it costs, what is ordered. */
import type { SaidGoods, Sentence } from '../dialogue/sentence.ts';
import { MAX_ORDER_MINOR, timesMinor } from '../messages/money.ts';
import { nameIn, spokenAmount } from '../words/assistant.ts';
import { basketText, nameOf, namesOf, productOf, reply, wordsOf } from './assistant-replies.ts';
import type { AssistantState, AssistantStep } from './assistant-state.ts';

type Aspect = NonNullable<Sentence['aspect']>;

/** What a sentence about goods leads to; `null` where it is about none. */
export function talkOfGoods(state: AssistantState, said: Sentence): AssistantStep | null {
  switch (said.intent) {
    case 'list':
      return listGoods(state);
    case 'basket':
      return state.basket.length === 0
        ? reply(state, wordsOf(state).empty_basket, { for: 'anything' })
        : more(state, basketText(state));
    case 'cancel':
      return reply({ ...state, basket: [], focus: null }, wordsOf(state).cancelled, {
        for: 'anything',
      });
    case 'remove':
      return remove(state, said);
    case 'ask':
      return ask(state, said);
    case 'change':
    case 'order':
      return said.goods.length > 0 ? order(state, said) : countAlone(state, said);
    default:
      if (said.goods.length > 0) return order(state, said);
      return said.quantity === null ? null : countAlone(state, said);
  }
}

export function listGoods(state: AssistantState): AssistantStep {
  const { names, more: others } = namesOf(state);
  const words = wordsOf(state);
  const text = names.length === 0 ? words.empty_shop : words.list(names, others);
  return reply(state, text, { for: 'anything' });
}

/** Says it and asks what else. */
export const more = (state: AssistantState, text: string): AssistantStep =>
  reply(state, `${text} ${wordsOf(state).anything_else}`, { for: 'more' });

function ask(state: AssistantState, said: Sentence): AssistantStep | null {
  const words = wordsOf(state);
  const aspect = said.aspect ?? 'details';
  const [goods] = said.goods;
  if (goods === undefined) {
    // "How much are they?" is about what was spoken of.
    if (said.strange.length > 0) return notSold(state);
    if (state.focus !== null) return tell(state, state.focus, aspect, said.quantity);
    return listGoods(state);
  }
  if (said.goods.length > 1) {
    const texts = said.goods.flatMap(({ codes: [code] }) =>
      code === undefined ? [] : [aboutText(state, code, aspect, null)],
    );
    return more(state, texts.join(' '));
  }
  const [code, other] = goods.codes;
  if (code === undefined) return null;
  if (other === undefined) return tell(state, code, aspect, goods.quantity);
  // What two goods have in common is told of each.
  if (goods.codes.length <= 2) {
    const texts = goods.codes.map((each) => aboutText(state, each, aspect, null));
    return reply(state, texts.join(' '), { for: 'anything' });
  }
  const question = { for: 'which', codes: goods.codes, quantity: goods.quantity, aspect } as const;
  return reply(state, words.which(goods.codes.map((each) => nameOf(state, each))), question);
}

/** Tells one thing about it; whoever is told may order it by a number alone. */
export function tell(
  state: AssistantState,
  code: string,
  aspect: Aspect,
  quantity: number | null,
): AssistantStep {
  const text = aboutText(state, code, aspect, quantity);
  const left = productOf(state, code)?.stock ?? 0;
  if (left === 0) return more({ ...state, focus: code }, text);
  return reply(
    { ...state, focus: code },
    `${text} ${wordsOf(state).how_many(nameOf(state, code))}`,
    {
      ...{ for: 'quantity', code },
    },
  );
}

function aboutText(
  state: AssistantState,
  code: string,
  aspect: Aspect,
  quantity: number | null,
): string {
  const words = wordsOf(state);
  const product = productOf(state, code);
  if (product === undefined) return words.not_sold(namesOf(state).names);
  const { language } = state;
  const name = nameOf(state, code);
  const price = spokenAmount(product.unit_minor, product.currency, language);
  switch (aspect) {
    case 'price': {
      const total = timesMinor(product.unit_minor, quantity ?? 1);
      return quantity === null || quantity < 2 || total > MAX_ORDER_MINOR
        ? words.price(name, price)
        : words.total_price(name, quantity, spokenAmount(total, product.currency, language));
    }
    case 'stock':
      return words.stock(name, product.stock);
    case 'details':
      return `${words.details(name, nameIn(product.service, language))} ${words.price(name, price)}`;
  }
}

const notSold = (state: AssistantState): AssistantStep =>
  state.products.length === 0
    ? listGoods(state)
    : reply(state, wordsOf(state).not_sold(namesOf(state).names), { for: 'anything' });

function order(state: AssistantState, said: Sentence): AssistantStep | null {
  const replaces = said.intent === 'change' || said.answer === 'no';
  let next = state;
  for (const goods of said.goods) {
    const step = put(next, goods, replaces);
    if ('effects' in step) return step;
    next = step;
  }
  return more(next, basketText(next));
}

/** The state with it in the basket, or a question about it. */
function put(
  state: AssistantState,
  { codes, quantity }: SaidGoods,
  replaces: boolean,
): AssistantState | AssistantStep {
  const words = wordsOf(state);
  const [code, other] = codes;
  if (code === undefined) return notSold(state);
  if (other !== undefined) {
    // The one that is in the basket already is meant where it is only corrected.
    const known = codes.filter((each) => state.basket.some((line) => line.code === each));
    if (replaces && known.length === 1) return put(state, { codes: known, quantity }, replaces);
    const question = { for: 'which', codes, quantity, aspect: 'order' } as const;
    return reply(state, words.which(codes.map((each) => nameOf(state, each))), question);
  }
  const product = productOf(state, code);
  if (product === undefined) return notSold(state);
  const line = state.basket.find((each) => each.code === code);
  if (quantity === null) {
    if (line !== undefined && replaces) return state;
    return tell(state, code, product.stock === 0 ? 'stock' : 'price', null);
  }
  return setLine(state, code, replaces || line === undefined ? quantity : line.quantity + quantity);
}

/** The basket with so many of it; too many are refused with what is left. */
export function setLine(
  state: AssistantState,
  code: string,
  quantity: number,
): AssistantState | AssistantStep {
  const words = wordsOf(state);
  const product = productOf(state, code);
  const left = product?.stock ?? 0;
  const name = nameOf(state, code);
  if (left === 0) return more({ ...state, focus: code }, words.too_few(name, 0));
  if (quantity > left) {
    return reply({ ...state, focus: code }, words.too_few(name, left), { for: 'quantity', code });
  }
  const others = state.basket.filter((line) => line.code !== code);
  const basket = quantity <= 0 ? others : [...others, { code, quantity }];
  return { ...state, basket, focus: code };
}

/** As {@link setLine}, and tells what is ordered now. */
export function orderCount(state: AssistantState, code: string, quantity: number): AssistantStep {
  const next = setLine(state, code, quantity);
  if ('effects' in next) return next;
  if (quantity > 0) return more(next, basketText(next));
  return more(next, wordsOf(state).removed(nameOf(state, code)));
}

/** "Make it three", or "no, three": what was spoken of last is meant. */
function countAlone(state: AssistantState, said: Sentence): AssistantStep | null {
  if (said.quantity === null) {
    if (said.intent !== 'order') return null;
    if (said.strange.length > 0) return notSold(state);
    // "I would like to order": what?
    return state.basket.length === 0 ? listGoods(state) : null;
  }
  const code = state.focus ?? state.basket.at(-1)?.code;
  if (code === undefined) return null;
  return orderCount(state, code, said.quantity);
}

function remove(state: AssistantState, said: Sentence): AssistantStep | null {
  const codes =
    said.goods.length === 0
      ? [state.focus ?? state.basket.at(-1)?.code ?? '']
      : said.goods.flatMap((goods) => goods.codes);
  const gone = state.basket.filter(({ code }) => codes.includes(code));
  if (gone.length === 0) return state.basket.length === 0 ? null : more(state, basketText(state));
  const basket = state.basket.filter((line) => !gone.includes(line));
  const words = wordsOf(state);
  const texts = gone.map(({ code }) => words.removed(nameOf(state, code)));
  const left = { ...state, basket, focus: null };
  return more(left, [...texts, ...(basket.length === 0 ? [] : [basketText(left)])].join(' '));
}
