/**
 * The assistant's whole talk: one sentence or key in, one reply out. What a sentence means depends on
 * what was asked before it; a caller may always turn to something else, correct, or ask for an agent.
 */
import { holdsCardNumber } from '../codecs/card-number.ts';
import { figureRuns } from '../dialogue/figures.ts';
import { readSentence, type Sentence } from '../dialogue/sentence.ts';
import { otherOf } from '../messages/enrolment.ts';
import type { TelephoneKey } from '../ports/modem.ts';
import type { CallerOrder, Found } from '../ports/order-centre.ts';
import { assistantWords, spokenAmount } from '../words/assistant.ts';
import {
  answerEmail,
  answerPhone,
  answerPlace,
  askContact,
  askEmail,
  askPhone,
  checkPhone,
  goodbye,
  handOver,
  isWholeNumber,
  place,
  summarise,
  takePlacing,
} from './assistant-contact.ts';
import { listGoods, more, orderCount, setLine, talkOfGoods, tell } from './assistant-goods.ts';
import { basketText, questionText, reply, still, waitOf, wordsOf } from './assistant-replies.ts';
import type { AssistantInput, AssistantState, AssistantStep } from './assistant-state.ts';

/** After so many, an agent. */
const MOST_MISSES = 2;
const MOST_SILENCES = 2;
/** A card number takes about so long to say. */
const HIDE_MS = 20_000;
const ORDER_FIGURES = 10;
const PHONE_FIGURES = 4;

/** One step; a call that is being left takes nothing more. */
export function stepAssistant(state: AssistantState, input: AssistantInput): AssistantStep {
  if (input.is === 'products') return still({ ...state, products: input.products });
  if (input.is === 'no_agent') return goodbye(state, wordsOf(state).nobody);
  if (state.leaving) return still(state);
  switch (input.is) {
    case 'begin':
      return reply(state, wordsOf(state).hello, { for: 'anything' });
    case 'sentence':
      return takeSentence(state, input.text);
    case 'unclear':
      return miss(state);
    case 'silence':
      return silence(state);
    case 'key':
      return takeKey(state, input.key);
    case 'placed':
      return takePlacing(state, input.placing);
    case 'found':
      return takeFound(state, input.found);
    case 'news':
      return takeNews(state, input.order);
  }
}

function takeSentence(state: AssistantState, text: string): AssistantStep {
  const said = readSentence(text, state.language, state.products);
  const earlier = state.question.for === 'phone' ? state.question.groups.join('') : '';
  const runs = figureRuns(text, state.language);
  if (runs.some((run) => holdsCardNumber(run))) return hideCard(state);
  if (holdsCardNumber(earlier + (runs[0] ?? ''))) return hideCard(state);
  return always(state, said) ?? answer(state, said) ?? turn(state, said) ?? miss(state);
}

/** What may be said at any time. */
function always(state: AssistantState, said: Sentence): AssistantStep | null {
  switch (said.intent) {
    case 'agent':
      return handOver(state);
    case 'goodbye':
      return goodbye(state);
    case 'repeat':
      return reply(state, state.said, state.question);
    case 'help':
      return reply(state, wordsOf(state).help, state.question);
    case 'card':
      return reply(state, wordsOf(state).never_cards, state.question);
    case 'language':
      return otherLanguage(state);
    default:
      return null;
  }
}

function otherLanguage(state: AssistantState): AssistantStep {
  const language = otherOf(state.language);
  const next = { ...state, language } as const;
  return reply(next, assistantWords(language).hello, { for: 'anything' }, [
    { do: 'language', language },
  ]);
}

/** What answers the question that is open; `null` where it is about something else. */
function answer(state: AssistantState, said: Sentence): AssistantStep | null {
  const { question } = state;
  switch (question.for) {
    case 'which':
      return answerWhich(state, said, question);
    case 'quantity':
      return answerQuantity(state, said, question.code);
    case 'more':
      if (said.goods.length > 0 || said.quantity !== null) return null;
      if (said.answer === 'no' && said.intent === null) return summarise(state);
      if (said.answer === 'yes' && said.intent === null) {
        return reply(state, wordsOf(state).what_else, { for: 'anything' });
      }
      return null;
    case 'place':
      return answerPlace(state, said);
    case 'own_number':
      if (said.intent === 'email') return askEmail(state);
      if (said.figures !== null && said.figures.length > 1) return answerPhone(state, said, []);
      if (said.answer === 'yes') return place(state, question.phone);
      return said.answer === 'no' ? askPhone(state) : null;
    case 'phone':
      return answerPhone(state, said, question.groups);
    case 'phone_right':
      if (said.figures !== null && said.figures.length > 1) return answerPhone(state, said, []);
      if (said.answer === 'yes') return place(state, question.phone);
      return said.answer === 'no' ? askPhone(state) : null;
    case 'email':
      return answerEmail(state, said);
    case 'email_right':
      if (said.address !== null) return answerEmail(state, said);
      if (said.answer === 'yes') return askContact({ ...state, email: question.email });
      return said.answer === 'no' ? askEmail(state) : null;
    case 'order_number':
    case 'order_phone':
      return said.figures === null ? null : takeFigures(state, said.figures.replace('+', ''));
    case 'anything':
    case 'nothing':
      return null;
  }
}

