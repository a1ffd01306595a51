import type { CardTexts } from './cards.ts';

export const ENGLISH_CARD_TEXTS: CardTexts = {
  problem: {
    not_taken: {
      title: 'No cards here',
      advice: 'This terminal has no card keys: enrol it with a settlement, or pay by phone.',
    },
    foreign: {
      title: 'Not our card',
      advice: 'This card is of another house. Pay with one of ours, or by phone.',
    },
    blank: {
      title: 'Card not issued yet',
      advice: 'Nothing was ever put on this card. It must be issued first.',
    },
    copy: {
      title: 'Card not genuine',
      advice: 'It bears a number of ours but not its key. Do not take it.',
    },
    renew: {
      title: 'Card needs new keys',
      advice: 'Nothing was taken. With network it gets them: leave it there, then hold it again.',
    },
    blocked: {
      title: 'Card blocked',
      advice: 'Settlement has blocked this card. Pay with another, or by phone.',
    },
    currency: {
      title: 'Another currency',
      advice: 'This card holds another currency than is sold in here.',
    },
    not_enough: {
      title: 'Not enough on the card',
      advice: 'Nothing was taken. Load the card, or pay by phone.',
    },
    two_cards: {
      title: 'Hold one card alone',
      advice: "Several cards lie there, or one that can't be read.",
    },
    again: {
      title: 'Tap again',
      advice: 'It was pulled away too soon. Nothing was taken: hold it still.',
    },
    silent: {
      title: 'Card does not answer',
      advice: 'Nothing was taken. Take it away and hold it again.',
    },
    garbled: {
      title: 'Card answers wrongly',
      advice: 'Nothing was taken. Hold it again; if it stays so, it is broken.',
    },
    refused: {
      title: 'The card refused',
      advice: 'Nothing was taken. Hold it again, or pay by phone.',
    },
    same_card: {
      title: 'Hold the same card again',
      advice: 'It was pulled away at the last moment. It is not taken twice.',
    },
    other_card: {
      title: 'This is another card',
      advice: 'First hold the card from before, or press Cancel.',
    },
    unclear: {
      title: 'Settlement will tell',
      advice: "The card's log no longer says. What was taken for nothing is given back.",
    },
    owed: {
      title: 'Debited for an order that had ended',
      advice: 'The amount is owed back: in the menu, give the card what it is due.',
    },
    not_debited: {
      title: 'Nothing was taken',
      advice: 'The order from before was not paid with this card.',
    },
    limit_amount: {
      title: 'Too much without network',
      advice: 'This amount needs the network. Wait for it, or take cash.',
    },
    limit_count: {
      title: 'Too many without network',
      advice: 'The limit of card payments is reached until the network is back.',
    },
    limit_sum: {
      title: 'Too much in all without network',
      advice: 'The limit of their sum is reached until the network is back.',
    },
    hotlist_old: {
      title: 'List of blocked cards too old',
      advice: 'Without network no card can be trusted any more. Connect the terminal.',
    },
    disk: { title: "Can't be written down", advice: 'Nothing was taken. Make room on the disk.' },
  },
  holdStill: 'Hold the card still',
  holdStillAdvice: 'Do not take it away yet.',
  orTap: 'or tap a card',
  onCard: (amount) => `On the card: ${amount}`,
  cardLine: (card) => `Card ${card}`,
  paidByCard: 'Paid by card',
  paidOffline: 'Without network: it is sent when the network is back.',
  refusedBySettlement: (amount, order) => `Card payment refused: ${amount} (order ${order})`,
  refusedAdvice:
    'Settlement did not accept the card. This money does not come: keep the order number.',
  notPosted: (payments, sum) => `${payments} card payments not sent yet: ${sum}`,
  hintUnknown: 'Hold the same card · Cancel: give up this order',
  menu: 'Menu',
  menuBalance: '1  Balance of a card',
  menuRefund: '2  Give back to a card',
  menuLog: '3  Last ten of a card',
  menuDay: '4  Cards of the last day',
  menuLimits: '5  Limits without network',
  hintPick: 'Press the figure · Cancel: back to selling',
  holdCard: 'Hold the card to the reader',
  holdCardFor: {
    balance: 'Its balance is shown.',
    log: 'Its last ten transactions are shown.',
    refund: 'What it paid here can then be given back.',
  },
  hintBack: 'Cancel: back',
  hintLog: 'Enter: more · Cancel: back',
  balance: 'Balance',
  log: 'Last transactions',
  emptyLog: 'This card has done nothing yet.',
  kind: { debit: 'paid', load: 'loaded', refund: 'given back' },
  here: 'here',
  pickRefund: 'Give back which payment?',
  nothingToRefund: 'None of its last ten payments was made here.',
  hintRefund: 'Press its figure, 0: what it is due · Cancel: back',
  refunding: 'Hold the card until it is done',
  refundNeedsNetwork: 'Giving back needs the network.',
  day: 'Cards, last 24 hours',
  dayEmpty: 'No card has paid here.',
  dayTotal: (count, sum) => `${count} payments, ${sum}`,
  waits: 'not sent yet',
  limits: 'Limits without network',
  limit: {
    amount: (value) => `1  One payment: up to ${value}`,
    count: (value) => `2  Payments not sent: up to ${value}`,
    sum: (value) => `3  Their sum: up to ${value}`,
    age: (value) => `4  Age of the list of blocked cards: up to ${value} h`,
  },
  hintLimits: 'Press the figure to change one · Cancel: back',
  hintLimit: 'Key in the new limit, then Enter · Cancel: leave it',
  limitSaved: 'Saved.',
  limitWrong: 'That is no limit: key in figures, then Enter.',
};
