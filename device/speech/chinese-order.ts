/** What a vendor says in Chinese: an amount, goods, or goods for an amount. */
import { MAX_ORDER_MINOR } from '#device/messages/money.ts';
import { chineseAmountAt } from './chinese-money.ts';
import { chineseNumberAt, chineseText, isMeasure, isParted } from './chinese-numbers.ts';
import { chineseItemAt, chineseNameReachesBack } from './items.ts';
import { type Part, type ReadPhrase, refuse, type SpeechStall, type SpokenTerm } from './phrase.ts';

/** What people say before and after an amount, which changes nothing. */
const LEADS =
  /^(一共是|一共|总共是|总共|合计|总计|共|收款|请收|请付|金额是|金额|收|付|给我来|给我|我要|要|来|卖|就是|就|是|那|嗯|呃|啊|这个|这些|好的|好)/;
const TAILS = /(吧|啊|了|呢|谢谢|就行|就好)$/;
const JOINER = /^(再加上|再加|再来|还有|加上|和|跟|加)/;
const TOTAL = /^(一共是|一共|总共|合计|共|是|要|卖|收)/;
const EACH = /^(每一?|一|单价|各)/;

const MAX_LENGTH = 120;
const MAX_QUANTITY = 9999;

function strip(all: string): string {
  let text = all;
  for (;;) {
    const less = text.replace(LEADS, '').replace(TAILS, '');
    if (less === text) return text;
    text = less;
  }
}

interface Goods {
  readonly quantity: number;
  readonly code: string | null;
}

/** Reads a whole phrase; all of it has to make sense. */
export function readChineseOrder(said: string, stall: SpeechStall): ReadPhrase {
  if (isParted(said)) return refuse('ambiguous');
  const text = strip(chineseText(said));
  if (text === '') return refuse('nothing');
  if (text.length > MAX_LENGTH) return refuse('not_understood');
  const terms: SpokenTerm[] = [];
  for (let at = 0; at < text.length; ) {
    const term = termAt(text, at, stall);
    if (term === null) return refuse('not_understood');
    if (!term.ok) return term;
    terms.push(term.value);
    at = term.next;
    if (at === text.length) break;
    const joiner = JOINER.exec(text.slice(at))?.[0] ?? '';
    // Two amounts in a row are no sum, and a price after several goods is not said to be for all.
    const named = term.value.code !== null && term.value.total_minor === null;
    if (joiner === '' && !named) return refuse('not_understood');
    if (named && !isGoodsAlone(text, at + joiner.length, stall)) return refuse('ambiguous');
    at += joiner.length;
    if (at === text.length) return refuse('not_understood');
  }
  return { ok: true, terms };
}

function isGoodsAlone(text: string, at: number, stall: SpeechStall): boolean {
  const term = termAt(text, at, stall);
  return term?.ok === true && term.value.code !== null && term.value.total_minor === null;
}

function termAt(text: string, at: number, stall: SpeechStall): Part<SpokenTerm> {
  const goods = goodsAt(text, at, stall);
  if (goods !== null && !goods.ok) return goods;
  if (goods !== null) return goodsTermAt(text, goods.value, goods.next, stall);
  const count = countAt(text, at);
  if (count?.ok) return countTermAt(text, count.value, count.next, stall);
  const amount = chineseAmountAt(text, at, stall.currency);
  if (amount === null || !amount.ok) return amount;
  const whatFor = goodsAt(text, amount.next, stall, at);
  if (whatFor === null) return priced({ quantity: 1, code: null }, amount.value.minor, amount.next);
  if (!whatFor.ok) return whatFor;
  if (!amount.value.isMoney) return refuse('ambiguous');
  return priced(whatFor.value, amount.value.minor, whatFor.next);
}

function priced(goods: Goods, totalMinor: number, next: number): Part<SpokenTerm> {
  if (totalMinor > MAX_ORDER_MINOR) return refuse('too_large');
  return { ok: true, value: { ...goods, total_minor: totalMinor }, next };
}

