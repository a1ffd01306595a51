/** What the screen says of a voucher that is keyed in. */
import type { VoucherProblem } from '../flows/voucher.ts';

export interface VoucherTexts {
  readonly title: string;
  readonly asking: string;
  readonly number: (digits: string) => string;
  readonly code: (dots: string) => string;
  readonly hint: string;
  /** While an order is offered. */
  readonly offered: string;
  readonly problem: Readonly<Record<VoucherProblem, string>>;
}

export const ENGLISH_VOUCHER: VoucherTexts = {
  title: 'Voucher',
  asking: 'Redeeming…',
  number: (digits) => `Number: ${digits}`,
  code: (dots) => `Code: ${dots}`,
  hint: '12 digits, then the code, then Enter. Cancel: back',
  offered: '+ takes a voucher',
  problem: {
    wrong_code: 'Number or code is wrong.',
    locked: 'Too many wrong codes. Not for a quarter of an hour.',
    not_good: 'It is used up, over or not issued.',
    too_small: 'There is too little left on it.',
    whole_only: 'It can only be redeemed as a whole.',
    other_currency: 'It is in another currency.',
    busy: 'It is being redeemed just now. Try again.',
    misread: 'Twelve digits and a code of six: look again.',
    offline: 'No network: it can’t be redeemed now.',
    no_answer: 'No answer. Enter asks again.',
  },
};

export const CHINESE_VOUCHER: VoucherTexts = {
  title: '凭证',
  asking: '兑付中…',
  number: (digits) => `凭证号：${digits}`,
  code: (dots) => `验证码：${dots}`,
  hint: '输入 12 位号码和验证码后按确认；取消返回',
  offered: '按 + 使用凭证',
  problem: {
    wrong_code: '号码或验证码错误。',
    locked: '错误次数过多，一刻钟内不可用。',
    not_good: '已用完、已失效或尚未发行。',
    too_small: '余额不足。',
    whole_only: '只能整张兑付。',
    other_currency: '币种不符。',
    busy: '正在兑付，请重试。',
    misread: '应为 12 位号码和 6 位验证码，请核对。',
    offline: '没有网络，现在不能兑付。',
    no_answer: '没有回应，按确认再试。',
  },
};
