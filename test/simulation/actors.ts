/** Those who come to a world, apart from vendors and payers: what each must be able to do. */
import type { Houses } from './houses.ts';
import type { Street } from './people.ts';
import type { Plan } from './plan.ts';
import type { TerminalMachine } from './terminal-machine.ts';

/** What of a world an actor may touch. */
export interface Scene {
  readonly plan: Plan;
  readonly street: Street;
  readonly houses: Houses;
  readonly terminals: readonly TerminalMachine[];
}

/** Draws from streams of its own (`street.chance.stream('…')`), so that no other actor's luck moves. */
export interface Actor {
  /** What it needs is made before the trouble begins. */
  prepare?(): Promise<void>;
  /** The trouble begins. */
  begin(): void;
  /** An order is offered for the first time at a stall that is open. */
  offered?(terminal: TerminalMachine, order: string): void;
  /** Everything heals: no new sales from now on. */
  heal?(): void;
  /** What is not finished after healing, a sentence each. */
  unfinished(): readonly string[];
  /** At the very end: reports what is wrong. */
  judge?(): void;
}