/** A count with its measure word: 两份. */
function countAt(text: string, at: number): Part<Goods> {
  const number = chineseNumberAt(text, at);
  if (number === null || !isMeasure(text, number.next)) return null;
  if (number.elided) return refuse('ambiguous');
  if (number.value < 1) return refuse('zero');
  const quantity = number.value * (text[number.next] === '打' ? 12 : 1);
  if (quantity > MAX_QUANTITY) return refuse('too_large');
  return { ok: true, value: { quantity, code: null }, next: number.next + 1 };
}

/** 两份饺子, 饺子两份, 饺子; `from` is where the number before them begins. */
function goodsAt(text: string, at: number, stall: SpeechStall, from = at): Part<Goods> {
  // 三鲜面 is one of it, where that is its name.
  const named = chineseItemAt(text, at, stall.catalogue);
  const isName = named?.is === 'item' && named.whole;
  const count = isName ? null : countAt(text, at);
  if (count !== null && !count.ok) return count;
  const number = isName ? null : chineseNumberAt(text, at);
  const starts = [
    ...(count === null ? [] : [{ quantity: count.value.quantity, at: count.next }]),
    ...(number === null || number.elided ? [] : [{ quantity: number.value, at: number.next }]),
    { quantity: null, at },
  ];
  for (const start of starts) {
    const found = chineseItemAt(text, start.at, stall.catalogue);
    if (found === null) continue;
    if (found.is === 'several') return refuse('ambiguous');
    const { code } = found.item;
    const place = [from, start.at, found.next] as const;
    if (chineseNameReachesBack(text, place, found.item)) return refuse('ambiguous');
    const after = start.quantity === null ? countAt(text, found.next) : null;
    const isPrice = after?.ok === true && eachAt(text, found.next, stall) !== null;
    if (after?.ok === true && !isPrice) {
      return { ok: true, value: { quantity: after.value.quantity, code }, next: after.next };
    }
    const quantity = start.quantity ?? 1;
    if (quantity < 1 || quantity > MAX_QUANTITY) return refuse('too_large');
    return { ok: true, value: { quantity, code }, next: found.next };
  }
  return null;
}

/** 每份四块五: the price of one. */
function eachAt(text: string, at: number, stall: SpeechStall): Part<number> {
  const word = EACH.exec(text.slice(at))?.[0];
  if (word === undefined) return null;
  const needsMeasure = word !== '单价' && word !== '各';
  const measured = isMeasure(text, at + word.length);
  if (needsMeasure && !measured) return null;
  const from = at + word.length + (measured ? 1 : 0);
  // 一份豆腐 is goods, not a price.
  if (chineseItemAt(text, from, stall.catalogue) !== null) return null;
  const amount = chineseAmountAt(text, from, stall.currency);
  if (amount === null || !amount.ok) return amount;
  return { ok: true, value: amount.value.minor, next: amount.next };
}

function goodsTermAt(text: string, goods: Goods, at: number, stall: SpeechStall): Part<SpokenTerm> {
  const alone: Part<SpokenTerm> = { ok: true, value: { ...goods, total_minor: null }, next: at };
  const each = eachAt(text, at, stall);
  if (each?.ok) return priced(goods, each.value * goods.quantity, each.next);
  if (each !== null) return each;
  if (goodsAt(text, at, stall) !== null) return alone;
  const word = TOTAL.exec(text.slice(at))?.[0] ?? '';
  const amount = chineseAmountAt(text, at + word.length, stall.currency);
  if (amount === null) return word === '' ? alone : null;
  if (!amount.ok) return amount;
  // 两份饺子十二: of what is not said.
  if (word === '' && !amount.value.isMoney) return refuse('ambiguous');
  return priced(goods, amount.value.minor, amount.next);
}

/** A count without goods: 三份每份四块五, 三份一共十二块. */
function countTermAt(text: string, goods: Goods, at: number, stall: SpeechStall): Part<SpokenTerm> {
  const each = eachAt(text, at, stall);
  if (each?.ok) return priced(goods, each.value * goods.quantity, each.next);
  if (each !== null) return each;
  const word = TOTAL.exec(text.slice(at))?.[0];
  if (word === undefined)
    return chineseAmountAt(text, at, stall.currency) === null ? null : refuse('ambiguous');
  const amount = chineseAmountAt(text, at + word.length, stall.currency);
  if (amount === null || !amount.ok) return amount;
  return priced(goods, amount.value.minor, amount.next);
}
