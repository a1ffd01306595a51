/** Where bytes from outside come in, as the fuzzer sees it. */
export interface Door {
  readonly name: string;
  /** What is changed: bytes, or the structure of JSON text. */
  readonly shape: 'bytes' | 'json';
  /** Inputs that are good. */
  readonly golden: readonly Uint8Array[];
  /**
   * Takes one input; throws where a promise is broken: an exception that nobody expects, something
   * half-applied. What is merely refused is no failure.
   */
  take(input: Uint8Array): void | Promise<void>;
  /** What only shows after many inputs; throws as {@link Door.take} does. */
  check?(): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** Fails the case. */
export function broken(what: string): never {
  throw new Error(what);
}
