import type { EntryProblem, Texts } from './catalogue.ts';
import { ENGLISH_VOUCHER } from './voucher.ts';

function problem(which: EntryProblem, detail: string): string {
  switch (which) {
    case 'empty':
      return 'Key in an amount first.';
    case 'zero':
      return 'The amount is 0. Key in how much to pay.';
    case 'not_a_number':
      return 'That is not an amount. Use the figures and one point.';
    case 'two_points':
      return 'An amount has only one point. Press back to mend it.';
    case 'negative':
      return 'An amount can’t be less than 0.';
    case 'too_many_places':
      return detail === '0'
        ? 'This currency has no decimals. Leave out the point.'
        : `Only ${detail} figures can follow the point. Press back to mend it.`;
    case 'too_large':
      return `Too much for one order. The most is ${detail}.`;
    case 'quantity_zero':
      return 'How many? At least 1.';
    case 'quantity_too_large':
      return `Too many at once. The most is ${detail}.`;
    case 'unknown_item':
      return `No item has the code ${detail}. Check the price list.`;
    case 'too_many_lines':
      return `This order is full: ${detail} items. Sell it, then start another.`;
    case 'too_many_keys':
      return 'Too many figures. Press back to delete one.';
  }
}

export const ENGLISH_TEXTS: Texts = {
  starting: 'Starting…',
  enterAmount: 'Key in the amount',
  voiceOpening: 'One moment…',
  listening: 'Listening…',
  isThisRight: 'Is this right?',
  perhapsThis: 'Perhaps this?',
  guessAdvice: 'Not heard clearly: look before Enter, or press * again.',
  enterQuantity: 'How many?',
  enterItem: 'Item code?',
  saving: 'Saving…',
  scanToPay: 'Scan to pay',
  waitingForNetwork: 'No network yet',
  cancelling: 'Cancelling…',
  expiring: 'Time is up',
  outcome: { paid: 'Paid', declined: 'Not paid', cancelled: 'Cancelled', expired: 'Expired' },
  earlier: (outcome) => `Earlier order: ${outcome.toLowerCase()}`,
  phoneAsked: 'The phone is asked',
  phonePaying: 'Paying…',
  attemptFailed: 'Payment failed',
  outOfService: 'Can’t sell just now',
  notEnrolled: 'This terminal has no stall yet',

  reason: {
    insufficient_funds: 'The payer’s balance is too low.',
    account_blocked: 'The payer’s account is blocked.',
    payer_not_verified: 'The payer could not be verified.',
  },
  declinedAdvice: 'No money was taken. Ask for another way to pay.',
  cancelledAdvice: 'No money was taken.',
  expiredAdvice: 'Nobody paid in time. Key it in again if the customer is still here.',
  waitingForNetworkAdvice:
    'The order is safe here and is sent by itself. Don’t hand over goods yet.',
  expiringAdvice: 'Asking whether it was paid at the last moment. Please wait.',
  terminalLine: (number) => `Terminal ${number}`,
  pairAt: (address) => `To pay by phone: ${address}`,
  phoneConnected: (payer) => `Phone ${payer} is connected`,
  phonePayingLine: (payer) => `Phone ${payer} is paying. Don’t hand over goods yet.`,
  voucher: ENGLISH_VOUCHER,
  attemptReason: {
    insufficient_funds: 'There is not enough money in the account.',
    account_blocked: 'The account is blocked.',
    account_locked: 'Too many wrong passwords. The account is locked for a while.',
    payer_refused: 'The customer said no.',
    expired: 'The customer took too long.',
    withdrawn: 'The customer left.',
    platform_unreachable: 'The payment platform does not answer.',
    platform_refused: 'The payment platform refused.',
  },
  attemptAdvice: 'The order is still open. The customer can try again, or scan the code.',
  digitsLabel: (digits) => `Code: ${digits}`,
  orderLine: (number) => `Order ${number}`,
  itemLine: (quantity, name, total) => `${quantity} × ${name}  ${total}`,
  unnamedItem: 'Goods',
  totalLine: (total) => `Total ${total}`,
  paidByLine: (payer) => `Paid by ${payer}`,
  secondsLeft: (seconds) => `${seconds} s left`,
  waitingToSend: (orders) =>
    orders === 1 ? '1 order waits for the network' : `${orders} orders wait for the network`,
  diskFull: 'The memory card is full. No order can be saved. Call the installer.',
  notSaved: 'The order could not be saved, so it was not offered. Try again.',
  conflict: (field) =>
    `The server has another order under this number (${field}). Call the installer.`,
  listeningAdvice: 'Say the amount, such as “twelve fifty”.',
  voiceProblem: {
    nothing: 'No amount was heard. Press * to say it again, or key it in.',
    not_understood: 'That was not understood. Press * to say it again, or key it in.',
    ambiguous: 'That could be two amounts. Say it with its unit, or key it in.',
    other_currency: 'That is another currency. Say it again, or key it in.',
    too_many_places: 'That amount has too many decimals. Say it again, or key it in.',
    zero: 'The amount is 0. Say how much to pay.',
    too_large: 'Too much for one order. Say it again, or key it in.',
    silence: 'Nothing was heard. Press * and speak after the beep, or key it in.',
    failed: 'Voice entry failed. Key the amount in.',
    unsure: 'Not heard clearly. Press * to say it again, or key it in.',
    unavailable: 'Voice entry does not work just now. Key the amount in.',
  },

  problem,

  hintEnterAmount: 'Enter: offer · *: how many · /: item code · +: menu',
  hintCards: 'Key in the amount, then Enter · +: menu',
  hintSpeak: '*: say it',
  hintListening: 'Speak now · any key: stop',
  hintIsThisRight: 'Enter: offer · a figure: key it in instead · Cancel: start over',
  hintPaired: 'Key in the amount, then Enter · Cancel: disconnect the phone',
  hintConfirm: 'Enter: offer · +: next item · Cancel: start over',
  hintEnterQuantity: 'Key in how many, then Enter · Cancel: go back',
  hintEnterItem: 'Key in the item code, then Enter · Cancel: go back',
  hintOffered: 'Cancel: call off this order',
  hintWait: 'Please wait',
  hintNextSale: 'Key in the next amount',
  hintAfterProblem: 'Back: delete one figure · Cancel: start over',

  organ: {
    keypad: 'Keypad',
    pad: 'Second keypad',
    screen: 'Screen',
    customer_panel: 'Customer screen',
    oled: 'Small screen',
    printer: 'Printer',
    speaker: 'Speaker',
    advertiser: 'Bluetooth',
    lamp: 'Lamp',
    buzzer: 'Buzzer',
    panel: 'Button board',
    reader: 'Card reader',
    microphone: 'Microphone',
    recogniser: 'Voice entry',
  },
  why: {
    absent: 'is not connected.',
    denied: 'may not be used by this program.',
    busy: 'is in use by another program.',
    missing_tool: 'needs a program that is not installed.',
    timeout: 'does not answer.',
    unready: 'waits for you.',
    lost: 'was disconnected.',
    protocol: 'answers something odd.',
  },
  without: {
    keypad: 'Use the other keypad.',
    pad: 'Use the other keypad.',
    screen: 'Look at the customer screen.',
    customer_panel: 'Turn the screen to the customer.',
    oled: 'The other screens go on.',
    printer: 'No paper receipts; the customer still gets the bill by phone.',
    speaker: 'Look at the screen for the result.',
    advertiser: 'Customers scan the code instead.',
    lamp: 'Look at the screen for the result.',
    buzzer: 'Keys make no sound.',
    panel: 'Its keys, lamp and buzzer are off.',
    reader: 'Customers pay by phone.',
    microphone: 'Key the amount in.',
    recogniser: 'Key the amount in.',
  },
  mend: {
    absent: 'Plug it in.',
    denied: 'Call the installer.',
    busy: 'Switch the terminal off and on.',
    missing_tool: 'Call the installer.',
    timeout: 'Switch it off and on.',
    unready: 'Load paper and close the cover.',
    lost: 'Plug it in again.',
    protocol: 'Unplug it and plug it in again.',
  },
  mendOf: {
    advertiser: { absent: 'Plug in the Bluetooth adapter.', busy: 'Call the installer.' },
    reader: { unready: 'Take the card away and hold it again.' },
  },
  driverMend: (mend) => mend,
  noInput: 'No keypad works. Plug one in to go on selling.',

  receiptTitle: 'Receipt',
  total: 'Total',
  order: 'Order',
  time: 'Time',
  place: 'Place',
  payment: 'Payment',
  paidBy: 'Paid by',
  thanks: 'Thank you!',
  copyOf: 'Copy',

  refunded: 'Refunded',
  webOrder: 'Web order paid by card',
  refundedInAll: 'Refunded in all',
  refundNote: 'The money goes back to where it was paid from.',
};
