/**
 * Preloaded into a program of the race: its wall clock is as many milliseconds ahead as a file says
 * (`later.ts?file=/path`), as if it had been off for that long; SIGUSR2 has it look again.
 */
import { readFileSync } from 'node:fs';

const file = new URL(import.meta.url).searchParams.get('file') ?? '';

function readAhead(): number {
  const ahead = Number(readFileSync(file, 'utf8').trim() || 'nothing');
  if (!Number.isFinite(ahead)) throw new Error(`${file} holds no number of milliseconds`);
  return ahead;
}

let ahead = readAhead();
process.on('SIGUSR2', () => {
  ahead = readAhead();
});
const now = Date.now.bind(Date);
Date.now = () => now() + ahead;
