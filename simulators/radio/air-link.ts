/**
 * A connection between two controllers: data waits for the next connection event, is acknowledged
 * to its sender, and is lost only when the link is (Vol 6 Part B §4.5).
 */
import type { Air, Station } from './air.ts';

export interface AclFrame {
  /** Packet boundary flags as the receiving host sees them. */
  readonly flags: number;
  readonly data: Uint8Array;
}

/** One controller's side of a link. */
export interface LinkEnd extends Station {
  /** Data came for its host. */
  take(link: AirLink, frame: AclFrame): void;
  /** So many of its host's packets were acknowledged by the other side. */
  acknowledge(link: AirLink, count: number): void;
  /** The link is over, for a reason of Vol 1 Part F. */
  end(link: AirLink, reason: number): void;
}

export interface LinkParameters {
  readonly interval_ms: number;
  readonly supervision_ms: number;
}

const CONNECTION_TIMEOUT = 0x08;

export class AirLink {
  readonly central: LinkEnd;
  readonly peripheral: LinkEnd;
  parameters: LinkParameters;
  readonly #air: Air;
  #queue: { to: LinkEnd; from: LinkEnd; frame: AclFrame }[] = [];
  #event: (() => void) | null = null;
  #fading: (() => void) | null = null;
  #open = true;
  #vanished = false;
  #heardAt: number;

  constructor(air: Air, central: LinkEnd, peripheral: LinkEnd, parameters: LinkParameters) {
    this.#air = air;
    this.central = central;
    this.peripheral = peripheral;
    this.parameters = parameters;
    this.#heardAt = air.clock.monotonic();
    air.trace(`${central.name} connects to ${peripheral.name}`);
  }

  other(end: LinkEnd): LinkEnd {
    return end === this.central ? this.peripheral : this.central;
  }

  send(from: LinkEnd, frame: AclFrame): void {
    if (!this.#open) return;
    if (this.#queue.length === 0) this.#heardAt = this.#air.clock.monotonic();
    this.#queue.push({ from, to: this.other(from), frame });
    this.#schedule();
  }

  /** Looks whether the two still reach each other; to be called when something moved. */
  check(): void {
    if (!this.#open) return;
    if (!this.#vanished && this.#air.joined(this.central, this.peripheral)) {
      this.#fading?.();
      this.#fading = null;
      this.#schedule();
      return;
    }
    this.#fading ??= this.#air.clock.after(this.parameters.supervision_ms, () => {
      this.close(CONNECTION_TIMEOUT, CONNECTION_TIMEOUT);
    });
  }

  /** One side lost power: the other notices after the supervision timeout. */
  vanish(): void {
    this.#vanished = true;
    this.check();
  }

  close(centralReason: number, peripheralReason: number): void {
    if (!this.#open) return;
    this.#open = false;
    this.#event?.();
    this.#fading?.();
    this.#queue = [];
    this.#air.trace(`${this.central.name} and ${this.peripheral.name} are disconnected`);
    this.central.end(this, centralReason);
    this.peripheral.end(this, peripheralReason);
  }

  #schedule(): void {
    if (this.#event !== null || this.#queue.length === 0) return;
    this.#event = this.#air.clock.after(this.parameters.interval_ms, () => {
      this.#event = null;
      this.#exchange();
    });
  }

  /** One connection event. A packet that is lost is sent again in the next one, in order. */
  #exchange(): void {
    if (this.#fading !== null) return;
    const { central, peripheral } = this;
    const passed = new Map<LinkEnd, number>();
    while (this.#open && this.#queue.length > 0) {
      if (this.#air.chance() < central.loss || this.#air.chance() < peripheral.loss) break;
      const next = this.#queue.shift();
      if (next === undefined) break;
      passed.set(next.from, (passed.get(next.from) ?? 0) + 1);
      next.to.take(this, next.frame);
    }
    const now = this.#air.clock.monotonic();
    if (passed.size > 0) this.#heardAt = now;
    for (const [from, count] of passed) if (this.#open) from.acknowledge(this, count);
    if (this.#queue.length > 0 && now - this.#heardAt > this.parameters.supervision_ms) {
      this.close(CONNECTION_TIMEOUT, CONNECTION_TIMEOUT);
    } else this.#schedule();
  }
}
