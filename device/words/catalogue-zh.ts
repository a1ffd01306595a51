import type { EntryProblem, Texts } from './catalogue.ts';
import { CHINESE_VOUCHER } from './voucher.ts';

function problem(which: EntryProblem, detail: string): string {
  switch (which) {
    case 'empty':
      return '请先输入金额。';
    case 'zero':
      return '金额是 0，请输入要收多少钱。';
    case 'not_a_number':
      return '这不是金额，只能用数字和一个小数点。';
    case 'two_points':
      return '只能有一个小数点，请按退格键改正。';
    case 'negative':
      return '金额不能小于 0。';
    case 'too_many_places':
      return detail === '0'
        ? '这种货币没有小数，请不要按小数点。'
        : `小数点后最多 ${detail} 位，请按退格键改正。`;
    case 'too_large':
      return `金额太大，一单最多 ${detail}。`;
    case 'quantity_zero':
      return '数量至少是 1。';
    case 'quantity_too_large':
      return `数量太多，最多 ${detail}。`;
    case 'unknown_item':
      return `没有编号为 ${detail} 的商品，请看价目表。`;
    case 'too_many_lines':
      return `这一单已满 ${detail} 项，请先收款，再开下一单。`;
    case 'too_many_keys':
      return '数字太长，请按退格键删掉一位。';
  }
}

