/** The gateway as a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export const MAIN = join(import.meta.dirname, '../../gateway/main.ts');

export interface GatewayProcess {
  readonly http: string;
  readonly mqtt: string;
  readonly pid: number;
  /** Ends it by a signal; resolves with its exit code, `null` where the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts it and waits for its `ready` line; rejects with what it said where none comes. `flags` are
 * those of Node itself.
 */
export async function spawnGateway(
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<GatewayProcess> {
  const all = [...flags, MAIN, ...args];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const { http, mqtt } = await ready(child);
  return {
    http,
    mqtt,
    pid: child.pid ?? 0,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** What a start may take on a busy machine; a process that hangs is ended with what it said. */
const READY_MS = 60_000;

function ready(child: ChildProcess): Promise<{ http: string; mqtt: string }> {
  let said = '';
  let complaint = '';
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`not ready in ${READY_MS} ms; it said: ${said}${complaint}`));
    }, READY_MS);
    child.once('exit', () => clearTimeout(late));
    child.stderr?.on('data', (bytes) => {
      complaint += String(bytes);
    });
    child.stdout?.on('data', (bytes) => {
      said += String(bytes);
      if (!said.includes('\n')) return;
      clearTimeout(late);
      resolve(JSON.parse(said));
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${complaint}`)));
  });
}

/** Runs it to its end, for arguments that it refuses. */
export function runGateway(
  args: readonly string[],
): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes) => {
    said += String(bytes);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}
