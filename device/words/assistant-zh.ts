/** The assistant's Mandarin. */
import type { AssistantWords } from './assistant.ts';
import { figureGroups } from './figures.ts';

const list = (names: readonly string[], word: '和' | '还是'): string =>
  names.length < 2
    ? (names[0] ?? '')
    : `${names.slice(0, -1).join('、')}${word}${names.at(-1) ?? ''}`;

const FIGURES = '零幺二三四五六七八九';
const figures = (text: string): string =>
  text.startsWith('+')
    ? `加${figures(text.slice(1))}`
    : figureGroups(text)
        .map((group) => [...group].map((figure) => FIGURES[Number(figure)] ?? figure).join(''))
        .join('，');

export const ASSISTANT_ZH: AssistantWords = {
  hello: '我是语音助手，请问您要点什么？转人工请按零。',
  help: '您可以问有什么、多少钱、还有多少。点单请说，例如：来两份，再说名称。也可以查询订单。',
  list: (names, more) => `我们有${list(names, '和')}${more ? '等' : ''}。您要点什么？`,
  empty_shop: '现在查不到商品。',
  product: (name, price, stock) =>
    `${name}，${price}，${stock === 0 ? '卖完了' : `还有${stock}份`}。`,
  price: (name, price) => `${name}，${price}。`,
  total_price: (name, quantity, price) => `${quantity}份${name}，${price}。`,
  stock: (name, stock) => (stock === 0 ? `${name}卖完了。` : `${name}还有${stock}份。`),
  details: (name, service) => `${name}：${service}。`,
  which: (names) => `请问是${list(names, '还是')}？`,
  how_many: (name) => `请问要几份${name}？`,
  not_sold: (names) => `我们没有这个。我们有${list(names, '和')}。`,
  too_few: (name, left) => (left === 0 ? `${name}卖完了。` : `${name}只剩${left}份，请问要几份？`),
  basket: (lines, total) =>
    `${list(
      lines.map(({ name, quantity }) => `${quantity}份${name}`),
      '和',
    )}，一共${total}。`,
  empty_basket: '您还没有点东西。',
  removed: (name) => `${name}去掉了。`,
  anything_else: '还要别的吗？',
  what_else: '还要什么？',
  place: '现在下单吗？',
  what_to_change: '请问要改什么？',
  own_number: (ending) =>
    `付款链接会发到您的手机。发到您现在来电的号码，尾号${figures(ending)}，可以吗？`,
  phone: '请用按键输入您的手机号码，以井号键结束。也可以直接说，或者说用邮箱。',
  group: (digits) => `${figures(digits)}。`,
  group_gone: (left) => (left === '' ? '请从头再说一遍。' : `目前是${figures(left)}。`),
  phone_right: (digits) => `您的号码是${figures(digits)}，对吗？`,
  phone_wrong: '这不是手机号码。',
  email: '请逐个字母说出您的邮箱，例如：m e i 艾特 example 点 com。',
  email_right: (spelt) => `邮箱是${spelt}，对吗？`,
  email_wrong: '这不是邮箱地址。',
  at: '艾特',
  dot: '点',
  placing: '请稍等。',
  placed: (number, total, where) =>
    `已经下单，${total}。${where}订单号是${figures(number)}。请不要挂机，付款到账后我会告诉您。还要别的吗？`,
  to_phone: (ending) => `付款链接会用短信发到尾号${figures(ending)}的手机。`,
  to_email: '付款链接会发到您的邮箱。',
  not_placed: '下单没有成功。',
  order_number: '请输入或说出十位订单号。',
  order_phone: '请问下单手机号的后四位是多少？',
  looking: '请稍等。',
  not_found: '没有找到这个订单。',
  away: '现在联系不上订单中心。',
  order_states: {
    not_placed: (total) => `您的订单，${total}，已经登记，还没有下单。`,
    unpaid: (total) => `您的订单，${total}，还没有付款。`,
    paying: (total) => `您的订单，${total}，正在付款。`,
    paid: (total) => `您的订单，${total}，已经付款。`,
    cancelled: (total) => `您的订单，${total}，已经取消。`,
    expired: (total) => `您的订单，${total}，没有按时付款，已经失效。`,
  },
  paid: (total) => `您的付款${total}已经到账，谢谢！还要别的吗？`,
  refused: '付款没有成功，您可以用同一个链接再试一次。',
  ended: '订单没有付款，已经结束。',
  waiting: '还在等您付款。您也可以先挂机，稍后用链接付款。',
  link_failed: '带链接的短信没有送达。',
  cancelled: '都取消了。请问您要点什么？',
  never_cards: '请停一下：不要在电话里说卡号，刚才的内容没有录音。您只需要用手机上的链接付款。',
  not_understood: '对不起，我没有听清。',
  still_there: '请问您还在吗？',
  agent: '正在为您转接人工座席。',
  nobody: '对不起，现在没有人工座席，请稍后再拨。再见。',
  goodbye: '谢谢来电，再见。',
  welcome: '不客气。',
  figures,
};
