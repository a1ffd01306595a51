/** What a terminal is, what it knows, what reaches it and what it does. */
import type { CardTask } from '../card-work.ts';
import type { TerminalKeys } from '../codecs/keys.ts';
import type { Stall } from '../messages/enrolment.ts';
import type { JournalEntry } from '../messages/journal.ts';
import type { Currency } from '../messages/money.ts';
import type { Downlink, Pairing, Refund, Result, Uplink, WebPaid } from '../messages/order.ts';
import type { Broadcast } from '../ports/advertiser.ts';
import type { DeviceErrorCode, Role } from '../ports/device.ts';
import type { Screen } from '../ports/display.ts';
import type { Key } from '../ports/keypad.ts';
import type { BeepPattern, LampSignal } from '../ports/lamp.ts';
import type { PrintedReceipt } from '../ports/printer.ts';
import type { CardPresence } from '../ports/reader.ts';
import type { Heard } from '../ports/recogniser.ts';
import type { Scan } from '../ports/scanner.ts';
import type { SpeechProblem } from '../speech/phrase.ts';
import type { CardInput, Cards } from './card-state.ts';
import type { Day } from './day.ts';
import type { Drain } from './drain.ts';
import type { Entry } from './entry.ts';
import type { Menu } from './menu.ts';
import type { Ran, RelayEffect, RelayState } from './relay.ts';
import type { SaleBook } from './sale-book.ts';
import type { Scanning } from './scan.ts';
import type { VoucherEntry } from './voucher.ts';
import type { WebOrders } from './web-paid.ts';

/** Fixed while the terminal runs. */
export interface Settings {
  readonly terminal: string;
  readonly stall: Stall;
  readonly keys: TerminalKeys;
  /** What the QR's URL begins with. */
  readonly payUrl: string;
  readonly qrFormat: 'url' | 'emvco';
  /** dBm of the broadcast at one metre; what a phone compares its own reading with. */
  readonly powerAtOneMetre: number;
  /** Whether it holds the keys of stored-value cards as it starts. */
  readonly takesCards: boolean;
  /** Organs of the board profile, in its order. */
  readonly organs: readonly { readonly name: string; readonly role: Role }[];
}

export type OrganState =
  | { readonly is: 'starting' }
  | { readonly is: 'working' }
  /** Optional, and never there so far: nobody misses it. */
  | { readonly is: 'unplugged' }
  | {
      readonly is: 'missing';
      readonly code: DeviceErrorCode;
      /** What the driver says, for the installer. */
      readonly detail: string;
      readonly mend?: string | undefined;
    };

/** Why a spoken amount was not taken. */
export type VoiceProblem =
  | SpeechProblem
  | 'silence'
  | 'failed'
  /** The recogniser itself is in doubt. */
  | 'unsure'
  /** Microphone or recogniser is missing. */
  | 'unavailable';

/** Row A2: the vendor speaks instead of keying. */
export type Voice =
  | { readonly is: 'off' }
  /** `opening` until the microphone gives sound. */
  | { readonly is: 'opening' | 'listening'; readonly id: number; readonly until: number }
  /** What is keyed from `from` on was said, or is guessed where it is not `sure`; it waits for Enter. */
  | { readonly is: 'understood'; readonly from: number; readonly sure: boolean }
  | { readonly is: 'problem'; readonly why: VoiceProblem };

/** Something final that has not been announced yet. */
export type Announcement =
  | { result: Result; refund?: never; web?: never; readonly earlier: boolean }
  | { refund: Refund; result?: never; web?: never; readonly earlier: boolean }
  | { web: WebPaid; result?: never; refund?: never; readonly earlier: boolean };

/** An order that was paid here, and what went back of it since. */
export interface PaidOrder {
  /** `null` where only a refund tells of it: the order is forgotten here. */
  readonly amount_minor: number | null;
  readonly currency: Currency;
  /** Ids of its refunds. */
  readonly refunds: readonly string[];
  readonly refunded_minor: number;
}

export interface UnsavedEntry {
  readonly entry: JournalEntry;
  /** Monotonic ms from which it is tried again. */
  readonly againAt: number;
}

