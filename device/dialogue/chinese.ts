/** Chinese sentences of callers. As english.ts, without spaces between words. */
import type { Product } from '../ports/order-centre.ts';
import { chineseNumberAt, chineseText, isMeasure } from '../speech/chinese-numbers.ts';
import { readPhoneDigits } from '../speech/phone-digits.ts';
import { readSpeltEmail } from './email-spelling.ts';
import { chineseGoodsAt, withCount } from './goods.ts';
import type { Intent, SaidGoods, Sentence } from './sentence.ts';

const INTENTS: readonly (readonly [Intent, RegExp])[] = [
  ['agent', /人工|客服|真人|座席|坐席|工作人员|服务员|找(个)?人|跟人说/],
  ['language', /英语|英文/],
  ['card', /信用卡|银行卡|储蓄卡|借记卡|卡号|刷卡|有效期|安全码/],
  ['goodbye', /再见|拜拜|挂了|挂断|回头见/],
  ['repeat', /再说(一)?遍|再讲(一)?遍|重复|没(有)?听(清|见|懂|到)|^(什么|啊|你说什么)$/],
  ['help', /帮助|怎么用|你(能|会|可以)(做|干)?(什么|啥)|怎么(说|点|买)/],
  [
    'status',
    /(查|问)(一下|询|下)?.*(订单|单子|单号)|订单(状态|到|怎么|号)|我的(订单|外卖)(呢|到|在|怎么|付|送)|(付款|钱|款).*(到|收)了?(没|吗)|(上次|之前|刚才)的(订单|单子)/,
  ],
  ['cancel', /取消|不买了|算了|重新(来|点|开始)|全(部)?不要|都不要/],
  ['email', /邮箱|邮件|电子邮/],
  ['basket', /(点|订|买|要)了(些)?(什么|哪些|多少|啥)|一共|总共|合计|总价/],
  [
    'done',
    /就(要)?(这些|这样|这么多)|没有?(别的|其他)?了$|^没有$|不(用|要)(别的|其他)?了|下单|结账|买单|付款|够了|可以了|好了/,
  ],
  ['remove', /去掉|删(掉|除)|减掉|不要.|.不要$/],
  ['change', /改(成|为)?|换(成|为)?|只要|应该是|不对|不是.+是|我是说|我说的是/],
];

const ASPECTS: readonly (readonly ['price' | 'stock' | 'details', RegExp])[] = [
  ['price', /多少钱|什么价|价格|价钱|怎么卖|几块|几元|多贵|贵(不贵|吗)/],
  ['details', /介绍|详细|几(只|个|片|块)|多大|配|里面|送|外卖|多久|素|说明|服务|是什么|怎么样/],
  [
    'stock',
    /还有(吗|没有|多少|货|几)|有没有|库存|有货|还剩|剩(下)?(多少|几)|有.*吗|能买.*吗|卖.*吗/,
  ],
];

const LIST =
  /(有|卖|点|买|吃|喝|推荐)(些|点)?(什么|啥|哪些)|什么(产品|商品|吃的|喝的|东西|好吃)|菜单|哪些(产品|商品|东西|菜)/;
const ORDER = /我?(们)?(想|要|来|点|订|买|加|拿)|给我|再(来|要|加)|帮我/;
const YES = /^(是的?|对的?|好的?|行|可以|嗯+|没错|要的|正确|确认|没问题|当然|ok)(啊|呀|呢|了|吧)?/;
const NO = /^(不(是|对|行|用|要|好|可以)?|没有?|错了?|别)/;
const THANKS = /谢谢|多谢|感谢/;

/** Between a number and its goods, beside measure words. */
const BETWEEN = /[份个只碗杯盒袋张瓶笼盘套件的]/;
const FILLER =
  /请问|你们|我们|你|您|我|他|这|那|的|了|吗|呢|吧|啊|呀|哦|喂|嗯|呃|那个|就|是|有|在|和|跟|还|也|都|一下|再|要|想|来|点|请|好|给|帮|些|个|份|能|可以|不|没|说|号码|手机|电话|号/g;

export function readChineseSentence(text: string, products: readonly Product[]): Sentence {
  const plain = chineseText(text).replace(/饺子/g, '水饺');
  const answer = YES.test(plain) ? 'yes' : NO.test(plain) ? 'no' : null;
  const figures = readPhoneDigits(plain, 'zh-CN') ?? readPhoneDigits(bare(plain), 'zh-CN');
  const { goods, quantity, rest } = findGoods(plain, products);
  const strange = strangersOf(rest);
  const intent = intentOf(plain, goods);
  const aspect = intent === null || intent === 'list' ? aspectOf(plain) : null;
  const about: Intent | null =
    goods.length > 0 && aspect !== null && (intent === null || intent === 'list')
      ? 'ask'
      : (intent ??
        (aspect === null
          ? goodsIntent(plain, goods, strange.length > 0 ? null : quantity)
          : 'ask'));
  const counted = goods.length === 0 && strange.length > 0 && figures === null ? null : quantity;
  const length = [...plain].length;
  const unknown = [...strange.join('')].length;
  const ours = unknown === 0 || unknown / length <= (goods.length > 0 ? 0.5 : 0.45);
  const address = readSpeltEmail(text);
  if (!ours) {
    const none = { intent: null, aspect: null, answer: null, goods: [], quantity: null } as const;
    return { ...none, figures: null, address, strange };
  }
  return { intent: about, aspect, answer, goods, quantity: counted, figures, address, strange };
}

