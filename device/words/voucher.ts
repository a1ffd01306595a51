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
  readonly until: (date: string) => string;
  readonly onlyWhole: string;
  readonly hintPresented: string;
  readonly hintOffline: string;
  readonly scanProblem: Readonly<Record<ScanProblem, string>>;
}

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
  genuine: (face) => `Genuine, over ${face}`,
  genuineLeft: (left, face) => `Genuine: ${left} left of ${face}`,
  checkedOnly: 'No network: only checked, and what is left is not known.',
  lookingUp: 'Asking what is left…',
  of: (beneficiary) => `For ${beneficiary}`,
  until: (date) => `Good until ${date}`,
  onlyWhole: 'Only as a whole',
  hintPresented: 'Key an amount, then Enter. Enter alone: all that is left. Cancel: back',
  hintOffline: 'It can’t be redeemed without network. Cancel: back',
  scanProblem: {
    product: 'That is a product’s barcode, no voucher. Scan the voucher’s QR code.',
    payment: 'That is a payment code, no voucher. Scan the voucher’s QR code.',
    link: 'That is a link, no voucher. Scan the voucher’s QR code.',
    layout: 'The scanner types for another keyboard. Set it to US English, as its manual says.',
    unknown: 'That is no voucher. Scan the voucher’s QR code.',
    garbled: 'The scan came garbled. Scan it again.',
    too_long: 'That code is too long for a voucher. Scan the voucher’s QR code.',
    half: 'Only half of it came. Scan again; set the scanner to type Enter behind a code.',
    busy: 'Not now: finish what is on the screen, then scan again.',
    no_key: 'Vouchers can’t be checked yet: connect to the network once, then scan again.',
    forged: 'It is not genuine, or not of this house. Don’t take it.',
    expired: 'The voucher has expired. Take another payment.',
    other_currency: 'The voucher is in another currency. Take another payment.',
    passed_on: 'The voucher was passed on: ask for the newer QR code.',
    not_good: 'The voucher is used up, cancelled or over. Take another payment.',
    too_small: 'There is too little left on it. Key a smaller amount.',
    whole_only: 'It can only be redeemed as a whole. Enter alone takes all of it.',
    offline: 'No network: it can’t be redeemed now. Cancel, or wait for the network.',
    no_amount: 'What is left is not known yet. Key the amount.',
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
  until: (date) => `有效期至 ${date}`,
  onlyWhole: '只能整张兑付',
  hintPresented: '输入金额后按确认；直接按确认收全部余额；取消返回',
  hintOffline: '没有网络不能兑付；取消返回',
  scanProblem: {
    product: '这是商品条码，不是凭证。请扫凭证二维码。',
    payment: '这是付款码，不是凭证。请扫凭证二维码。',
    link: '这是网址，不是凭证。请扫凭证二维码。',
    layout: '扫码枪的键盘布局不对，请按说明书设为美式英语。',
    unknown: '这不是凭证。请扫凭证二维码。',
    garbled: '扫码内容混乱，请重扫。',
    too_long: '内容太长，不是凭证。请扫凭证二维码。',
    half: '只收到一半，请重扫；并把扫码枪设为扫后加回车。',
    busy: '现在不能扫：请先完成屏幕上的操作，再扫一次。',
    no_key: '还不能核验凭证：请先联网一次，再扫。',
    forged: '凭证不是真的，或不属于本系统，请勿接受。',
    expired: '凭证已过期，请用其他方式收款。',
    other_currency: '凭证币种不符，请用其他方式收款。',
    passed_on: '凭证已转让，请出示新的二维码。',
    not_good: '凭证已用完、已取消或已失效，请用其他方式收款。',
    too_small: '余额不足，请输入较小的金额。',
    whole_only: '只能整张兑付，直接按确认收全部。',
    offline: '没有网络，现在不能兑付。请取消，或等网络恢复。',
    no_amount: '余额未知，请输入金额。',
  },
};