export interface TerminalState {
  readonly settings: Settings;
  readonly entry: Entry;
  readonly voice: Voice;
  /** Everything that is not settled, and the one on the screen; oldest first. */
  readonly sales: SaleBook;
  /** Monotonic ms at which each sale was last looked at for what is due. */
  readonly lookedAt: number;
  /** What was unanswered as the link came up, and is sent by and by; `null` where nothing is left. */
  readonly drain: Drain | null;
  /** Numbers of the last settled sales: a repeated result of one of them is acknowledged again. */
  readonly settled: readonly string[];
  /** The last orders that were paid: of these, money may go back. */
  readonly paid: ReadonlyMap<string, PaidOrder>;
  /** Ids of refunds that are on their way to the disk. */
  readonly savingRefunds: readonly string[];
  /** Web orders that were paid at this terminal's reader. */
  readonly web: WebOrders;
  /** What the disk refused of sales that are over: that a refund was told, that one was received. */
  readonly unsaved: readonly UnsavedEntry[];
  /** The order on the screen. */
  readonly focus: string | null;
  /** The order that the vendor left for the entry, until the next order: its result is no earlier one. */
  readonly left: string | null;
  /** Monotonic ms from which the screen goes back to the entry; only where the focus has ended. */
  readonly leaveAt: number;
  /** The last result of an order that was not on the screen, or the last refund. */
  readonly aside: Announcement | null;
  /** The vendor pressed a key that means nothing while an order is offered. */
  readonly nudged: boolean;
  readonly organs: ReadonlyMap<string, OrganState>;
  readonly online: boolean;
  /** What a payer types to pair a phone; `null` where the gateway has not told it yet. */
  readonly number: string | null;
  /** The phone that is paired with this terminal. */
  readonly paired: NonNullable<Pairing['paired']> | null;
  /** Gateway's clock minus the monotonic clock, ms. */
  readonly clockOffset: number;
  /** The disk refused the last order. */
  readonly diskRefused: boolean;
  readonly toAnnounce: readonly Announcement[];
  readonly cards: Cards;
  /** A card that the gateway drives. */
  readonly relay: RelayState;
  /** The business day, and those before it that the gateway has not agreed to. */
  readonly day: Day;
  /** The operator's menu, where it is open. */
  readonly menu: Menu | null;
  /** Monotonic ms from which an open menu closes, unless somebody touches it. */
  readonly menuUntil: number;
  /** A voucher that is keyed in, or was scanned, for the order on the screen. */
  readonly voucher: VoucherEntry | null;
  /** What was scanned last, where it still counts. */
  readonly scanning: Scanning;
  /** What vouchers are verified with, base64url; `null` until the gateway has told it, empty where there are none. */
  readonly voucherKey: string | null;
}

/** The moment at which a step runs; `chance` are random bytes for it alone. */
export interface Moment {
  readonly now: number;
  readonly monotonic: number;
  readonly chance: Uint8Array;
  /** Chain of the journal just now. */
  readonly head?: string;
}

export type Input =
  | { readonly is: 'key'; readonly key: Key }
  | { readonly is: 'scan'; readonly scan: Scan }
  | { readonly is: 'saved'; readonly entry: JournalEntry }
  | { readonly is: 'not_saved'; readonly entry: JournalEntry; readonly why: string }
  | { readonly is: 'link'; readonly up: boolean }
  /** Verified and decoded: the gateway signed it, for this terminal. */
  | { readonly is: 'downlink'; readonly downlink: Downlink }
  | { readonly is: 'organ'; readonly name: string; readonly state: OrganState }
  /** The announcement of an order, or of a refund of it, began to sound, or could not. */
  | {
      readonly is: 'spoken';
      readonly order: string;
      readonly refund?: string;
      /** It is a web order. */
      readonly web?: boolean;
      readonly heard: boolean;
    }
  | CardInput
  /** What became of a group of commands at a card. */
  | { readonly is: 'relay_ran'; readonly relay: string; readonly step: number; readonly ran: Ran }
  /** The microphone of that time of listening gives sound. */
  | { readonly is: 'listening'; readonly id: number }
  | { readonly is: 'heard'; readonly id: number; readonly heard: Heard }
  | { readonly is: 'tick' };

export type Effect =
  | RelayEffect
  | { readonly do: 'journal'; readonly entry: JournalEntry }
  | { readonly do: 'publish'; readonly uplink: Uplink }
  | {
      readonly do: 'speak';
      readonly clips: readonly string[];
      readonly order: string;
      readonly refund?: Refund;
      readonly web?: boolean;
    }
  /** Said once, as soon as may be; nothing waits for it. */
  | { readonly do: 'say'; readonly clips: readonly string[] }
  /** Its outcome comes back as `card_work` with the same number. */
  | {
      readonly do: 'card';
      readonly work: number;
      readonly reader: string;
      readonly card: CardPresence;
      readonly task: CardTask;
    }
  | { readonly do: 'listen'; readonly id: number }
  | { readonly do: 'hush' }
  | { readonly do: 'beep'; readonly pattern: BeepPattern }
  | { readonly do: 'print'; readonly receipt: PrintedReceipt }
  | { readonly do: 'log'; readonly what: string };

/** What the organs with a state show just now; the loop hands on what changed. */
export interface Outlook {
  readonly screen: Screen;
  readonly lamp: LampSignal;
  readonly broadcast: Broadcast | null;
}

export interface Step {
  readonly state: TerminalState;
  readonly effects: readonly Effect[];
}

/** A step that leads nowhere further: this state, and these effects. */
export const stay = (state: TerminalState, ...effects: readonly Effect[]): Step => ({
  state,
  effects,
});
