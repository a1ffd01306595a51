/** The part of the talk that ends in an order: whose telephone, which address, placed or not. */
import { spellEmail } from '../dialogue/email-spelling.ts';
import type { Sentence } from '../dialogue/sentence.ts';
import type { Placing } from '../ports/order-centre.ts';
import { spokenAmount } from '../words/assistant.ts';
import { more, orderCount } from './assistant-goods.ts';
import { basketText, nameOf, reply, wordsOf } from './assistant-replies.ts';
import type { AssistantState, AssistantStep } from './assistant-state.ts';

/** Mobile numbers of the country have so many figures and begin with 1 (YD/T 2583). */
const CHINESE_MOBILE = /^1[3-9]\d{9}$/;
/** ITU-T E.164 §6.2.1; shorter ones are no mobile numbers anywhere. */
const ANY_MOBILE = /^\+?\d{7,15}$/;

/** Of North America: always so many figures behind `+1` (NANP; ITU-T E.164 leaves the length to it). */
const AMERICAN = /^\+1[2-9]\d{9}$/;

/** Whether more figures may not follow. */
export function isWholeNumber(figures: string): boolean {
  const number = plain(figures);
  return CHINESE_MOBILE.test(number) || AMERICAN.test(number);
}

/** Without the calling code of the country; that of another one behind `+`, also where it was keyed as 00. */
function plain(figures: string): string {
  const number = figures.replace(/^00/, '+');
  const own = number.replace(/^\+?86/, '');
  return CHINESE_MOBILE.test(own) ? own : number;
}

/** After "that is all": what is ordered, and whether to place it. */
export function summarise(state: AssistantState): AssistantStep {
  const words = wordsOf(state);
  if (state.basket.length === 0) {
    if (state.orders.length > 0) return goodbye(state);
    return reply(state, words.empty_basket, { for: 'anything' });
  }
  return reply(state, `${basketText(state)} ${words.place}`, { for: 'place' });
}

/** Asks where the link is to go. */
export function askContact(state: AssistantState): AssistantStep {
  const words = wordsOf(state);
  const own = state.from?.replace(/^\+86/, '') ?? null;
  if (own !== null && ANY_MOBILE.test(own.replace(/^\+/, ''))) {
    const phone = state.from ?? own;
    return reply(state, words.own_number(own.slice(-4)), { for: 'own_number', phone });
  }
  return askPhone(state);
}

export const askPhone = (state: AssistantState, before = ''): AssistantStep =>
  reply(state, `${before} ${wordsOf(state).phone}`.trim(), {
    ...{ for: 'phone', groups: [], keyed: false },
  });

export const askEmail = (state: AssistantState, before = ''): AssistantStep =>
  reply(state, `${before} ${wordsOf(state).email}`.trim(), { for: 'email' });

/** All figures are there: right, or asked again. */
export function checkPhone(state: AssistantState, figures: string): AssistantStep {
  const phone = plain(figures);
  if (!ANY_MOBILE.test(phone)) return askPhone(state, wordsOf(state).phone_wrong);
  return reply(state, wordsOf(state).phone_right(phone), { for: 'phone_right', phone });
}

/** One more group of figures, said aloud: read back, so that a wrong one is heard at once. */
export function saidFigures(
  state: AssistantState,
  groups: readonly string[],
  figures: string,
): AssistantStep {
  const all = [...groups, figures];
  const whole = all.join('');
  if (isWholeNumber(whole)) return checkPhone(state, whole);
  if (whole.length > 18) return askPhone(state, wordsOf(state).phone_wrong);
  return reply(state, wordsOf(state).group(figures), { for: 'phone', groups: all, keyed: false });
}

