/** Terminal or gateway as the stall sees it: a machine with a power switch. */
import { Child, type ChildLine } from './child.ts';
import type { Plan } from './plans.ts';

export interface MachineView {
  readonly state: 'stopped' | 'starting' | 'ready' | 'failed';
  readonly pid: number | null;
  /** How often it was switched on. */
  readonly starts: number;
  /** From process start to ready, of the last start. */
  readonly ready_ms: number | null;
  /** Why it failed. */
  readonly why: string | null;
}

export class Machine {
  readonly #plan: () => Plan;
  readonly #changed: () => void;
  #child: Child | null = null;
  #view: MachineView = { state: 'stopped', pid: null, starts: 0, ready_ms: null, why: null };

  /** `plan` is asked at each start what to run. */
  constructor(plan: () => Plan, changed: () => void) {
    this.#plan = plan;
    this.#changed = changed;
  }

  get view(): MachineView {
    return this.#view;
  }

  /** Switches it on where it is off; resolves with what it said when ready, rejects where it can't. */
  async start(): Promise<ChildLine> {
    if (this.#child?.running) return this.#child.ready;
    const began = performance.now();
    const child = new Child({ ...this.#plan(), ended: () => this.#ended(child) });
    this.#child = child;
    const { starts } = this.#view;
    this.#set({ state: 'starting', pid: null, starts: starts + 1, ready_ms: null, why: null });
    try {
      const line = await child.ready;
      const ready_ms = Math.round(performance.now() - began);
      if (this.#child === child)
        this.#set({ ...this.#view, state: 'ready', pid: child.pid, ready_ms });
      return line;
    } catch (error) {
      if (this.#child === child) {
        const why = error instanceof Error ? error.message : String(error);
        await child.kill('SIGKILL');
        this.#set({ ...this.#view, state: 'failed', pid: null, why });
      }
      throw error;
    }
  }

  /** Ends it: `SIGKILL` as a power cut does, `SIGTERM` as a wish; resolves when it is gone. */
  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.kill(signal);
    this.#set({ ...this.#view, state: 'stopped', pid: null, why: null });
  }

  #ended(child: Child): void {
    if (this.#child !== child || this.#view.state !== 'ready') return;
    this.#set({
      ...this.#view,
      state: 'failed',
      pid: null,
      why: child.said || 'it ended by itself',
    });
  }

  #set(view: MachineView): void {
    this.#view = view;
    this.#changed();
  }
}
