/** What the units of each currency are called when a price is said. */
import type { Currency } from '#device/messages/money.ts';

/** `major` 1, `tenth` 1/10, `minor` 1/100 of the major unit. */
export type Unit = 'major' | 'tenth' | 'minor';

type Names = Readonly<Partial<Record<Unit, readonly string[]>>>;

const DOLLARS: Names = {
  major: ['dollar', 'dollars', 'buck', 'bucks'],
  minor: ['cent', 'cents'],
};

const ENGLISH_UNITS: Readonly<Record<Currency, Names>> = {
  CNY: {
    major: ['yuan', 'kuai', 'renminbi', 'rmb', '¥'],
    tenth: ['jiao', 'mao'],
    minor: ['fen'],
  },
  EUR: { major: ['euro', 'euros', '€'], minor: ['cent', 'cents'] },
  GBP: { major: ['pound', 'pounds', 'quid', '£'], minor: ['penny', 'pence', 'p'] },
  HKD: { ...DOLLARS, major: [...(DOLLARS.major ?? []), 'hk$'] },
  INR: { major: ['rupee', 'rupees', '₹'], minor: ['paisa', 'paise'] },
  JPY: { major: ['yen', '¥'] },
  KES: { major: ['shilling', 'shillings', 'bob', 'ksh'], minor: ['cent', 'cents'] },
  USD: { ...DOLLARS, major: [...(DOLLARS.major ?? []), '$'] },
};

const ALL_ENGLISH = new Set(
  Object.values(ENGLISH_UNITS).flatMap((names) => Object.values(names).flat()),
);

/** The unit that an English word is in `currency`; `other` where it is one of another currency. */
export function englishUnit(word: string, currency: Currency): Unit | 'other' | null {
  const names = ENGLISH_UNITS[currency];
  for (const unit of ['major', 'tenth', 'minor'] as const) {
    if (names[unit]?.includes(word)) return unit;
  }
  return ALL_ENGLISH.has(word) ? 'other' : null;
}

/** English words of the units of `currency` that are pronounced as they are spelt. */
export function englishUnitWords(currency: Currency): string[] {
  return Object.values(ENGLISH_UNITS[currency])
    .flat()
    .filter((word) => /^[a-z]{2,}$/.test(word));
}

const CHINESE_UNITS: Readonly<Record<Currency, Names>> = {
  CNY: {
    major: ['人民币', '块钱', '元钱', '块', '元'],
    tenth: ['毛钱', '毛', '角'],
    minor: ['分钱', '分', '¢'],
  },
  EUR: { major: ['欧元', '元'], minor: ['欧分', '分'] },
  GBP: { major: ['英镑', '镑'], minor: ['便士'] },
  HKD: {
    major: ['港元', '港币', '块钱', '块', '元'],
    tenth: ['毫', '毛', '角'],
    minor: ['港仙', '仙'],
  },
  INR: { major: ['卢比'], minor: ['派萨'] },
  JPY: { major: ['日元', '日圆', '元'] },
  KES: { major: ['先令'], minor: ['分'] },
  USD: { major: ['美元', '美金', '块钱', '块', '元'], minor: ['美分', '分'] },
};

const ALL_CHINESE = [
  ...new Set(Object.values(CHINESE_UNITS).flatMap((names) => Object.values(names).flat())),
].sort((a, b) => b.length - a.length);

/** The unit that begins at `at` of a Chinese text, and its length. */
export function chineseUnit(
  text: string,
  at: number,
  currency: Currency,
): { readonly unit: Unit | 'other'; readonly length: number } | null {
  const name = ALL_CHINESE.find((each) => text.startsWith(each, at));
  if (name === undefined) return null;
  const names = CHINESE_UNITS[currency];
  for (const unit of ['major', 'tenth', 'minor'] as const) {
    if (names[unit]?.includes(name)) return { unit, length: name.length };
  }
  return { unit: 'other', length: name.length };
}
