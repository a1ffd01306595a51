/** Every word of the page, in both languages. A missing one is a mistake that a test finds. */

const WORDS = {
  stall: ['stall', '摊位'],
  language: ['Language', '语言'],
  terminal: ['Terminal', '收款终端'],
  gateway: ['Gateway', '网关'],
  street: ['Street', '街上'],
  street_about: [
    'Drag a phone nearer or farther. Inside the green zone it hears the broadcast.',
    '拖动手机改变距离，进入绿色区域才能听到广播。',
  ],
  cards: ['Cards in their pockets', '口袋里的卡'],
  cards_about: [
    'Key in an amount, then tap a card. Without an order a tap shows its balance.',
    '先输入金额，再刷卡。没有订单时刷卡显示余额。',
  ],
  card_house: ['card of the house', '本系统的卡'],
  card_clone: ['a copy of Dora’s, without its key', '复制的 Dora 卡，没有密钥'],
  card_blank: ['never issued', '还没有发行'],
  card_foreign: ['a bus pass', '公交卡'],
  card_tap: ['Tap', '刷卡'],
  card_pull_early: ['Pull away early', '拿开太早'],
  card_pull_last: ['… at the last moment', '……最后一刻'],
  card_both: ['Dora’s and Emil’s at once', 'Dora 和 Emil 两张一起'],
  wire_reader: ['Card reader', '读卡器'],
  wires: ['Behind the counter', '柜台后面'],
  close: ['Close', '关闭'],
  tab_trace: ['Wires', '线路'],
  tab_cables: ['Cables and faults', '接线与故障'],
  tab_spoken: ['Spoken', '语音'],
  tab_papers: ['Printed', '小票'],
  working: ['working', '正常'],
  missing: ['missing', '缺少'],
  faulty: ['disturbed', '有故障'],
  ready: ['ready', '就绪'],
  starting: ['starting', '启动中'],
  stopped: ['off', '已停止'],
  failed: ['failed', '失败'],
  stall_gone: ['stall stopped', '摊位已停止'],
  sound_on: ['Sound on', '声音已开'],
  sound_off: ['Turn sound on', '打开声音'],
  sound_blocked: [
    'Your browser wants one click before it plays sound: “Turn sound on”, above.',
    '浏览器需要点一下上方的“打开声音”才能播放。',
  ],
  keypad: ['Keypad', '键盘'],
  pad: ['Matrix keypad', '矩阵键盘'],
  usb_keypad: ['USB keypad', 'USB 键盘'],
  key_cancel: ['Clear or cancel', '清除或取消'],
  key_back: ['Delete one', '删除一位'],
  key_enter: ['Enter', '确认'],
  key_point: ['Point', '小数点'],
  key_plus: ['Next line', '下一项'],
  key_minus: ['Minus', '减'],
  key_times: ['Times', '数量'],
  key_item: ['Item', '商品'],
  computer_keys: ['Your computer’s keys work too', '电脑键盘也可以用'],
  screen: ['Terminal’s screen', '终端屏幕'],
  screen_off: ['The terminal is off.', '终端已关闭。'],
  screen_starting: ['The terminal is starting …', '终端正在启动……'],
  customer_panel: ['Customer’s display', '顾客屏'],
  lamp: ['Lamp', '指示灯'],
  lamp_off: ['off', '灭'],
  lamp_green: ['green', '绿'],
  lamp_red: ['red', '红'],
  lamp_amber: ['amber', '黄'],
  speaker: ['Speaker', '扬声器'],
  silence: ['Nothing spoken yet', '尚未播报'],
  printer: ['Printer', '打印机'],
  play: ['Play', '播放'],
  open_paper: ['Look at this bill', '查看小票'],
  no_papers: ['Nothing printed yet. A paid order prints its bill.', '还没有小票，付款后自动打印。'],
  phone: ['phone', '手机'],
  add_phone: ['Add a phone', '添加手机'],
  remove: ['Remove', '移除'],
  metres: ['{0} m', '{0} 米'],
  away: ['{0} m from the terminal', '距终端 {0} 米'],
  range: ['broadcast reaches {0} m', '广播范围 {0} 米'],
  hears: ['Hears {0} at {1} dBm', '听到 {0}，{1} dBm'],
  hears_nothing: ['Hears nothing', '没有听到广播'],
  no_radio: ['No radio here', '没有无线电'],
  scan: ['Scan the screen', '扫码'],
  take_heard: ['Open what it hears', '打开听到的订单'],
  more: ['Tricks', '花招'],
  photograph: ['Photograph the QR', '拍下二维码'],
  show_photo: ['Use the photo here, now', '在此处用照片付款'],
  forge: ['Forge a broadcast', '伪造广播'],
  type_digits: ['Scan with the two digits', '扫码并输入两位数字'],
  digits: ['Two digits', '两位数字'],
  in_browser: ['Open the cashier page', '打开收银页面'],
  waiting: ['Point me at the QR, or hold me near.', '请扫码，或靠近终端。'],
  busy: ['One moment …', '请稍候……'],
  payer: ['Pay as', '付款人'],
  pin: ['PIN', '密码'],
  pay: ['Pay {0}', '支付 {0}'],
  done: ['Done', '完成'],
  back: ['Back', '返回'],
  pair: ['Pair', '配对'],
  pair_about: [
    'Logs in, and reads the terminal’s number off the screen.',
    '登录，并读取屏幕上的终端号。',
  ],
  connect: ['Pair with the terminal', '与终端配对'],
  paired_with: ['Paired with {0}', '已与 {0} 配对'],
  paired_wait: ['Waiting for an amount', '等待金额'],
  say_yes: ['Yes, pay', '同意付款'],
  say_no: ['No', '不付'],
  disconnect: ['Disconnect', '断开'],
  account: ['Account', '平台账户'],
  password: ['Password', '登录密码'],
  pay_at_platform: ['Pay {0} at Lotus Pay', '在 Lotus Pay 支付 {0}'],
  step_asking: ['Asking the platform …', '正在询问平台……'],
  step_pay: ['At the platform’s page', '在平台页面'],
  step_paid: ['Paid', '已支付'],
  step_ended: ['The order has ended', '订单已结束'],
  state_offered: ['To pay', '待支付'],
  state_paid: ['Paid', '已支付'],
  state_declined: ['Declined', '被拒绝'],
  state_cancelled: ['Cancelled by the vendor', '商家已取消'],
  state_expired: ['Expired', '已过期'],
  reason_insufficient_funds: ['Not enough money in the account', '余额不足'],
  reason_account_blocked: ['The account is blocked', '账户已冻结'],
  reason_payer_refused: ['You said no', '您已拒绝'],
  reason_platform_unreachable: ['The platform does not answer', '平台没有响应'],
  reason_platform_refused: ['The platform refuses', '平台已拒绝'],
  reason_withdrawn: ['Called off', '已撤回'],
  reason_expired: ['Too late', '已超时'],
  reason_account_locked: [
    'Too many wrong passwords: locked for a while',
    '密码错误次数过多，暂时锁定',
  ],
  reason_payer_not_verified: ['The payer could not be verified', '无法核实付款人'],
  bill: ['Bill {0}', '账单 {0}'],
  pause: ['Pause', '暂停'],
  resume: ['Go on', '继续'],
  all_wires: ['All', '全部'],
  trace_empty: ['Nothing on the wires yet. Press a key.', '线路上还没有数据，按个键试试。'],
  trace_label: ['Trace of the wires', '线路记录'],
  direction_in: ['to the terminal', '进入终端'],
  direction_out: ['from the terminal', '离开终端'],
  direction_state: ['simulator', '模拟器'],
  wire_keypad: ['USB keypad', 'USB 键盘'],
  wire_panel: ['Arduino panel', 'Arduino 面板'],
  wire_radio: ['Bluetooth radio', '蓝牙'],
  wire_air: ['Air', '空中'],
  wire_screen: ['Kiosk screen', '主屏'],
  wire_hmi: ['Serial display', '串口屏'],
  wire_printer: ['Printer', '打印机'],
  wire_speaker: ['Sound card', '声卡'],
  wire_mqtt: ['Network (MQTT)', '网络 (MQTT)'],
  wire_disk: ['Disk', '磁盘'],
  wire_mail: ['E-mail', '电子邮件'],
  wire_sms: ['SMS', '短信'],
  wire_phones: ['Phones', '手机'],
  wire_stall: ['Stall', '摊位'],
  wire_terminal: ['Terminal', '收款终端'],
  wire_gateway: ['Gateway', '网关'],
  wire_phone: ['{0}’s radio', '{0} 的蓝牙'],
  plugged: ['Plugged in', '已接好'],
  fault: ['Fault', '故障'],
  fault_none: ['no fault', '无故障'],
  fault_hang: ['hang', '无响应'],
  fault_noise: ['noise, 5 %', '噪声 5%'],
  fault_slow: ['slow, 1200 bit/s', '慢速 1200 bit/s'],
  fault_loss: ['loss, 50 %', '丢包 50%'],
  fault_drop: ['swallow the next answer', '吞掉下一个应答'],
  fault_full: ['full', '已满'],
  fault_paper_out: ['paper out', '缺纸'],
  fault_cover_open: ['cover open', '盖子打开'],
  fault_cutter_jam: ['cutter jammed', '切刀卡住'],
  fault_busy: ['busy', '繁忙'],
  fault_refuse: ['refuses', '拒收'],
  fault_lose: ['lose the next answer', '丢失下一个应答'],
  power_cut: ['Cut power (kill −9)', '断电 (kill −9)'],
  power_on: ['Switch on', '开机'],
  mend: ['To mend: {0}', '解决办法：{0}'],
  hint_1: [
    '1. Key in an amount, such as 12.50, and press Enter.',
    '1. 输入金额，例如 12.50，按确认。',
  ],
  hint_2: [
    '2. The screen shows a QR. On a phone, press “Scan the screen” (or hold it near and open what it hears).',
    '2. 屏幕显示二维码。在手机上点“扫码”（或靠近后打开听到的订单）。',
  ],
  hint_3: [
    '3. The phone shows the order. Press “Pay”. Then listen to the terminal.',
    '3. 手机显示订单，点“支付”，然后听终端播报。',
  ],
  hint_done: [
    'That was a whole sale. Now pull a cable, move a phone away, or cut the power.',
    '一笔完整的交易完成了。现在试试拔线、移远手机或断电。',
  ],
  hint_skip: ['Got it', '知道了'],
};

const preferred = () => {
  const kept = localStorage.getItem('language');
  if (kept === 'en' || kept === 'zh-CN') return kept;
  return navigator.language.startsWith('zh') ? 'zh-CN' : 'en';
};

let language = preferred();
const changed = new Set();

export const spokenLanguage = () => language;

/** The word in the chosen language, `{0}` filled in. */
export function t(key, ...values) {
  const pair = WORDS[key];
  if (pair === undefined) throw new Error(`no word for ${key}`);
  const text = pair[language === 'zh-CN' ? 1 : 0];
  return values.reduce((filled, value, at) => filled.replace(`{${at}}`, value), text);
}

/** The word where there is one, else the key itself: for names that a simulator gave. */
export const tryWord = (key, otherwise) => (key in WORDS ? t(key) : otherwise);

export function speak(chosen) {
  language = chosen;
  localStorage.setItem('language', chosen);
  for (const listener of changed) listener();
}

export function onLanguage(listener) {
  changed.add(listener);
}
