/** Messages for a modem: kept by it until they are deleted, or by the network while it can't be reached. */
import { STORE, type StoredSms } from './commands.ts';

interface Pdu {
  readonly hex: string;
  readonly length: number;
}

export class Inbox {
  /** What the modem's commands read and delete. */
  readonly stored: StoredSms[] = [];
  readonly #atNetwork: Pdu[] = [];
  #nextIndex = 0;

  /** Its index, or `null` where the network has to keep it. */
  take(pdu: Pdu, reachable: boolean): number | null {
    if (!reachable || this.stored.length >= STORE) {
      this.#atNetwork.push(pdu);
      return null;
    }
    this.#nextIndex += 1;
    this.stored.push({ index: this.#nextIndex, read: false, ...pdu });
    return this.#nextIndex;
  }

  /** What the network kept; it keeps it no more. */
  pull(): Pdu[] {
    return this.#atNetwork.splice(0);
  }
}
