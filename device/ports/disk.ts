/** Five verbs, so that every torn write can be simulated. One file, one writer. */
export interface Disk {
  /** Writes at the end; not durable before {@link Disk.sync}. Rejects with code ENOSPC when full. */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when all that was appended survives a power cut. */
  sync(): Promise<void>;
  /** The whole file. */
  read(): Promise<Uint8Array>;
  /** Cuts a torn tail off. */
  truncate(length: number): Promise<void>;
  /**
   * The whole file becomes these bytes, durably. Through a power cut it is the old or the new one,
   * whole; after a rejection, too.
   */
  replace(bytes: Uint8Array): Promise<void>;
}
