/** What somebody has picked, as a page's address or form carries it: `q.1=2&q.3=1`. */
import { type Product, productCodeSchema, readSearch } from '../catalogue/catalogue.ts';
import { MAX_OF_ONE } from './orders.ts';

/** Most kinds of goods in one basket. */
const MOST_KINDS = 30;

/** Code → how many; whatever is no count of a product is left out. */
export function readPicked(fields: unknown): ReadonlyMap<string, number> {
  const picked = new Map<string, number>();
  if (typeof fields !== 'object' || fields === null) return picked;
  for (const [name, value] of Object.entries(fields)) {
    const code = productCodeSchema.safeParse(/^q\.(.+)$/.exec(name)?.[1]);
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    const count = typeof last === 'string' && /^\d{1,4}$/.test(last) ? Number(last) : 0;
    if (!code.success || count === 0 || picked.size >= MOST_KINDS) continue;
    picked.set(code.data, Math.min(count, MAX_OF_ONE));
  }
  return picked;
}

/** Goods that have each of the words in a name, in either language. */
export function searchedGoods(goods: readonly Product[], find: string): readonly Product[] {
  const words = readSearch(find.toLowerCase());
  return goods.filter(({ name }) => {
    const names = `${name.en}\n${name.zh}`.toLowerCase();
    return words.every((word) => names.includes(word));
  });
}
