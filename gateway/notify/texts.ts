/** Every sentence that is sent to a person outside, in both languages, in one place. */
import type { Language } from '#device/messages/enrolment.ts';

const EN = {
  link_sms: '{merchant}: order {order}, {amount}. Pay within {minutes} min: {link}',
  link_subject: '{merchant}: pay order {order}',
  link_text:
    'Thank you for your order {order} at {merchant}.\n\n{lines}\n\nTotal: {amount}\n\nPay within {minutes} minutes:\n{link}\n\nOnly the owner of the phone number ending in {digits} can pay. Nobody who calls you needs the number of a card or a code of it: do not tell them.\n',
  paid_sms: '{merchant}: order {order} is paid, {amount}. Payment {payment}.',
  paid_subject: '{merchant}: order {order} is paid',
  paid_text:
    'Order {order} at {merchant} is paid.\n\n{lines}\n\nTotal: {amount}\nPayment: {payment}\nPaid from: {payer}\n',
  refunded_sms: '{merchant}: {back} of order {order} goes back to you. Payment {payment}.',
  refunded_subject: '{merchant}: money back of order {order}',
  refunded_text:
    '{back} of order {order} at {merchant} goes back to where it was paid from.\n\n{lines}\n\nTotal: {amount}\nPayment: {payment}\nBack to: {payer}\n',
} as const;

export type TextKey = keyof typeof EN;

const ZH: Readonly<Record<TextKey, string>> = {
  link_sms: '【{merchant}】订单{order}，{amount}，请在{minutes}分钟内付款：{link}',
  link_subject: '{merchant}：订单{order}待付款',
  link_text:
    '感谢您在{merchant}下单，订单号{order}。\n\n{lines}\n\n合计：{amount}\n\n请在{minutes}分钟内付款：\n{link}\n\n仅尾号{digits}的手机号机主可以付款。任何来电者都不需要您的卡号或验证码，请勿告知。\n',
  paid_sms: '【{merchant}】订单{order}已付款，{amount}，付款编号{payment}。',
  paid_subject: '{merchant}：订单{order}已付款',
  paid_text:
    '您在{merchant}的订单{order}已付款。\n\n{lines}\n\n合计：{amount}\n付款编号：{payment}\n付款账户：{payer}\n',
  refunded_sms: '【{merchant}】订单{order}已退款{back}，付款编号{payment}。',
  refunded_subject: '{merchant}：订单{order}已退款',
  refunded_text:
    '您在{merchant}的订单{order}已退款{back}，款项原路退回。\n\n{lines}\n\n合计：{amount}\n付款编号：{payment}\n退回账户：{payer}\n',
};

const TEXTS: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = {
  en: EN,
  'zh-CN': ZH,
};

/** The sentence with its `{gaps}` filled; throws on a gap that is not. */
export function writeText(
  language: Language,
  key: TextKey,
  gaps: Readonly<Record<string, string>>,
): string {
  return TEXTS[language][key].replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = gaps[name];
    if (value === undefined) throw new Error(`${key} has a gap ${name}`);
    return value;
  });
}
