/**
 * A process ends only once the calls that its helper threads are in return: one that waits in the
 * kernel, such as the opening of a device that never answers, keeps `process.exit` for ever. So a
 * process of its own looks whether this one has ended.
 */
import { spawn } from 'node:child_process';
import { NOWHERE } from '#firmware/nowhere.ts';

/** Ends this process by force where it is still there after `ms`; call it once its end has begun. */
export function endWithin(ms: number): void {
  // The pipe closes as this process ends: whoever has its number later is never hit.
  const script = `timeout ${ms / 1000} cat > /dev/null; [ $? -eq 124 ] && kill -KILL ${process.pid}`;
  const guard = spawn('/bin/sh', ['-c', script], {
    detached: true,
    stdio: ['pipe', NOWHERE, NOWHERE],
  });
  // Without a shell the end is as it was: most likely soon.
  guard.on('error', () => undefined);
  guard.stdin?.on('error', () => undefined);
  guard.unref();
}
