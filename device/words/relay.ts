/** What the screen says of a card that the gateway drives, in both languages. */
import type { Language } from '../messages/enrolment.ts';
import type { RelayPurpose, RelaySaid } from '../messages/relay.ts';

export interface RelayTexts {
  readonly hold: Readonly<Record<RelayPurpose, string>>;
  readonly digits: string;
  readonly digitsAdvice: string;
  /** Beside the digits of an order at the stall. */
  readonly digitsLine: (digits: string) => string;
  readonly keep: string;
  readonly keepAdvice: string;
  readonly done: Readonly<Record<RelayPurpose, string>>;
  readonly said: Readonly<Record<Exclude<RelaySaid, 'done'>, string>>;
  readonly advice: Readonly<Record<Exclude<RelaySaid, 'done'>, string>>;
  readonly balance: (amount: string) => string;
  /** It waits until what is on the screen is over. */
  readonly afterThis: (what: string) => string;
  readonly hint: string;
}

const EN: RelayTexts = {
  hold: {
    pay: 'Hold the card to pay',
    load: 'Hold the card to load it',
    refund: 'Hold the card to refund',
    inspect: 'Hold the card',
    personalise: 'Hold a blank card',
  },
  digits: 'Type these two digits',
  digitsLine: (digits) => `For the shop’s page: ${digits}`,
  digitsAdvice: 'On the shop’s page. They prove who stands here.',
  keep: 'Keep the card there',
  keepAdvice: 'A moment …',
  done: {
    pay: 'Paid by card',
    load: 'Card loaded',
    refund: 'Refunded to the card',
    inspect: 'Balance',
    personalise: 'The card is ready',
  },
  said: {
    nothing_due: 'Nothing to collect',
    unknown_card: 'Not one of our cards',
    blocked_card: 'This card is blocked',
    insufficient_funds: 'Not enough on the card',
    too_much: 'The card can’t hold that much',
    again: 'Hold the same card again',
    failed: 'That did not work',
  },
  advice: {
    nothing_due: 'Nothing was changed.',
    unknown_card: 'Nothing was changed.',
    blocked_card: 'Nothing was changed. Ask where you got it.',
    insufficient_funds: 'Nothing was taken.',
    too_much: 'Nothing was changed.',
    again: 'It was taken away too early; nothing is done twice.',
    failed: 'Please try again.',
  },
  balance: (amount) => `On the card: ${amount}`,
  afterThis: (what) => `After this: ${what}`,
  hint: 'A key leads back to the amount.',
};

const ZH: RelayTexts = {
  hold: {
    pay: '请刷卡付款',
    load: '请放卡充值',
    refund: '请放卡退款',
    inspect: '请放卡',
    personalise: '请放一张空白卡',
  },
  digits: '请输入这两位数字',
  digitsLine: (digits) => `网店页面用的数字：${digits}`,
  digitsAdvice: '在商店网页上输入，以确认您就在这里。',
  keep: '请不要移开卡片',
  keepAdvice: '请稍候……',
  done: {
    pay: '刷卡已支付',
    load: '充值成功',
    refund: '已退款到卡',
    inspect: '余额',
    personalise: '卡片已开通',
  },
  said: {
    nothing_due: '没有待领取的款项',
    unknown_card: '不是本系统的卡',
    blocked_card: '此卡已冻结',
    insufficient_funds: '卡内余额不足',
    too_much: '超出卡片限额',
    again: '请再放一次同一张卡',
    failed: '未成功',
  },
  advice: {
    nothing_due: '未作任何更改。',
    unknown_card: '未作任何更改。',
    blocked_card: '未作任何更改，请联系发卡处。',
    insufficient_funds: '未扣款。',
    too_much: '未作任何更改。',
    again: '卡片移开得太早，不会重复操作。',
    failed: '请重试。',
  },
  balance: (amount) => `卡内余额：${amount}`,
  afterThis: (what) => `稍后：${what}`,
  hint: '按任意键返回金额。',
};

export const relayTextsIn = (language: Language): RelayTexts => (language === 'zh-CN' ? ZH : EN);
