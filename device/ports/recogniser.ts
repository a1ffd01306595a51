import type { Rules } from '#device/speech/rules.ts';
import type { Device } from './device.ts';

/** What to listen for. A recogniser that hears any word takes it as a hint, or not at all. */
export interface Vocabulary {
  /** Equal names have equal contents while a terminal runs. */
  readonly name: string;
  /** Every phrase that may be said; choices with a word that it can't recognise are left out. */
  readonly rules: Rules;
  /** The rule that is a phrase. */
  readonly from: string;
  /** Understood sooner, with less care: for what is read back before it has any effect. */
  readonly quick?: boolean;
}

/** One utterance: 16-bit mono, from a little before the voice to a little after it. */
export interface Utterance {
  /** Samples a second: 8000 of a telephone, 16,000 of a microphone. */
  readonly rate: number;
  readonly samples: Int16Array;
}

export type Recognised =
  | {
      readonly is: 'heard';
      /**
       * What each decoder understood, the most trusted first. Who asked compares what they *mean*:
       * only where all mean the same is it to be believed.
       */
      readonly texts: readonly string[];
      /** 0 to 1: how well the sound fits the words, against any sounds at all. */
      readonly fit: number;
    }
  /** No voice in it, or nothing that could be a phrase of the vocabulary. */
  | { readonly is: 'nothing' };

export interface Recogniser extends Device {
  /**
   * Calls are answered in their order. Rejects with a `DeviceError` where the recogniser failed; it
   * then is lost.
   */
  recognise(utterance: Utterance, vocabulary: Vocabulary): Promise<Recognised>;
}

/** What came of listening once. */
export type Heard =
  | Recognised
  /** Nobody spoke in time. */
  | { readonly is: 'silence' }
  /** Microphone or recogniser failed while it listened. */
  | { readonly is: 'failed' };
