/** Mandarin prompts, and amounts with 零, 两, 万, 角 and 分 where a market puts them. */
import { CURRENCIES, type Currency } from '#device/messages/money.ts';

/** Key: the clip without its `zh.`, in pinyin or English; value: what is heard. */
export const CHINESE = {
  ling: '零',
  yi: '一',
  er: '二',
  liang: '两',
  san: '三',
  si: '四',
  wu: '五',
  liu: '六',
  qi: '七',
  ba: '八',
  jiu: '九',
  shi: '十',
  bai: '百',
  qian: '千',
  wan: '万',
  yuan: '元',
  jiao: '角',
  fen: '分',
  euro: '欧元',
  'euro-cent': '欧分',
  pound: '英镑',
  penny: '便士',
  'hk-dollar': '港元',
  'hk-cent': '港仙',
  dollar: '美元',
  cent: '美分',
  yen: '日元',
  shilling: '先令',
  rupee: '卢比',
  paisa: '派萨',
  received: '收款',
  earlier: '先前',
  declined: '付款失败',
  'insufficient-funds': '余额不足',
  'account-blocked': '账户已停用',
  'payer-not-verified': '付款人未通过验证',
  cancelled: '订单已取消',
  expired: '订单已过期',
  refunded: '退款',
  'web-order': '网上订单',
  'to-the-payer': '给顾客',
  'is-it': '是不是',
  'press-enter': '对就按确认',
  'not-understood': '没有听懂',
  ready: '可以收款了',
  'no-network': '网络断开',
  'network-back': '网络已恢复',
  'try-again': '请再试一次',
  'printer-fault': '请检查打印机',
  offline: '离线收款',
  'card-not-taken': '本机不收储值卡',
  'card-foreign': '不是本系统的卡',
  'card-blank': '卡还没有开通',
  'card-copy': '卡不是真的',
  'card-renew': '卡的密钥需要更新',
  'card-blocked': '卡已停用',
  'card-currency': '卡的币种不对',
  'card-not-enough': '卡内余额不足',
  'card-two': '请只放一张卡',
  'card-again': '请再刷一次',
  'card-silent': '卡没有反应',
  'card-garbled': '卡的回应不对',
  'card-refused': '卡拒绝扣款',
  'card-same': '请再放上同一张卡',
  'card-other': '这是另一张卡',
  'card-unclear': '等待结算中心',
  'card-owed': '已取消的订单扣了款',
  'card-not-debited': '没有扣款',
  'card-limit-amount': '没有网络，金额太大',
  'card-limit-count': '没有网络，笔数已满',
  'card-limit-sum': '没有网络，总额已满',
  'card-list-old': '停用卡名单太旧',
  'card-too-full': '超出卡内限额',
  'card-disk': '存储已满',
  'day-closed': '今日已结账',
  sale: '笔',
  sales: '笔收款',
  'in-all': '合计',
} as const;

export type ChineseWord = keyof typeof CHINESE;

/** Major and minor unit; the yuan alone is told in 角 and 分. */
const UNITS: Record<Exclude<Currency, 'CNY'>, readonly [ChineseWord, ChineseWord]> = {
  EUR: ['euro', 'euro-cent'],
  GBP: ['pound', 'penny'],
  HKD: ['hk-dollar', 'hk-cent'],
  INR: ['rupee', 'paisa'],
  JPY: ['yen', 'yen'],
  KES: ['shilling', 'fen'],
  USD: ['dollar', 'cent'],
};

const FIGURES: readonly ChineseWord[] = [
  'ling',
  'yi',
  'er',
  'san',
  'si',
  'wu',
  'liu',
  'qi',
  'ba',
  'jiu',
];
const PLACES: readonly [number, ChineseWord][] = [
  [1000, 'qian'],
  [100, 'bai'],
  [10, 'shi'],
];

function figure(value: number): ChineseWord {
  const found = FIGURES[value];
  if (found === undefined) throw new RangeError(`there is no word for ${value}`);
  return found;
}

/** 1 to 9999. `leading`: nothing was said before it, so ten is 十 and not 一十. */
function below10000(value: number, leading: boolean): ChineseWord[] {
  const words: ChineseWord[] = [];
  let gap = false;
  for (const [place, name] of PLACES) {
    const count = Math.floor(value / place) % 10;
    if (count === 0) {
      gap = words.length > 0;
      continue;
    }
    if (gap) words.push('ling');
    gap = false;
    const bareTen = place === 10 && count === 1 && leading && words.length === 0;
    if (!bareTen) words.push(count === 2 && place > 10 ? 'liang' : figure(count));
    words.push(name);
  }
  const ones = value % 10;
  if (ones === 0) return words;
  return [...words, ...(gap ? (['ling'] as const) : []), figure(ones)];
}

/** A number before a unit: two of something are 两, while 十二 and 二十 keep 二. */
function count(value: number): ChineseWord[] {
  if (value === 2) return ['liang'];
  const high = Math.floor(value / 10_000);
  const low = value % 10_000;
  if (high === 0) return below10000(low, true);
  const words: ChineseWord[] = [...(high === 2 ? (['liang'] as const) : below10000(high, true))];
  words.push('wan');
  if (low === 0) return words;
  return [...words, ...(low < 1000 ? (['ling'] as const) : []), ...below10000(low, false)];
}

/** A number of things, up to 99 999 999. */
export const countInChinese = (value: number): ChineseWord[] =>
  value === 0 ? ['ling'] : count(value);

/**
 * Words of an amount of at least one minor unit: 1250 CNY → 十二元五角; 1205 CNY → 十二元零五分.
 * A missing unit in the middle is said as 零, so that 五分 is never taken for 五角.
 */
export function amountInChinese(amountMinor: number, currency: Currency): ChineseWord[] {
  const scale = 10 ** CURRENCIES[currency].places;
  const whole = Math.floor(amountMinor / scale);
  const fraction = amountMinor % scale;
  const words: ChineseWord[] = [];
  if (currency !== 'CNY') {
    const [major, minor] = UNITS[currency];
    if (whole > 0) words.push(...count(whole), major);
    if (whole > 0 && fraction > 0 && fraction < 10) words.push('ling');
    if (fraction > 0) words.push(...count(fraction), minor);
    return words;
  }
  if (whole > 0) words.push(...count(whole), 'yuan');
  const jiao = Math.floor(fraction / 10);
  const fen = fraction % 10;
  if (jiao > 0) words.push(...count(jiao), 'jiao');
  if (fen > 0 && jiao === 0 && whole > 0) words.push('ling');
  if (fen > 0) words.push(...count(fen), 'fen');
  return words;
}
