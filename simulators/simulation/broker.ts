/**
 * A broker between terminals and their gateway, with clean sessions: what is said to somebody who is
 * not there is gone, and so is what it was given just before it fell over, though it said "taken".
 */
import { LinkPauses, linkEnd } from '#device/link-pauses.ts';
import type { Link, LinkEvents } from '#device/ports/link.ts';
import type { SeededChance } from './chance.ts';
import type { VirtualTime } from './time.ts';
import type { Weather } from './weather.ts';

/** The gateway's end. */
export interface Door {
  /** Takes what came on the uplink topic; rejects where it could not be stored. */
  handle(terminal: string, message: Uint8Array): Promise<unknown>;
  /** A terminal listens anew. */
  arrived(terminal: string): void;
  /** The gateway has just connected to a broker that was there already. */
  brokerArrived(): void;
}

export interface BrokerSettings {
  /** `true`: it lives and dies with the gateway and answers only when that has stored a message. */
  readonly embedded: boolean;
  readonly weatherOf: (terminal: string) => Weather;
}

/** After so long without a sign of life the other end is believed to be gone. */
const KEEPALIVE_MS = 22_000;

interface Connection {
  readonly terminal: string;
  /** As the broker sees it. */
  open: boolean;
  readonly lose: (why: string) => void;
}

export class SimulatedBroker {
  readonly #time: VirtualTime;
  readonly #chance: SeededChance;
  readonly #settings: BrokerSettings;
  readonly #connections = new Map<string, Connection>();
  #door: Door | null = null;
  #up = true;

  constructor(time: VirtualTime, chance: SeededChance, settings: BrokerSettings) {
    this.#time = time;
    this.#chance = chance;
    this.#settings = settings;
  }

  /** The gateway comes, or is gone. */
  attach(door: Door | null): void {
    this.#door = door;
    if (this.#settings.embedded) {
      if (door === null) this.#dropAll('the broker is gone');
    } else door?.brokerArrived();
  }

  /** The broker falls over with all it had taken, and is back after `ms`. */
  fall(ms: number): void {
    this.#up = false;
    this.#dropAll('the broker is gone');
    this.#time.after(ms, () => {
      this.#up = true;
      if (!this.#settings.embedded) this.#door?.brokerArrived();
    });
  }

  /** The gateway says something; `false` where the terminal is known not to be there. */
  send(terminal: string, message: string): boolean {
    if (!this.#up) return false;
    const connection = this.#connections.get(terminal);
    if (this.#settings.embedded && connection?.open !== true) return false;
    if (connection?.open === true) this.#bring(connection, message);
    return true;
  }

  /** Brings a message to whoever is connected as `terminal` now: for those who replay and forge. */
  whisper(terminal: string, message: string): void {
    const connection = this.#connections.get(terminal);
    if (connection?.open === true) this.#bring(connection, message);
  }

  /** Brings a message to the gateway as if it came from whoever is connected as `terminal` now. */
  insert(terminal: string, message: string): void {
    const connection = this.#connections.get(terminal);
    if (connection?.open !== true) return;
    this.#take(connection, message, this.#settings.weatherOf(terminal));
  }

  /** The terminal's link: connects, and goes on connecting until it is closed. */
  open(terminal: string, events: LinkEvents): Link {
    const weather = this.#settings.weatherOf(terminal);
    let closed = false;
    let connection: Connection | null = null;
    const pauses = new LinkPauses(this.#chance.stream(`pauses of ${terminal}`));
    let upAt: number | null = null;
    const again = (): void => {
      const pause = pauses.after(linkEnd(upAt, this.#time.now));
      upAt = null;
      this.#time.after(pause, connect);
    };
    const connect = (): void => {
      if (closed) return;
      if (weather.parted || !this.#isThere()) {
        again();
        return;
      }
      const made: Connection = {
        terminal,
        open: true,
        lose: (why) => {
          if (connection !== made || closed) return;
          connection = null;
          events.down(why);
          again();
        },
      };
      // One connection a terminal: the new one takes over.
      this.#drop(this.#connections.get(terminal), 'taken over');
      this.#connections.set(terminal, made);
      connection = made;
      this.#receivers.set(made, (message) => {
        if (connection === made && !closed) events.message(message);
      });
      this.#door?.arrived(terminal);
      this.#time.after(this.#chance.between(1, 30), () => {
        if (connection !== made || closed) return;
        upAt = this.#time.now;
        events.up();
      });
    };
    this.#time.after(this.#chance.between(5, 200), connect);
    return {
      publish: (token) => {
        if (connection !== null && !closed) this.#take(connection, token, weather);
      },
      close: async () => {
        closed = true;
        if (connection !== null) this.#forget(connection);
        connection = null;
      },
    };
  }

  /** The way to a terminal is cut: each end finds out by itself, or at once. */
  part(terminal: string): void {
    const connection = this.#connections.get(terminal);
    if (connection === undefined) return;
    const seen = this.#chance.happens(0.3) ? 0 : this.#chance.between(1000, KEEPALIVE_MS);
    this.#time.after(seen, () => connection.lose('no answer'));
    const known = this.#chance.happens(0.3) ? 0 : this.#chance.between(1000, KEEPALIVE_MS);
    this.#time.after(known, () => this.#forget(connection));
  }

  readonly #receivers = new WeakMap<Connection, (message: string) => void>();

  #isThere(): boolean {
    return this.#up && (!this.#settings.embedded || this.#door !== null);
  }

  #bring(connection: Connection, message: string): void {
    this.#settings.weatherOf(connection.terminal).carry(() => {
      this.#receivers.get(connection)?.(message);
    });
  }

  #take(connection: Connection, token: string, weather: Weather): void {
    weather.carry(() => {
      const door = this.#door;
      if (!this.#up || door === null || !connection.open) return;
      door.handle(connection.terminal, new TextEncoder().encode(token)).catch(() => {
        // What could not be stored is not acknowledged, and an own broker ends the connection.
        if (this.#settings.embedded) this.#drop(connection, 'not acknowledged');
      });
    });
  }

  #forget(connection: Connection): void {
    connection.open = false;
    if (this.#connections.get(connection.terminal) === connection) {
      this.#connections.delete(connection.terminal);
    }
  }

  #drop(connection: Connection | undefined, why: string): void {
    if (connection === undefined) return;
    this.#forget(connection);
    this.#time.after(this.#chance.between(1, 1000), () => connection.lose(why));
  }

  #dropAll(why: string): void {
    for (const connection of [...this.#connections.values()]) this.#drop(connection, why);
  }
}
