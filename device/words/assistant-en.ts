/** The assistant's English. */
import type { AssistantWords } from './assistant.ts';
import { figureGroups } from './figures.ts';

const list = (names: readonly string[], word: 'and' | 'or'): string =>
  names.length < 2
    ? (names[0] ?? '')
    : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1) ?? ''}`;

const figures = (text: string): string =>
  text.startsWith('+')
    ? `plus ${figures(text.slice(1))}`
    : figureGroups(text)
        .map((group) => [...group].join(' '))
        .join(', ');

export const ASSISTANT_EN: AssistantWords = {
  hello: 'I am the voice assistant. What would you like? Press zero for an agent.',
  help: 'You can ask what there is, what it costs, and how many are left. To order, say for example: two portions, and the name. You can also ask about an order.',
  list: (names, more) =>
    `We have ${list(names, 'and')}${more ? ', and more' : ''}. What would you like?`,
  empty_shop: 'I cannot see what there is just now.',
  product: (name, price, stock) =>
    `${name}: ${price}. ${stock === 0 ? 'They are sold out' : `${stock} in stock`}.`,
  price: (name, price) => `${name}: ${price}.`,
  total_price: (name, quantity, price) => `${quantity} ${name}: ${price}.`,
  stock: (name, stock) =>
    stock === 0 ? `${name}: sold out.` : `We have ${stock} of ${name} in stock.`,
  details: (name, service) => `${name}: ${service}.`,
  which: (names) => `Which one: ${list(names, 'or')}?`,
  how_many: (name) => `How many portions of ${name} would you like?`,
  not_sold: (names) => `We do not have that. We have ${list(names, 'and')}.`,
  too_few: (name, left) =>
    left === 0
      ? `${name} is sold out.`
      : `There are only ${left} of ${name}. How many would you like?`,
  basket: (lines, total) =>
    `${list(
      lines.map(({ name, quantity }) => `${quantity} ${name}`),
      'and',
    )}: ${total}.`,
  empty_basket: 'You have not ordered anything yet.',
  removed: (name) => `${name} is off the order.`,
  anything_else: 'Anything else?',
  what_else: 'What else would you like?',
  place: 'Shall I place the order?',
  what_to_change: 'What shall I change?',
  own_number: (ending) =>
    `You pay by a link on your phone. Shall I send it to the number you are calling from, ending in ${figures(ending)}?`,
  phone:
    'Please key in your mobile number, and end with the hash key. You can also say it, or say e-mail.',
  group: (digits) => `${figures(digits)}.`,
  group_gone: (left) => (left === '' ? 'From the beginning, please.' : `So far: ${figures(left)}.`),
  phone_right: (digits) => `Your number is ${figures(digits)}. Is that right?`,
  phone_wrong: 'That is not a mobile number.',
  email: 'Please spell your e-mail address, for example: m e i at example dot com.',
  email_right: (spelt) => `The address is ${spelt}. Is that right?`,
  email_wrong: 'That is not an e-mail address.',
  at: 'at',
  dot: 'dot',
  placing: 'One moment.',
  placed: (number, total, where) =>
    `Your order is placed: ${total}. ${where} Your order number is ${figures(number)}. Stay on the line, and I will tell you when your payment has arrived. Anything else?`,
  to_phone: (ending) =>
    `The payment link goes by text message to the number ending in ${figures(ending)}.`,
  to_email: 'The payment link goes to your e-mail address.',
  not_placed: 'I could not place the order.',
  order_number: 'Please key in or say the ten figures of your order number.',
  order_phone: 'And the last four figures of the mobile number it was ordered with?',
  looking: 'One moment.',
  not_found: 'I have found no such order.',
  away: 'I cannot reach our order centre just now.',
  order_states: {
    not_placed: (total) => `Your order of ${total} is written down, but not placed.`,
    unpaid: (total) => `Your order of ${total} is not paid yet.`,
    paying: (total) => `Your order of ${total} is being paid just now.`,
    paid: (total) => `Your order of ${total} is paid.`,
    cancelled: (total) => `Your order of ${total} was cancelled.`,
    expired: (total) => `Your order of ${total} was not paid in time, and has ended.`,
  },
  paid: (total) => `Your payment of ${total} has arrived. Thank you! Anything else?`,
  refused: 'The payment did not work. You can try again with the same link.',
  ended: 'The order has ended without a payment.',
  waiting: 'I am still waiting for your payment. You can also hang up and pay later by the link.',
  link_failed: 'The message with the link could not be delivered.',
  cancelled: 'Nothing is ordered. What would you like?',
  never_cards:
    'Please stop: never give a card number on the telephone. I have not recorded it. You pay by the link on your phone alone.',
  not_understood: 'Sorry, I did not get that.',
  still_there: 'Are you still there?',
  agent: 'I am connecting you to an agent.',
  nobody: 'Sorry, no agent is there just now. Please call again later. Goodbye.',
  goodbye: 'Thank you for calling. Goodbye.',
  welcome: 'You are welcome.',
  figures,
};
