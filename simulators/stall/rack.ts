/** The simulated organs that this machine could have, and those that it could not, with the mend. */
import { type Fault, FaultError, type Simulator } from '../wire.ts';
import { notNow, unknown, wrong } from './problems.ts';

/** Any fault that some wire takes. */
export type AnyFault = Fault | { readonly fault: string; readonly [key: string]: unknown };

export interface OrganView {
  readonly wire: string;
  readonly state: 'working' | 'missing' | 'faulty';
  /** Faults that it takes. */
  readonly faults: readonly string[];
  /** The fault that is on, or `null`. */
  readonly fault: AnyFault | null;
  /** Why it is missing and what brings it; empty where it is not. */
  readonly why: string;
  readonly mend: string;
}

/** The part of a simulator that the rack needs; each takes its own faults. */
export interface Faulty {
  apply(fault: never): Promise<void>;
  close(): Promise<void>;
}

interface Place {
  readonly faults: readonly string[];
  readonly simulator: Faulty | null;
  readonly why: string;
  readonly mend: string;
  fault: AnyFault | null;
}

/** Faults that are over when they have happened. */
const MOMENTS = ['clear', 'replug', 'drop', 'no_carrier', 'registered', 'restart'];
const PATIENCE_MS = 3000;

export class Rack {
  readonly #places = new Map<string, Place>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Opens an organ, or notes why it can't be had and what brings it, and answers `null`. */
  async add<T extends Faulty>(
    wire: string,
    faults: readonly string[],
    mend: string,
    open: () => Promise<T>,
  ): Promise<T | null> {
    try {
      const simulator = await open();
      this.#places.set(wire, { faults, simulator, why: '', mend: '', fault: null });
      return simulator;
    } catch (error) {
      const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
      this.#places.set(wire, { faults: [], simulator: null, why, mend, fault: null });
      return null;
    } finally {
      this.#changed();
    }
  }

  /** Applies a fault that came from outside; a {@link Problem} says what it should have been. */
  async apply(wire: string, fault: AnyFault): Promise<void> {
    const place = this.#places.get(wire);
    if (place === undefined) {
      throw unknown(`There is no wire ${wire}; there are ${[...this.#places.keys()].join(', ')}.`);
    }
    if (place.simulator === null) throw notNow(`${wire} is missing: ${place.why}. ${place.mend}`);
    if (!place.faults.includes(fault.fault)) {
      throw wrong('fault', `${wire} takes ${place.faults.join(', ')}; not ${fault.fault}.`);
    }
    try {
      // The rack knows by name which faults the simulator takes; its own type says the same.
      await (place.simulator as Simulator).apply(fault as Fault);
    } catch (error) {
      if (error instanceof FaultError) throw wrong('fault', error.message);
      throw error;
    }
    const over = MOMENTS.includes(fault.fault);
    place.fault = over ? null : fault;
    this.#changed();
  }

  view(): OrganView[] {
    return [...this.#places].map(([wire, { faults, simulator, why, mend, fault }]) => {
      const state = simulator === null ? 'missing' : fault === null ? 'working' : 'faulty';
      return { wire, state, faults, fault, why, mend };
    });
  }

  /** Closes all, whichever fails; answers the wires that did not close in time. */
  async close(): Promise<string[]> {
    const open = new Set(this.#places.keys());
    const closing = [...this.#places].map(async ([wire, { simulator }]) => {
      await simulator?.close();
      open.delete(wire);
    });
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
    await Promise.race([Promise.allSettled(closing), patience]);
    return [...open];
  }
}
