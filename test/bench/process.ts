/** What the kernel says of a running process (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

export interface Memory {
  /** Resident now, in MB of 1,048,576 bytes. */
  readonly resident: number;
  /** The most that was resident at once. */
  readonly peak: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { resident: read('VmRSS'), peak: read('VmHWM') };
}

/** Milliseconds that its threads have run; unlike clock ticks, to the nanosecond. */
export function runMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const read = (task: string): number =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  return tasks.reduce((sum, task) => sum + read(task), 0) / 1e6;
}

/** Share of one core, in per cent, that a process takes in the next `ms`. */
export async function idleShare(pid: number, ms: number): Promise<number> {
  const before = runMs(pid);
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  return (100 * (runMs(pid) - before)) / (performance.now() - began);
}