const bare = (plain: string): string =>
  plain
    .replace(YES, '')
    .replace(/^(不对|不是|不|没有|错了)/, '')
    .replace(/^(是|应该是)/, '');

function intentOf(plain: string, goods: readonly SaidGoods[]): Intent | null {
  const found = INTENTS.find(([, pattern]) => pattern.test(plain))?.[0];
  if (found === 'remove' && goods.length === 0) return null;
  if (found !== undefined) return found;
  if (LIST.test(plain)) return 'list';
  return THANKS.test(plain) && goods.length === 0 ? 'thanks' : null;
}

const aspectOf = (plain: string): Sentence['aspect'] =>
  ASPECTS.find(([, pattern]) => pattern.test(plain))?.[0] ?? null;

function goodsIntent(
  plain: string,
  goods: readonly SaidGoods[],
  quantity: number | null,
): Intent | null {
  if (goods.some((each) => each.quantity !== null)) return 'order';
  if (goods.length > 0) return ORDER.test(plain) ? 'order' : null;
  return ORDER.test(plain) && quantity === null && plain.length > 2 ? 'order' : null;
}

function countAt(text: string, at: number): { value: number; next: number } | null {
  if (text[at] === '半' && text[at + 1] === '打') return { value: 6, next: at + 2 };
  const number = chineseNumberAt(text, at);
  if (number === null || number.value > 9999) return null;
  if (text[number.next] === '打') return { value: number.value * 12, next: number.next + 1 };
  return number;
}

function findGoods(text: string, products: readonly Product[]) {
  const goods: SaidGoods[] = [];
  let rest = '';
  let quantity: number | null = null;
  let count: number | null = null;
  let at = 0;
  while (at < text.length) {
    const found = chineseGoodsAt(text, at, products);
    if (found !== null) {
      const after = count === null ? countAt(text, found.next) : null;
      goods.push({ codes: found.codes, quantity: count ?? after?.value ?? null });
      at = skipMeasure(text, after?.next ?? found.next);
      count = null;
      continue;
    }
    // 两三份 and 两份或者三份 are asked again.
    const vague = vagueCountAt(text, at, quantity !== null);
    if (vague > 0) {
      count = null;
      quantity = null;
      at += vague;
      continue;
    }
    // 一下 and 一点 count nothing.
    const number = /^一(下|点|些|共|遍|会)/.test(text.slice(at)) ? null : countAt(text, at);
    if (number !== null) {
      count = number.value;
      quantity = number.value;
      at = skipMeasure(text, number.next);
      continue;
    }
    if (!BETWEEN.test(text[at] ?? '')) count = null;
    rest += text[at];
    at += 1;
  }
  return { ...withCount(goods, quantity), rest };
}

/** How many characters tell a number that is none for sure; `told`: there was one before it. */
function vagueCountAt(text: string, at: number, told: boolean): number {
  const rest = text.slice(at);
  const two = /^[一二两三四五六七八九]{2}(?=[份个只碗杯盒袋张瓶笼盘套件])/.exec(rest)?.[0];
  if (two !== undefined) return two.length;
  const or = (told ? /^(或者?|还是|负)/ : /^负/).exec(rest)?.[0].length ?? 0;
  const number = or === 0 ? null : countAt(text, at + or);
  return number === null ? 0 : number.next - at;
}

const skipMeasure = (text: string, at: number): number =>
  isMeasure(text, at) || BETWEEN.test(text[at] ?? '') ? at + 1 : at;

function strangersOf(rest: string): string[] {
  let left = rest;
  for (const [, pattern] of [...INTENTS, ...ASPECTS]) left = cut(left, pattern);
  for (const pattern of [LIST, ORDER, YES, NO, THANKS]) left = cut(left, pattern);
  left = left.replace(FILLER, '').replace(/[零一二三四五六七八九十百千两幺洞\d a-z@.]/g, '');
  return left === '' ? [] : [left];
}

/** What a pattern took; of one with a wildcard only the characters that it names. */
function cut(text: string, pattern: RegExp): string {
  if (!/\.[*+]/.test(pattern.source)) return text.replace(new RegExp(pattern, 'g'), '');
  const named = new Set(pattern.source.match(/\p{Script=Han}/gu));
  return [...text].filter((char) => !named.has(char)).join('');
}
