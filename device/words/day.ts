/** What is said of the business day and its end, on the screen and on paper. */
import type { DayDifference, DayOutcome } from '#device/messages/day.ts';
import type { Language } from '#device/messages/enrolment.ts';

export interface DayTexts {
  readonly menuClose: string;
  readonly openDay: (number: number) => string;
  readonly closedDay: (number: number) => string;
  /** Sales and their sum in words of their own. */
  readonly closedLine: (number: number, sales: string, sum: string) => string;
  readonly report: (number: number) => string;
  readonly sales: (count: number) => string;
  readonly salesLabel: string;
  readonly nothingYet: string;
  readonly closing: string;
  readonly refused: string;
  readonly waits: string;
  readonly agreed: string;
  readonly healed: (count: number) => string;
  readonly differs: (count: number) => string;
  readonly more: (count: number) => string;
  readonly hintClose: string;
  readonly hintSure: string;
  readonly hintDone: string;
  readonly hintAgain: string;
  readonly outcome: Readonly<Record<DayOutcome, string>>;
  /** Of a way that is not known here, the word itself. */
  readonly way: Readonly<Record<string, string>>;
  readonly refunds: string;
  readonly cards: string;
  readonly carried: string;
  readonly from: string;
  readonly to: string;
  readonly terminal: string;
  readonly book: string;
  readonly head: string;
  readonly digest: string;
  readonly printAgain: string;
  /** One sentence; names the order, the card's transaction or the refund. */
  readonly difference: (difference: DayDifference) => string;
}

const NOUN_EN = { order: 'Order', card: 'Card transaction', refund: 'Refund', day: 'Day' } as const;
const NOUN_ZH = { order: '订单', card: '刷卡', refund: '退款', day: '日结' } as const;

function differenceInEnglish({ kind, of, name, terminal = '?', gateway = '?' }: DayDifference) {
  const what = `${NOUN_EN[of]} ${name}`;
  switch (kind) {
    case 'missing_at_gateway':
      return `${what} is missing at the server.`;
    case 'missing_at_terminal':
      return `${what} is missing at this terminal.`;
    case 'outcome_differs':
      return `${what}: ${terminal} here, ${gateway} at the server.`;
    case 'amount_differs':
      return `${what}: amount ${terminal} here, ${gateway} at the server.`;
    case 'way_differs':
      return `${what}: by ${terminal} here, by ${gateway} at the server.`;
    case 'twice':
      return `${what} is counted twice here.`;
    case 'totals_differ':
      return `${what}: the totals are not those of its sales.`;
  }
}

function differenceInChinese({ kind, of, name, terminal = '?', gateway = '?' }: DayDifference) {
  const what = `${NOUN_ZH[of]} ${name}`;
  switch (kind) {
    case 'missing_at_gateway':
      return `${what}：服务器没有。`;
    case 'missing_at_terminal':
      return `${what}：本机没有。`;
    case 'outcome_differs':
    case 'amount_differs':
    case 'way_differs':
      return `${what}：本机 ${terminal}，服务器 ${gateway}。`;
    case 'twice':
      return `${what}：本机记了两次。`;
    case 'totals_differ':
      return `${what}：合计与明细不符。`;
  }
}

const ENGLISH_DAY_TEXTS: DayTexts = {
  menuClose: '6  End of the day',
  openDay: (number) => `Day ${number}, open`,
  closedDay: (number) => `Day ${number} closed`,
  closedLine: (number, sales, sum) => `Day ${number} closed: ${sales}, ${sum}`,
  report: (number) => `Z-report ${number}`,
  sales: (count) => (count === 1 ? '1 sale' : `${count} sales`),
  salesLabel: 'Sales',
  nothingYet: 'Nothing has ended since the last close.',
  closing: 'Closing the day…',
  refused: 'The day could not be written down. Make room on the disk, then try again.',
  waits: 'Not compared with the server yet.',
  agreed: 'The server agrees.',
  healed: (count) => `${count} mended since.`,
  differs: (count) =>
    count === 1 ? 'The server differs in 1 thing:' : `The server differs in ${count} things:`,
  more: (count) => `… and ${count} more: ask the operator.`,
  hintClose: 'Enter: close the day · Cancel: back',
  hintSure: 'Enter again: close it now · Cancel: leave it open',
  hintDone: '0: print the last report · Cancel: back',
  hintAgain: 'Enter: close the day · 0: print the last report · Cancel: back',
  outcome: {
    paid: 'Paid',
    declined: 'Not paid',
    cancelled: 'Cancelled',
    expired: 'Expired',
    conflicts: 'Not taken',
  },
  way: { phone: 'phone', card: 'card', voucher: 'voucher' },
  refunds: 'Given back',
  cards: 'Card debits',
  carried: 'Open, next day',
  from: 'From',
  to: 'To',
  terminal: 'Terminal',
  book: 'Book',
  head: 'Journal',
  digest: 'Proof',
  printAgain: 'With the server’s answer: print it again, + 6 0.',
  difference: differenceInEnglish,
};

const CHINESE_DAY_TEXTS: DayTexts = {
  menuClose: '6  日结',
  openDay: (number) => `第 ${number} 日，未结`,
  closedDay: (number) => `第 ${number} 日已结`,
  closedLine: (number, sales, sum) => `第 ${number} 日已结：${sales}，${sum}`,
  report: (number) => `日结单 ${number}`,
  sales: (count) => `${count} 笔收款`,
  salesLabel: '收款笔数',
  nothingYet: '上次日结以后还没有完成的订单。',
  closing: '正在日结…',
  refused: '日结写不下来。请先清理存储，再试一次。',
  waits: '还没有与服务器核对。',
  agreed: '与服务器一致。',
  healed: (count) => `${count} 处已补齐。`,
  differs: (count) => `与服务器有 ${count} 处不符：`,
  more: (count) => `还有 ${count} 处，请联系运营方。`,
  hintClose: '确认：日结 · 取消：返回',
  hintSure: '再按确认：现在日结 · 取消：先不结',
  hintDone: '0：重印上次日结单 · 取消：返回',
  hintAgain: '确认：日结 · 0：重印上次日结单 · 取消：返回',
  outcome: {
    paid: '已付款',
    declined: '未付款',
    cancelled: '已取消',
    expired: '已过期',
    conflicts: '未受理',
  },
  way: { phone: '手机', card: '刷卡', voucher: '券' },
  refunds: '退款',
  cards: '卡扣款',
  carried: '未完，转次日',
  from: '起',
  to: '止',
  terminal: '终端',
  book: '账册',
  head: '日志',
  digest: '凭据',
  printAgain: '服务器自动核对；按 + 6 0 重印可见结果。',
  difference: differenceInChinese,
};

/** What is said of the day in one language. */
export function dayTextsIn(language: Language): DayTexts {
  switch (language) {
    case 'en':
      return ENGLISH_DAY_TEXTS;
    case 'zh-CN':
      return CHINESE_DAY_TEXTS;
  }
}