export const CHINESE_TEXTS: Texts = {
  starting: '正在启动…',
  enterAmount: '请输入金额',
  voiceOpening: '请稍等…',
  listening: '请说…',
  isThisRight: '对吗？',
  perhapsThis: '是这个吗？',
  guessAdvice: '没有听清：看清楚再按确认，或按 * 再说。',
  enterQuantity: '几份？',
  enterItem: '商品编号？',
  saving: '正在保存…',
  scanToPay: '请扫码付款',
  waitingForNetwork: '暂时没有网络',
  cancelling: '正在取消…',
  expiring: '时间到了',
  outcome: { paid: '已收款', declined: '付款失败', cancelled: '已取消', expired: '已过期' },
  earlier: (outcome) => `先前的订单：${outcome}`,
  phoneAsked: '已请顾客确认',
  phonePaying: '正在付款…',
  attemptFailed: '付款没有成功',
  outOfService: '暂时不能收款',
  notEnrolled: '本机还没有登记摊位',

  reason: {
    insufficient_funds: '顾客的余额不足。',
    account_blocked: '顾客的账户已停用。',
    payer_not_verified: '顾客没有通过身份验证。',
  },
  declinedAdvice: '没有扣款，请顾客换一种方式付款。',
  cancelledAdvice: '没有扣款。',
  expiredAdvice: '没有人及时付款。顾客还在的话，请重新输入金额。',
  waitingForNetworkAdvice: '订单已存好，有网络会自动发出。先不要交货。',
  expiringAdvice: '正在确认最后一刻有没有付款，请稍等。',
  terminalLine: (number) => `终端号 ${number}`,
  pairAt: (address) => `手机付款：${address}`,
  phoneConnected: (payer) => `手机 ${payer} 已连接`,
  phonePayingLine: (payer) => `手机 ${payer} 正在付款，先不要交货。`,
  voucher: CHINESE_VOUCHER,
  attemptReason: {
    insufficient_funds: '账户余额不足。',
    account_blocked: '账户已停用。',
    account_locked: '密码错误次数太多，账户暂时锁定。',
    payer_refused: '顾客没有同意付款。',
    expired: '顾客付款超时。',
    withdrawn: '顾客离开了。',
    platform_unreachable: '支付平台没有回应。',
    platform_refused: '支付平台拒绝了这笔付款。',
  },
  attemptAdvice: '订单仍然有效，顾客可以再试一次，或者扫码付款。',
  digitsLabel: (digits) => `验证码：${digits}`,
  orderLine: (number) => `订单 ${number}`,
  itemLine: (quantity, name, total) => `${quantity} × ${name}  ${total}`,
  unnamedItem: '商品',
  totalLine: (total) => `合计 ${total}`,
  paidByLine: (payer) => `付款人 ${payer}`,
  secondsLeft: (seconds) => `还剩 ${seconds} 秒`,
  waitingToSend: (orders) => `${orders} 单等待网络`,
  diskFull: '存储卡已满，无法保存订单，请联系安装人员。',
  notSaved: '订单没有保存成功，所以没有发出，请再试一次。',
  conflict: (field) => `服务器上同一单号的内容不同（${field}），请联系安装人员。`,
  listeningAdvice: '请说金额，例如“十二块五”。',
  voiceProblem: {
    nothing: '没有听到金额。按 * 再说一次，或者用键盘输入。',
    not_understood: '没有听懂。按 * 再说一次，或者用键盘输入。',
    ambiguous: '可能是两个金额。请连单位一起说，或者用键盘输入。',
    other_currency: '这是别的货币。请再说一次，或者用键盘输入。',
    too_many_places: '小数位太多。请再说一次，或者用键盘输入。',
    zero: '金额是 0，请说要收多少钱。',
    too_large: '金额太大。请再说一次，或者用键盘输入。',
    silence: '没有听到声音。按 *，听到提示音后再说，或者用键盘输入。',
    failed: '语音输入出错，请用键盘输入。',
    unsure: '没有听清。按 * 再说一次，或者用键盘输入。',
    unavailable: '语音输入暂时不能用，请用键盘输入。',
  },

  problem,

  hintEnterAmount: '确认：收款 · *：数量 · /：商品编号 · +：菜单',
  hintCards: '输入金额后按确认 · +：菜单',
  hintSpeak: '*：语音输入',
  hintListening: '请说话 · 按任意键停止',
  hintIsThisRight: '确认：收款 · 数字：改用键盘 · 取消：重新开始',
  hintPaired: '输入金额后按确认 · 取消：断开手机',
  hintConfirm: '确认：收款 · +：下一项 · 取消：重新开始',
  hintEnterQuantity: '输入数量后按确认 · 取消：返回',
  hintEnterItem: '输入商品编号后按确认 · 取消：返回',
  hintOffered: '取消：作废这一单',
  hintWait: '请稍等',
  hintNextSale: '可以输入下一单金额',
  hintAfterProblem: '退格：删一位 · 取消：重新开始',

  organ: {
    keypad: '键盘',
    pad: '第二键盘',
    screen: '屏幕',
    customer_panel: '顾客屏',
    oled: '小屏幕',
    printer: '打印机',
    speaker: '喇叭',
    advertiser: '蓝牙',
    lamp: '指示灯',
    buzzer: '蜂鸣器',
    panel: '按键板',
    reader: '读卡器',
    microphone: '麦克风',
    recogniser: '语音输入',
  },
  why: {
    absent: '没有接上。',
    denied: '本程序无权使用。',
    busy: '正被其他程序占用。',
    missing_tool: '缺少所需的程序。',
    timeout: '没有反应。',
    unready: '在等你处理。',
    lost: '已断开。',
    protocol: '回应不正常。',
  },
  without: {
    keypad: '请用另一个键盘。',
    pad: '请用另一个键盘。',
    screen: '请看顾客屏。',
    customer_panel: '请把屏幕转向顾客。',
    oled: '其他屏幕照常显示。',
    printer: '不打印小票，顾客手机上仍有账单。',
    speaker: '请看屏幕上的结果。',
    advertiser: '请顾客扫码。',
    lamp: '请看屏幕上的结果。',
    buzzer: '按键没有声音。',
    panel: '它的按键、灯和蜂鸣器都停用。',
    reader: '请顾客用手机付款。',
    microphone: '请用键盘输入金额。',
    recogniser: '请用键盘输入金额。',
  },
  mend: {
    absent: '请接上。',
    denied: '请联系安装人员。',
    busy: '请关机再开机。',
    missing_tool: '请联系安装人员。',
    timeout: '请关掉再打开。',
    unready: '请装纸并盖好盖子。',
    lost: '请重新接上。',
    protocol: '请拔下再接上。',
  },
  mendOf: {
    advertiser: { absent: '请接上蓝牙适配器。', busy: '请联系安装人员。' },
    reader: { unready: '请拿开卡，再放上。' },
  },
  driverMend: (mend, own) => `${own}（安装人员：${mend}）`,
  noInput: '没有可用的键盘，接上一个才能继续收款。',

  receiptTitle: '小票',
  total: '合计',
  order: '订单号',
  time: '时间',
  place: '地点',
  payment: '付款编号',
  paidBy: '付款人',
  thanks: '谢谢惠顾！',
  copyOf: '副本',

  refunded: '已退款',
  webOrder: '网上订单，已刷卡付款',
  refundedInAll: '累计退款',
  refundNote: '款项原路退回付款账户。',
};
