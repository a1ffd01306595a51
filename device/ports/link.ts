/** The way to the gateway. A link is always there; whether it is up is an event. */
export interface LinkEvents {
  /** Subscribed and ready to publish. */
  up(): void;
  down(why: string): void;
  /** The compact JWS of a downlink, not yet verified. */
  message(token: string): void;
}

export interface Link {
  /** Hands an uplink's compact JWS to the broker; a broker's acknowledgement is not a receipt. */
  publish(token: string): void;
  close(): Promise<void>;
}
