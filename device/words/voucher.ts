/** What the screen says of a voucher that is keyed in or scanned, and of other scans. */
import type { ScanProblem } from '../flows/scan.ts';
import type { VoucherProblem } from '../flows/voucher.ts';

export interface VoucherTexts {
  readonly title: string;
  readonly asking: string;
  readonly number: (digits: string) => string;
  readonly code: (dots: string) => string;
  readonly hint: string;
  readonly hintScanned: string;
  /** While an order is offered. */
  readonly offered: string;
  readonly problem: Readonly<Record<VoucherProblem, string>>;
  /** A scanned one waits for an amount. */
  readonly howMuch: string;
  /** The same without network. */
  readonly checked: string;
  readonly genuine: (face: string) => string;
  readonly genuineLeft: (left: string, face: string) => string;
  readonly checkedOnly: string;
  readonly lookingUp: string;
  readonly of: (beneficiary: string) => string;
  readonly until: (moment: string) => string;
  readonly onlyWhole: string;
  readonly hintPresented: string;
  /** An amount is keyed for it. */
  readonly hintPays: string;
  readonly hintOffline: string;
  /** What it was, and the mend; each short enough for a serial display. */
  readonly scanProblem: Readonly<Record<ScanProblem, readonly [what: string, mend: string]>>;
}

const [QR, OTHERWISE] = ['Scan the voucher’s QR code.', 'Take another payment.'];
const [QR_ZH, OTHERWISE_ZH] = ['请扫凭证二维码。', '请用其他方式收款。'];

export const ENGLISH_VOUCHER: VoucherTexts = {
  title: 'Voucher',
  asking: 'Redeeming…',
  number: (digits) => `Number: ${digits}`,
  code: (dots) => `Code: ${dots}`,
  hint: '12 digits, then the code, then Enter. Cancel: back',
  hintScanned: 'Key the code of six, then Enter. Cancel: back',
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
    forged: 'It is not genuine. Don’t take it.',
    passed_on: 'It was passed on. Ask for the new code.',
  },
  howMuch: 'Voucher: how much?',
  checked: 'Voucher checked',
  genuine: (face) => `Genuine voucher over ${face}`,
  genuineLeft: (left, face) => `Genuine voucher: ${left} left of ${face}`,
  checkedOnly: 'No network: only checked.',
  lookingUp: 'Asking what is left…',
  of: (beneficiary) => `For ${beneficiary}`,
  until: (moment) => `Good until ${moment}`,
  onlyWhole: 'Only as a whole',
  hintPresented: 'Amount, then Enter. Enter alone: all that is left. Cancel: back',
  hintPays: 'Enter: the voucher pays this · Cancel: start over',
  hintOffline: 'It can’t be redeemed without network. Cancel: back',
  scanProblem: {
    product: ['A product’s barcode, no voucher.', QR],
    payment: ['A payment code, no voucher.', QR],
    link: ['A link, no voucher.', QR],
    layout: ['Scanner set to another keyboard.', 'Set it to US English.'],
    unknown: ['That is no voucher.', QR],
    garbled: ['The scan came garbled.', 'Scan it again.'],
    too_long: ['Too long for a voucher.', QR],
    half: ['Only half of it came. Scan again.', 'Scanner must type Enter at the end.'],
    busy: ['Not now.', 'Finish this first, then scan again.'],
    no_vouchers: ['This house has no vouchers.', OTHERWISE],
    no_key: ['Vouchers can’t be checked yet.', 'Connect to the network once.'],
    forged: ['Not genuine, or of another house.', 'Don’t take it.'],
    expired: ['The voucher has expired.', OTHERWISE],
    other_currency: ['A voucher in another currency.', OTHERWISE],
    passed_on: ['The voucher was passed on.', 'Ask for the newer QR code.'],
    not_good: ['Used up, cancelled or over.', OTHERWISE],
    too_small: ['There is too little left on it.', 'Key a smaller amount.'],
    whole_only: ['Only redeemed as a whole.', 'Enter alone takes all of it.'],
    offline: ['No network: not redeemed now.', 'Cancel, or wait for the network.'],
    no_amount: ['What is left is not known yet.', 'Key the amount.'],
  },
};

export const CHINESE_VOUCHER: VoucherTexts = {
  title: '凭证',
  asking: '兑付中…',
  number: (digits) => `凭证号：${digits}`,
  code: (dots) => `验证码：${dots}`,
  hint: '输入 12 位号码和验证码后按确认；取消返回',
  hintScanned: '输入 6 位验证码后按确认；取消返回',
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
    forged: '凭证不是真的，请勿接受。',
    passed_on: '凭证已转让，请出示新的二维码。',
  },
  howMuch: '凭证：收多少？',
  checked: '凭证已核验',
  genuine: (face) => `真凭证，面额 ${face}`,
  genuineLeft: (left, face) => `真凭证，面额 ${face}，剩余 ${left}`,
  checkedOnly: '没有网络：仅核验真伪，余额未知。',
  lookingUp: '正在查询余额…',
  of: (beneficiary) => `受益人：${beneficiary}`,
  until: (moment) => `有效期至 ${moment}`,
  onlyWhole: '只能整张兑付',
  hintPays: '确认：用凭证支付 · 取消：重新输入',
  hintPresented: '输入金额后按确认；直接按确认收全部余额；取消返回',
  hintOffline: '没有网络不能兑付；取消返回',
  scanProblem: {
    product: ['商品条码，不是凭证。', QR_ZH],
    payment: ['付款码，不是凭证。', QR_ZH],
    link: ['网址，不是凭证。', QR_ZH],
    layout: ['扫码枪的键盘布局不对。', '请设为美式英语。'],
    unknown: ['这不是凭证。', QR_ZH],
    garbled: ['扫码内容混乱。', '请重扫。'],
    too_long: ['内容太长，不是凭证。', QR_ZH],
    half: ['只收到一半，请重扫。', '扫码枪应在末尾加回车。'],
    busy: ['现在不能扫。', '请先完成当前操作，再扫。'],
    no_vouchers: ['本系统没有凭证业务。', OTHERWISE_ZH],
    no_key: ['还不能核验凭证。', '请先联网一次，再扫。'],
    forged: ['不是真凭证，或不属于本系统。', '请勿接受。'],
    expired: ['凭证已过期。', OTHERWISE_ZH],
    other_currency: ['凭证币种不符。', OTHERWISE_ZH],
    passed_on: ['凭证已转让。', '请出示新的二维码。'],
    not_good: ['凭证已用完、取消或失效。', OTHERWISE_ZH],
    too_small: ['凭证余额不足。', '请输入较小的金额。'],
    whole_only: ['只能整张兑付。', '直接按确认收全部。'],
    offline: ['没有网络，现在不能兑付。', '请取消，或等网络恢复。'],
    no_amount: ['余额未知。', '请输入金额。'],
  },
};
