/** What a gateway needs of a broker, its own or another's. */
export interface MqttDoor {
  /** Where terminals find the broker, such as `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  close(): Promise<void>;
}
