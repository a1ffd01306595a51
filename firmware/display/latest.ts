/** A slow outlet that is given screens faster than it shows them: it skips, it never lags. */
export class Latest<Value> {
  readonly #send: (value: Value) => Promise<void>;
  #waiting: { value: Value } | null = null;
  #running: Promise<void> | null = null;

  constructor(send: (value: Value) => Promise<void>) {
    this.#send = send;
  }

  /** Resolves when `value` or a newer one was sent; rejects with what `send` rejects with. */
  put(value: Value): Promise<void> {
    this.#waiting = { value };
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting !== null) {
      const { value } = this.#waiting;
      this.#waiting = null;
      await this.#send(value);
    }
  }
}
