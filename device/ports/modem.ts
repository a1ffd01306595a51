import type { Device, DeviceEvents } from './device.ts';

/** Samples a second of a call's audio, both ways: 16-bit, one channel. */
export const CALL_RATE = 8000;
/** Samples of one {@link CallFrame}: 20 ms. */
export const FRAME_SAMPLES = 160;
export const FRAME_MS = (1000 * FRAME_SAMPLES) / CALL_RATE;

export interface ModemState {
  /** At the mobile network (3GPP TS 27.007 §7.2); calls and SMS go in `home` and `roaming` alone. */
  readonly registration: 'home' | 'roaming' | 'searching' | 'denied' | 'none';
  /** As the network calls itself. */
  readonly operator: string | null;
  /** Received strength, −113 to −51; `null` where the modem can't tell. */
  readonly signal_dbm: number | null;
}

export const isRegistered = ({ registration }: ModemState): boolean =>
  registration === 'home' || registration === 'roaming';

/** One call that comes in, from its first ring to its end. */
export interface Call {
  /** Grows with each call at this modem since it was opened. */
  readonly number: number;
  /** As the network gives it, `+` before an international one; `null` where it is withheld. */
  readonly from: string | null;
}

export type CallEnd =
  | 'caller' /* hung up */
  | 'us'
  | 'unanswered' /* the caller gave up before we answered */
  | 'dropped'; /* the network let go: no coverage, no carrier */

/** A key of a telephone; A to D are on no ordinary one. */
export type TelephoneKey =
  | ('0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9')
  | ('*' | '#' | 'A' | 'B' | 'C' | 'D');

/** 20 ms of a call. What was heard is the clock: for each frame that comes one goes out. */
export interface CallFrame {
  /** {@link FRAME_SAMPLES} of the caller's voice. Valid during the event alone: copy what is kept. */
  readonly heard: Int16Array;
  /** What went out in the same 20 ms; silence where nothing was to be said. Likewise. */
  readonly said: Int16Array;
}

/** A short message that came in whole: the parts of a long one are joined. */
export interface ReceivedSms {
  /** As the network gives it: a number, or a name such as `InternetSMS`. */
  readonly from: string;
  readonly text: string;
  /** The service centre's time stamp, ms since 1970. */
  readonly sent_at: number;
}

/** What became of one part of an SMS that was sent (3GPP TS 23.040 §9.2.3.15). */
export interface SmsReport {
  /** One of the references that {@link Modem.sendSms} gave; goes round after 256. */
  readonly reference: number;
  readonly to: string;
  /** `delayed`: the service centre goes on trying. */
  readonly outcome: 'delivered' | 'delayed' | 'failed';
  /** TP-Status as it came. */
  readonly status: number;
  readonly at: number;
}

export type SentSms =
  | {
      readonly ok: true;
      /** One for each part, in their order: reports name them. */
      readonly references: readonly number[];
    }
  | {
      readonly ok: false;
      /**
       * `unregistered`: no network now. `refused`: the network, for good. `busy`: the network, for now.
       * `unsure`: no answer came, so that it may have been sent.
       */
      readonly why: 'unregistered' | 'refused' | 'busy' | 'unsure';
      /** +CMS ERROR (3GPP TS 27.005 §3.2.5), where there was one. */
      readonly code: number | null;
    };

export interface ModemEvents extends DeviceEvents {
  /** At once after opening, and at each change. */
  state(state: ModemState): void;
  /** It can be answered now. Once for each call. */
  ringing(call: Call): void;
  /**
   * Somebody calls while the line is in use, and hears the network's ringing tone. `ringing` or `ended`
   * follows. A line has one waiting call at most: to further callers the network says busy.
   */
  waiting(call: Call): void;
  frame(call: Call, frame: CallFrame): void;
  key(call: Call, key: TelephoneKey): void;
  /** Exactly once for each call that rang or waited, unless the modem is lost: then all are over. */
  ended(call: Call, how: CallEnd): void;
  /** It stays in the modem until this resolves, and comes again where that never happened. */
  sms(message: ReceivedSms): Promise<void>;
  report(report: SmsReport): void;
}

export interface Modem extends Device {
  readonly state: ModemState;
  /** `false` where the caller has gone. `frame` and `key` begin. */
  answer(call: Call): Promise<boolean>;
  /** Ends it, or refuses it while it rings or waits; resolves when it is over, also before. */
  hangUp(call: Call): Promise<void>;
  /**
   * Says it after all that is still to be said. `true` when its last sample went out, `false` where
   * it was hushed or the call ended. Samples are 16-bit at {@link CALL_RATE}.
   */
  say(call: Call, samples: Int16Array): Promise<boolean>;
  /** Falls silent within a frame and forgets what was still to be said. */
  hush(call: Call): void;
  /** Samples still to be said: who streams waits while it has enough of them ahead. */
  ahead(call: Call): number;
  /** Presses keys towards the caller (27.007 §C.11); `false` where the call is over. */
  press(call: Call, keys: readonly TelephoneKey[]): Promise<boolean>;
  /** Resolves when the network took every part, or refused. `to` is E.164 with `+`. */
  sendSms(to: string, text: string): Promise<SentSms>;
}
