/**
 * Everything a terminal shows or prints, in the vendor's language. One type for both languages: a
 * text that is missing in one of them does not compile. Written for somebody who never saw a manual:
 * each text says what is so, then what to do; keys are named as they are printed on the keypad.
 */

import type { VoiceProblem } from '#device/flows/state.ts';
import type { Language } from '#device/messages/enrolment.ts';
import type { ParsedAmount } from '#device/messages/money.ts';
import type { AttemptReason, DeclineReason, Outcome } from '#device/messages/order.ts';
import type { DeviceErrorCode } from '#device/ports/device.ts';
import type { MissingOrgan } from '#device/ports/display.ts';
import { ENGLISH_TEXTS } from './catalogue-en.ts';
import { CHINESE_TEXTS } from './catalogue-zh.ts';
import type { VoucherTexts } from './voucher.ts';

/** Why what was keyed can't become an order; the first part is what `parseAmount` answers. */
export type EntryProblem =
  | Extract<ParsedAmount, { ok: false }>['why']
  | 'two_points'
  | 'negative'
  | 'quantity_zero'
  | 'quantity_too_large'
  | 'unknown_item'
  | 'too_many_lines'
  | 'too_many_keys';

/** Organs by their usual names in boards.json. */
export type OrganName =
  | 'keypad'
  | 'pad'
  | 'screen'
  | 'customer_panel'
  | 'oled'
  | 'printer'
  | 'speaker'
  | 'advertiser'
  | 'lamp'
  | 'buzzer'
  | 'panel'
  | 'reader'
  | 'microphone'
  | 'recogniser';

export interface Texts {
  // Titles: what the terminal is doing.
  readonly starting: string;
  readonly enterAmount: string;
  /** Row A2: spoken amounts. */
  readonly voiceOpening: string;
  readonly listening: string;
  readonly isThisRight: string;
  /** Above a spoken amount that is guessed, and what to do with it. */
  readonly perhapsThis: string;
  readonly guessAdvice: string;
  readonly enterQuantity: string;
  readonly enterItem: string;
  readonly saving: string;
  readonly scanToPay: string;
  /** Offered while the gateway can't be reached: it can be scanned, and is paid when it is back. */
  readonly waitingForNetwork: string;
  readonly cancelling: string;
  /** Its time is over here; the gateway has the last word on whether it was paid just before. */
  readonly expiring: string;
  readonly outcome: Readonly<Record<Outcome, string>>;
  /** Title of an outcome of before a restart. */
  readonly earlier: (outcome: string) => string;
  /** Of an order that a paired phone is asked for, is paying, or could not pay. */
  readonly phoneAsked: string;
  readonly phonePaying: string;
  readonly attemptFailed: string;
  readonly outOfService: string;
  readonly notEnrolled: string;

  // Lines below the title.
  readonly reason: Readonly<Record<DeclineReason, string>>;
  readonly declinedAdvice: string;
  readonly cancelledAdvice: string;
  readonly expiredAdvice: string;
  readonly waitingForNetworkAdvice: string;
  readonly expiringAdvice: string;
  readonly terminalLine: (number: string) => string;
  /** `address` of the page, without its scheme. */
  readonly pairAt: (address: string) => string;
  readonly phoneConnected: (payer: string) => string;
  readonly phonePayingLine: (payer: string) => string;
  readonly attemptReason: Readonly<Record<AttemptReason, string>>;
  readonly attemptAdvice: string;
  readonly digitsLabel: (digits: string) => string;
  readonly orderLine: (number: string) => string;
  readonly itemLine: (quantity: number, name: string, total: string) => string;
  /** A line that was keyed as a bare amount. */
  readonly unnamedItem: string;
  readonly totalLine: (total: string) => string;
  readonly paidByLine: (payer: string) => string;
  readonly secondsLeft: (seconds: number) => string;
  readonly waitingToSend: (orders: number) => string;
  readonly diskFull: string;
  readonly notSaved: string;
  readonly conflict: (field: string) => string;

  readonly listeningAdvice: string;
  /** Why a spoken amount was not taken, and what to do. */
  readonly voiceProblem: Readonly<Record<VoiceProblem, string>>;

  // What is wrong with what was keyed. `detail`: the largest amount, the places, or the item code.
  readonly problem: (problem: EntryProblem, detail: string) => string;

  // Hints: which keys do what just now.
  readonly hintEnterAmount: string;
  /** The same, where the terminal takes cards. */
  readonly hintCards: string;
  /** Added where an amount can be spoken. */
  readonly hintSpeak: string;
  readonly hintListening: string;
  readonly hintIsThisRight: string;
  /** Nothing keyed while a phone is connected. */
  readonly hintPaired: string;
  readonly hintConfirm: string;
  readonly hintEnterQuantity: string;
  readonly hintEnterItem: string;
  readonly hintOffered: string;
  readonly hintWait: string;
  readonly hintNextSale: string;
  readonly hintAfterProblem: string;

  readonly voucher: VoucherTexts;

  // Organs.
  readonly organ: Readonly<Record<OrganName, string>>;
  readonly why: Readonly<Record<DeviceErrorCode, string>>;
  /** What goes on without it, so that the vendor knows whether to go on selling. */
  readonly without: Readonly<Record<OrganName, string>>;
  readonly mend: Readonly<Record<DeviceErrorCode, string>>;
  /** Where an organ's mend is another than that of the rest. */
  readonly mendOf: Readonly<
    Partial<Record<OrganName, Readonly<Partial<Record<DeviceErrorCode, string>>>>>
  >;
  /** What a driver says, which is in English and often for the installer, and our own words for it. */
  readonly driverMend: (mend: string, own: string) => string;
  readonly noInput: string;

  // The receipt.
  readonly receiptTitle: string;
  readonly total: string;
  readonly order: string;
  readonly time: string;
  readonly place: string;
  readonly payment: string;
  readonly paidBy: string;
  readonly thanks: string;
  readonly copyOf: string;

  // Money that went back.
  readonly refunded: string;
  readonly webOrder: string;
  readonly refundedInAll: string;
  readonly refundNote: string;
}

/** The catalogue of one language. */
export function textsIn(language: Language): Texts {
  switch (language) {
    case 'en':
      return ENGLISH_TEXTS;
    case 'zh-CN':
      return CHINESE_TEXTS;
  }
}

const isKnown = (texts: Texts, organ: string): organ is OrganName =>
  Object.hasOwn(texts.organ, organ);

/**
 * How a display tells that an organ is missing. A `mend` that the driver knows (a command, a setting)
 * stands as it is, in another language than English behind a sentence that the vendor can read; an
 * organ with a name of its own is called by that name.
 */
export function missingOrgan(
  texts: Texts,
  organ: string,
  code: DeviceErrorCode,
  mend?: string,
): MissingOrgan {
  const known = isKnown(texts, organ) ? organ : null;
  const own = (known === null ? undefined : texts.mendOf[known]?.[code]) ?? texts.mend[code];
  const effect = known === null ? '' : ` ${texts.without[known]}`;
  return {
    organ: known === null ? organ : texts.organ[known],
    why: `${texts.why[code]}${effect}`.trim(),
    mend: mend === undefined ? own : texts.driverMend(mend, own),
  };
}
