/** What the terminal and the process with the card library say to each other; bytes are hex. */

export type ToReader = {
  readonly ask: 'transmit';
  readonly id: number;
  readonly presence: number;
  readonly apdu: string;
};

export type FromReader =
  /** The reader is there; cards on it are told from now on. */
  | { readonly say: 'ready'; readonly name: string }
  | {
      readonly say: 'arrived';
      readonly presence: number;
      readonly uid: string;
      readonly historical: string;
    }
  | { readonly say: 'left'; readonly presence: number }
  | { readonly say: 'unreadable' }
  | { readonly say: 'answer'; readonly id: number; readonly response: string }
  /** The card of that command is gone. */
  | { readonly say: 'torn'; readonly id: number }
  /** The process ends after this. */
  | { readonly say: 'lost'; readonly what: Loss; readonly why: string };

/** `library`: it is not installed, or was not built for this machine. */
export type Loss = 'library' | 'daemon' | 'reader';
