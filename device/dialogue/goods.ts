/** Goods by what callers call them: any words of the name, in their order. */
import type { Product } from '../ports/order-centre.ts';
import { englishTokens } from '../speech/english-numbers.ts';
import { singular } from '../speech/items.ts';
import type { SaidGoods } from './sentence.ts';

export interface FoundGoods {
  readonly codes: readonly string[];
  readonly next: number;
}

/** Words of a name that say nothing by themselves. */
const SMALL = new Set(['and', 'with', 'of', 'in', 'the', 'a']);

const englishNameWords = (name: string): string[] =>
  englishTokens(name)
    .map(singular)
    .flatMap((word) => word.split('-'))
    .filter((word) => word !== '');

/** Best matches at a place: those that take most words; of them, names that are said whole. */
function choose(
  found: readonly { readonly code: string; readonly next: number; readonly whole: boolean }[],
): FoundGoods | null {
  const next = Math.max(...found.map((each) => each.next));
  const longest = found.filter((each) => each.next === next);
  const whole = longest.filter((each) => each.whole);
  const best = whole.length > 0 ? whole : longest;
  return best.length === 0 ? null : { codes: best.map(({ code }) => code), next };
}

/** "Chive dumplings" is `Chive and egg dumplings`; "dumplings" may be several. */
export function englishGoodsAt(
  tokens: readonly string[],
  at: number,
  products: readonly Product[],
): FoundGoods | null {
  const found = products.flatMap(({ code, name }) => {
    const words = englishNameWords(name.en);
    let place = 0;
    let next = at;
    let telling = 0;
    for (let i = at; i < tokens.length; i += 1) {
      const word = singular(tokens[i] ?? '');
      const fits = words.indexOf(word, place);
      if (fits < 0) break;
      place = fits + 1;
      if (SMALL.has(word)) continue;
      telling += 1;
      next = i + 1;
    }
    const whole = telling === words.filter((word) => !SMALL.has(word)).length;
    return telling === 0 ? [] : [{ code, next, whole }];
  });
  return choose(found);
}

/** The same in Chinese, from two characters on. */
export function chineseGoodsAt(
  text: string,
  at: number,
  products: readonly Product[],
): FoundGoods | null {
  const found = products.flatMap(({ code, name }) => {
    const own = name.zh.normalize('NFKC').replace(/\s/g, '');
    let place = 0;
    let next = at;
    while (next < text.length) {
      const fits = own.indexOf(text[next] ?? '', place);
      if (fits < 0) break;
      place = fits + 1;
      next += 1;
    }
    const length = next - at;
    return length < Math.min(2, own.length) ? [] : [{ code, next, whole: length === own.length }];
  });
  return choose(found);
}

/** A number apart from the only goods is of them: "the pork dumplings, make it four". */
export function withCount(
  goods: readonly SaidGoods[],
  quantity: number | null,
): { readonly goods: readonly SaidGoods[]; readonly quantity: number | null } {
  const [only, other] = goods;
  if (only === undefined) return { goods, quantity };
  if (other !== undefined || only.quantity !== null) return { goods, quantity: null };
  return { goods: [{ codes: only.codes, quantity }], quantity: null };
}