function answerWhich(
  state: AssistantState,
  said: Sentence,
  question: Extract<AssistantState['question'], { for: 'which' }>,
): AssistantStep | null {
  const codes = said.goods.flatMap((goods) => goods.codes);
  const left = question.codes.filter((code) => codes.includes(code));
  const [code, other] = left;
  if (code === undefined) return null;
  const quantity = said.goods[0]?.quantity ?? question.quantity;
  if (other !== undefined) return reply(state, questionText(state), { ...question, quantity });
  if (question.aspect !== null && question.aspect !== 'order') {
    return tell(state, code, question.aspect, quantity);
  }
  return quantity === null ? tell(state, code, 'price', null) : orderCount(state, code, quantity);
}

function answerQuantity(state: AssistantState, said: Sentence, code: string): AssistantStep | null {
  if (said.goods.length > 0 || said.intent === 'ask') return null;
  if (said.quantity !== null) return orderCount(state, code, said.quantity);
  if (said.answer === 'no' || said.intent === 'remove') {
    const next = setLine(state, code, 0);
    const plain = 'effects' in next ? state : next;
    return plain.basket.length === 0
      ? reply({ ...plain, focus: null }, wordsOf(state).what_else, { for: 'anything' })
      : more({ ...plain, focus: null }, basketText(plain));
  }
  // "Yes, please": one is meant by nobody for sure.
  return said.answer === 'yes' ? reply(state, questionText(state), state.question) : null;
}

/** Something new, whatever was asked. */
function turn(state: AssistantState, said: Sentence): AssistantStep | null {
  switch (said.intent) {
    case 'done':
      return summarise(state);
    case 'status':
      return askStatus(state);
    case 'thanks':
      return reply(state, wordsOf(state).welcome, state.question);
    case 'email':
      return state.basket.length > 0 ? askEmail(state) : null;
    default:
      break;
  }
  // While somebody tells a number or an address, half-heard goods are not meant.
  if (['phone', 'email', 'order_number', 'order_phone'].includes(state.question.for)) {
    if (said.intent === null) return null;
  }
  const goods = talkOfGoods(state, said);
  if (goods !== null) return goods;
  return said.intent === 'order' ? listGoods(state) : null;
}

/** An order of this call is told at once; of an earlier one, number and digits are asked. */
function askStatus(state: AssistantState): AssistantStep {
  const own = state.orders.at(-1);
  if (own !== undefined) return more(state, orderText(state, own));
  return reply(state, wordsOf(state).order_number, { for: 'order_number', figures: '' });
}

function orderText(state: AssistantState, order: CallerOrder): string {
  const total = spokenAmount(order.amount_minor, order.currency, state.language);
  return wordsOf(state).order_states[order.state](total);
}

function takeFigures(state: AssistantState, figures: string): AssistantStep {
  const { question } = state;
  const words = wordsOf(state);
  if (question.for === 'order_number') {
    const all = (question.figures + figures).slice(0, 2 * ORDER_FIGURES);
    if (all.length > ORDER_FIGURES) {
      return reply(state, `${words.not_found} ${words.order_number}`, { ...question, figures: '' });
    }
    if (all.length < ORDER_FIGURES) return waitForMore(state, { ...question, figures: all });
    return reply(state, words.order_phone, { for: 'order_phone', number: all, figures: '' });
  }
  if (question.for !== 'order_phone') return still(state);
  const all = question.figures + figures;
  if (all.length < PHONE_FIGURES) return waitForMore(state, { ...question, figures: all });
  const { number } = question;
  return reply(state, words.looking, { for: 'nothing' }, [
    { do: 'find', number, digits: all.slice(-PHONE_FIGURES) },
  ]);
}

const waitForMore = (state: AssistantState, question: AssistantState['question']): AssistantStep =>
  still({ ...state, question, silences: 0 }, [{ do: 'hush' }]);

function takeFound(state: AssistantState, found: Found): AssistantStep {
  const words = wordsOf(state);
  switch (found.is) {
    case 'found':
      return more(state, orderText(state, found.order));
    case 'not_found':
      return more(state, words.not_found);
    case 'slow_down':
    case 'away':
      return handOver(state, found.is === 'away' ? words.away : words.not_found);
  }
}

