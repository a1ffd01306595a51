/** What a phone's radio process and its owner say to each other. */

/** One broadcast as the phone's radio reported it. */
export interface HeardPacket {
  /** Of the sender: `00:11:22:33:44:55`. */
  readonly address: string;
  /** Manufacturer-specific data, company identifier included, as hexadecimal. */
  readonly data: string;
  readonly rssi_dbm: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface ToRadio {
  readonly say: 'read';
  readonly id: number;
  readonly address: string;
  /** Subscribes and reads when it changed, instead of at once. */
  readonly changed: boolean;
}

export type FromRadio =
  | { readonly say: 'scanning' }
  | { readonly say: 'heard'; readonly packet: HeardPacket }
  | { readonly say: 'subscribed'; readonly id: number }
  | { readonly say: 'read'; readonly id: number; readonly url: string }
  | { readonly say: 'failed'; readonly id: number; readonly why: string };
