/** Whole talks with the assistant as text: what the caller says or keys, and what has to be in each reply. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { stepAssistant } from '#device/flows/assistant.ts';
import {
  type AssistantInput,
  type AssistantState,
  beginAssistant,
} from '#device/flows/assistant-state.ts';
import type { Language } from '#device/messages/enrolment.ts';
import type { TelephoneKey } from '#device/ports/modem.ts';
import type {
  CallerOrder,
  Found,
  OrderWish,
  Placing,
  Product,
} from '#device/ports/order-centre.ts';

const seed: { products: Product[] } = JSON.parse(
  readFileSync('simulators/stall/seed.json', 'utf8'),
);
export const PRODUCTS: readonly Product[] = seed.products;

export interface TalkOptions {
  readonly from?: string | null;
  readonly products?: readonly Product[];
  readonly place?: (wish: OrderWish) => Placing;
  readonly find?: (number: string, digits: string) => Found;
}

/** The order centre by heart. */
export class Talk {
  state: AssistantState;
  /** Effects since the last line of the caller, without what was said. */
  done: string[] = [];
  reply = '';
  readonly wishes: OrderWish[] = [];
  readonly #options: TalkOptions;

  constructor(language: Language, options: TalkOptions = {}) {
    this.#options = options;
    this.state = beginAssistant(language, options.from ?? null);
    this.take({ is: 'products', products: options.products ?? PRODUCTS });
    this.take({ is: 'begin' });
  }

  take(input: AssistantInput): void {
    const { state, effects } = stepAssistant(this.state, input);
    this.state = state;
    const answers: AssistantInput[] = [];
    for (const effect of effects) {
      if (effect.do === 'say') this.reply = effect.text;
      else this.done.push(effect.do);
      if (effect.do === 'place') {
        this.wishes.push(effect.wish);
        answers.push({ is: 'placed', placing: (this.#options.place ?? placed)(effect.wish) });
      }
      if (effect.do === 'find') {
        const find = this.#options.find ?? (() => ({ is: 'not_found' }) as const);
        answers.push({ is: 'found', found: find(effect.number, effect.digits) });
      }
    }
    for (const answer of answers) this.take(answer);
  }

  /** One line of a caller: words, `[keys 138#]`, `[silence]`, `[unclear]`, or `[paid]` of the last order. */
  say(line: string): void {
    this.done = [];
    this.reply = '';
    const [, what, rest = ''] = /^\[(\w+) ?(.*)\]$/.exec(line) ?? [];
    if (what === undefined) this.take({ is: 'sentence', text: line });
    else if (what === 'keys') {
      for (const key of rest) this.take({ is: 'key', key: key as TelephoneKey });
    } else if (what === 'silence' || what === 'unclear') this.take({ is: what });
    else {
      const order = this.state.orders.at(-1);
      assert.ok(order, `no order can be ${what}`);
      this.take({ is: 'news', order: { ...order, state: what as CallerOrder['state'] } });
    }
  }
}

export function placed(wish: OrderWish): Placing {
  const lines = wish.lines.map((line) => {
    const product = PRODUCTS.find(({ code }) => code === line.code);
    assert.ok(product);
    return { ...line, name: product.name, unit_minor: product.unit_minor };
  });
  const amount_minor = lines.reduce((sum, line) => sum + line.quantity * line.unit_minor, 0);
  return {
    ok: true,
    order: orderOf({ lines, amount_minor, phone: `•••• ${wish.phone.slice(-4)}` }),
  };
}

export const orderOf = (parts: Partial<CallerOrder>): CallerOrder => ({
  ...{ number: '4471902385', state: 'unpaid', reason: null, lines: [], currency: 'CNY' },
  ...{ amount_minor: 2400, refunded_minor: 0, phone: '•••• 0001', link: 'made' },
  ...{ message: 'none', created_at: 0 },
  ...parts,
});

/**
 * Runs one talk: `>` is the caller, `<` what the reply has to hold (`|` between parts), `<!` what must
 * not be in it, `=` effects that must have happened, in their order.
 */
export function runTalk(language: Language, script: string, options: TalkOptions = {}): Talk {
  const talk = new Talk(language, options);
  for (const line of script.split('\n').map((each) => each.trim())) {
    const text = line.slice(1).trim();
    const context = `${JSON.stringify(text)} in\n${script}\nthe reply was: ${talk.reply}`;
    if (line.startsWith('>')) talk.say(text);
    else if (line.startsWith('<!')) {
      assert.ok(!talk.reply.toLowerCase().includes(text.slice(1).trim().toLowerCase()), context);
    } else if (line.startsWith('<')) {
      for (const part of text.split('|')) {
        assert.ok(talk.reply.toLowerCase().includes(part.trim().toLowerCase()), context);
      }
    } else if (line.startsWith('=')) {
      assert.deepEqual(talk.done, text === '' ? [] : text.split(' '), context);
    }
  }
  return talk;
}
