/** What the terminal and a recogniser's process say to each other. */
import type { Recognised, Utterance, Vocabulary } from '#device/ports/recogniser.ts';

export type ToRecogniser =
  /** Sent once for each name, before it is used. */
  | { readonly ask: 'learn'; readonly vocabulary: Vocabulary }
  | {
      readonly ask: 'recognise';
      readonly id: number;
      readonly utterance: Utterance;
      readonly vocabulary: string;
    };

/** Why it can't work: the library, or the model, is not there or is not what it should be. */
export type Loss = 'library' | 'model' | 'failed';

export type FromRecogniser =
  | { readonly say: 'ready' }
  | { readonly say: 'recognised'; readonly id: number; readonly result: Recognised }
  | { readonly say: 'lost'; readonly what: Loss; readonly why: string };
