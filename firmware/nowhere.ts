import { openSync } from 'node:fs';

/**
 * What a child process reads nothing from and writes to in vain: /dev/null, open for both.
 * In place of `'ignore'`, for which libuv opens it between fork and exec: under a preloaded library
 * that takes a lock in open, as umockdev's does, a child forked while another thread holds that lock
 * never gets to its exec, and its parent waits for it with the whole terminal.
 */
export const NOWHERE = openSync('/dev/null', 'r+');