/** While a number is being told: figures, "no" for the last group, "yes" or "done" at the end. */
export function answerPhone(
  state: AssistantState,
  said: Sentence,
  groups: readonly string[],
): AssistantStep | null {
  const words = wordsOf(state);
  if (said.intent === 'email') return askEmail(state);
  if (said.answer === 'no') {
    const left = groups.slice(0, -1);
    if (said.figures !== null) return saidFigures(state, left, said.figures);
    return reply(state, words.group_gone(left.join('')), {
      for: 'phone',
      groups: left,
      keyed: false,
    });
  }
  if (said.figures !== null) return saidFigures(state, groups, said.figures);
  if (groups.length > 0 && (said.answer === 'yes' || said.intent === 'done')) {
    return checkPhone(state, groups.join(''));
  }
  return null;
}

export function answerEmail(state: AssistantState, said: Sentence): AssistantStep | null {
  const words = wordsOf(state);
  if (said.address !== null) {
    const spelt = spellEmail(said.address, words.at, words.dot);
    return reply(state, words.email_right(spelt), { for: 'email_right', email: said.address });
  }
  return null;
}

/** Places it for that number; the key of the try stays the same until the order centre answers. */
export function place(state: AssistantState, phone: string): AssistantStep {
  const { basket, email, language, tries } = state;
  const wish = { lines: basket, phone, email, language };
  const effects = [{ do: 'place', wish, attempt: tries } as const];
  return reply(state, wordsOf(state).placing, { for: 'nothing' }, effects);
}

/** The order centre has answered. */
export function takePlacing(state: AssistantState, placing: Placing): AssistantStep {
  const words = wordsOf(state);
  const next = { ...state, tries: state.tries + 1 };
  if (placing.ok) {
    const { order } = placing;
    const total = spokenAmount(order.amount_minor, order.currency, state.language);
    const where = state.email === null ? words.to_phone(order.phone.slice(-4)) : words.to_email;
    const done = { ...next, basket: [], focus: null, orders: [...state.orders, order] };
    return reply(done, words.placed(order.number, total, where), { for: 'more' }, [
      { do: 'watch', number: order.number },
    ]);
  }
  switch (placing.why) {
    case 'sold_out': {
      const code = state.basket[placing.line ?? 0]?.code;
      if (code === undefined) return handOver(next, words.not_placed);
      const left = placing.left ?? 0;
      const text = words.too_few(nameOf(state, code), left);
      if (left > 0) return reply(next, text, { for: 'quantity', code });
      const basket = state.basket.filter((line) => line.code !== code);
      return basket.length === 0
        ? more({ ...next, basket }, text)
        : reply({ ...next, basket }, `${text} ${basketText({ ...next, basket })} ${words.place}`, {
            for: 'place',
          });
    }
    case 'phone':
      return askPhone(next, words.phone_wrong);
    case 'email':
      return askEmail({ ...next, email: null }, words.email_wrong);
    // The same try again would be the same order: an agent sees whether it was placed.
    case 'away':
    case 'unknown_product':
    case 'refused':
      return handOver(next, placing.why === 'away' ? words.away : words.not_placed);
  }
}

/** To an agent, with a word about why. */
export const handOver = (state: AssistantState, before = ''): AssistantStep => {
  const text = `${before} ${wordsOf(state).agent}`.trim();
  return {
    state: { ...state, said: text, leaving: true },
    effects: [{ do: 'say', text, waitMs: 0 }, { do: 'agent' }],
  };
};

/** The last words. */
export const goodbye = (state: AssistantState, text = wordsOf(state).goodbye): AssistantStep => {
  return {
    state: { ...state, said: text, leaving: true },
    effects: [{ do: 'say', text, waitMs: 0 }, { do: 'leave' }],
  };
};

/** Answers to "shall I place it?": yes, no, or something else instead. */
export function answerPlace(state: AssistantState, said: Sentence): AssistantStep | null {
  if (said.goods.length > 0) return null;
  if (said.quantity !== null) {
    const code = state.focus ?? state.basket.at(-1)?.code;
    return code === undefined ? null : orderCount(state, code, said.quantity);
  }
  if (said.answer === 'yes' || said.intent === 'done') return askContact(state);
  if (said.answer === 'no' && said.intent === null) {
    return reply(state, wordsOf(state).what_to_change, { for: 'anything' });
  }
  return null;
}