/** Tells what became of the payment, once; the caller may be in the middle of something else. */
function takeNews(state: AssistantState, order: CallerOrder): AssistantStep {
  const words = wordsOf(state);
  const known = state.orders.find(({ number }) => number === order.number);
  if (known === undefined) return still(state);
  const orders = state.orders.map((each) => (each.number === order.number ? order : each));
  const next = { ...state, orders };
  const total = spokenAmount(order.amount_minor, order.currency, state.language);
  // A new order is being made meanwhile: its question is asked again after the news.
  const busy = state.basket.length > 0 && state.question.for !== 'more';
  const tellIt = (text: string): AssistantStep =>
    busy
      ? reply(next, `${text} ${questionText(next)}`, state.question)
      : reply(next, text, { for: 'more' });
  if (order.state !== known.state) {
    if (order.state === 'paid') return tellIt(words.paid(total));
    if (order.state === 'cancelled' || order.state === 'expired') return tellIt(words.ended);
    if (order.state === 'unpaid' && known.state === 'paying') return tellIt(words.refused);
  }
  if (order.message === 'failed' && known.message !== 'failed') return tellIt(words.link_failed);
  return still(next);
}

function takeKey(state: AssistantState, key: TelephoneKey): AssistantStep {
  const { question } = state;
  if (!/^\d$/.test(key)) return takeSign(state, key);
  switch (question.for) {
    case 'phone':
    case 'own_number':
    case 'phone_right': {
      const keyed = question.for === 'phone' && question.keyed ? question.groups.join('') : '';
      // 1 and 2 answer yes and no, unless a number is begun with them.
      if (question.for !== 'phone' && (key === '1' || key === '2')) {
        if (key === '1') return place(state, question.phone);
        return askPhone(state);
      }
      return keyPhone(state, keyed + key);
    }
    case 'order_number':
    case 'order_phone':
      return takeFigures(state, key);
    case 'email_right':
    case 'place':
      if (key === '1') return answer(state, plainAnswer('yes')) ?? still(state);
      if (key === '2') return answer(state, plainAnswer('no')) ?? still(state);
      break;
    case 'quantity':
      if (key !== '0') return orderCount(state, question.code, Number(key));
      break;
    default:
      break;
  }
  const stray = state.stray + key;
  if (holdsCardNumber(stray)) return hideCard(state);
  // A number that is being keyed has many zeros; an agent is wished for with one.
  if (key === '0' && stray.length === 1) return handOver(state);
  return still({ ...state, stray }, [{ do: 'hush' }]);
}

const plainAnswer = (yesOrNo: 'yes' | 'no'): Sentence => ({
  ...{ intent: null, aspect: null, answer: yesOrNo, goods: [], quantity: null },
  ...{ figures: null, address: null, strange: [] },
});

function keyPhone(state: AssistantState, figures: string): AssistantStep {
  if (holdsCardNumber(figures)) return hideCard(state);
  if (isWholeNumber(figures)) return checkPhone(state, figures);
  const question = { for: 'phone', groups: [figures], keyed: true } as const;
  return still({ ...state, question, silences: 0 }, [{ do: 'hush' }]);
}

/** `#` ends figures, `*` is the other language or takes the last figures back. */
function takeSign(state: AssistantState, key: TelephoneKey): AssistantStep {
  const { question } = state;
  if (key === '#') {
    if (question.for === 'phone') {
      return question.groups.length === 0
        ? reply(state, questionText(state), question)
        : checkPhone(state, question.groups.join(''));
    }
    return reply(state, state.said, question);
  }
  if (key !== '*') return still(state);
  if (question.for === 'phone') return askPhone(state);
  return otherLanguage(state);
}

/** Nobody may hear, keep or use it here. */
function hideCard(state: AssistantState): AssistantStep {
  const { question } = state;
  const fresh = question.for === 'phone' ? ({ ...question, groups: [] } as const) : question;
  return reply(state, wordsOf(state).never_cards, fresh, [{ do: 'hide', backMs: HIDE_MS }]);
}

function miss(state: AssistantState): AssistantStep {
  const words = wordsOf(state);
  if (state.question.for === 'nothing') return still(state);
  if (state.misses >= MOST_MISSES) return handOver(state, words.not_understood);
  const text = `${words.not_understood} ${questionText(state)}`;
  const step = reply(state, text, state.question);
  return { ...step, state: { ...step.state, misses: state.misses + 1 } };
}

function silence(state: AssistantState): AssistantStep {
  const words = wordsOf(state);
  const { question } = state;
  if (question.for === 'nothing') return still(state);
  // Keyed without a hash at the end.
  if (question.for === 'phone' && question.groups.length > 0) {
    const figures = question.groups.join('');
    if (question.keyed || figures.length >= 11) return checkPhone(state, figures);
  }
  const waits = state.orders.some((order) => order.state === 'unpaid' || order.state === 'paying');
  if (state.silences >= MOST_SILENCES) return waits ? goodbye(state) : handOver(state);
  const text =
    waits && question.for === 'more'
      ? words.waiting
      : `${words.still_there} ${questionText(state)}`;
  const next = { ...state, silences: state.silences + 1, said: text };
  return { state: next, effects: [{ do: 'say', text, waitMs: waitOf(next) }] };
}
