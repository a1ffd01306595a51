/** What a simulated modem is opened with, and the faults that it takes. */
import type { Clock } from '#device/ports/clock.ts';
import type { Fault, Watch } from '../wire.ts';

/** Besides the faults of a serial wire, which hit both wires. */
export type ModemFault =
  | Fault
  /** The network lets go of the call that is on. */
  | { readonly fault: 'no_carrier' }
  | { readonly fault: 'unregistered' }
  | { readonly fault: 'registered' }
  /** +CMS ERROR of the messages that follow, until `clear`. */
  | { readonly fault: 'sms_refused'; readonly code: number }
  /** The results of the next commands are never given. */
  | { readonly fault: 'lose_results'; readonly count: number }
  /** The audio port gives nothing, until `clear`. */
  | { readonly fault: 'mute' }
  | { readonly fault: 'restart' };

export interface ModemOptions {
  readonly atPath: string;
  readonly audioPath: string;
  /** The number of its SIM. */
  readonly number?: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
  readonly chance?: () => number;
  /** Of calls: times as fast as real ones; `Infinity` as fast as the terminal takes it. */
  readonly speed?: number;
  /** `tones`: it can't report keys (no AT+DDET); they are in the sound of the call alone. */
  readonly keys?: 'reported' | 'tones';
  /** Tells something by itself in the middle of each answer. */
  readonly chatty?: boolean;
}
