/** Waiting for one of the answers that a serial device gives to questions, with a time limit. */

interface Waiting<Reply> {
  readonly accepts: (reply: Reply) => boolean;
  readonly settle: (reply: Reply | null) => void;
}

export class Replies<Reply> {
  readonly #waiting: Waiting<Reply>[] = [];

  /** The next reply that `accepts` takes, or `null` after `timeoutMs`. Ask after calling this. */
  next(accepts: (reply: Reply) => boolean, timeoutMs: number): Promise<Reply | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiting.settle(null), timeoutMs);
      const waiting: Waiting<Reply> = {
        accepts,
        settle: (reply) => {
          clearTimeout(timer);
          const at = this.#waiting.indexOf(waiting);
          if (at >= 0) this.#waiting.splice(at, 1);
          resolve(reply);
        },
      };
      this.#waiting.push(waiting);
    });
  }

  /** Hands a reply to the longest-waiting that accepts it; `false` where nobody waits for it. */
  give(reply: Reply): boolean {
    const waiting = this.#waiting.find((each) => each.accepts(reply));
    waiting?.settle(reply);
    return waiting !== undefined;
  }

  /** Ends every wait at once with `null`: the device is gone. */
  end(): void {
    for (const waiting of [...this.#waiting]) waiting.settle(null);
  }
}
