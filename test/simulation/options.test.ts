/** The command line of the simulation: what is not as it should be is named, with what to give. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';

const read = (line: string) => readOptions(line.split(' '), () => 7);

test('what it takes', () => {
  assert.equal(read('--seed 42').seed, 42);
  const many = read('--minutes 0.5 --go-on');
  assert.deepEqual([many.minutes, many.from, many.goesOn], [0.5, 7, true]);
  assert.equal(read('--plant all').from, 1);
  assert.equal(read('--seed 1 --plant lost-cent').plant, 'lost-cent');
});

test('what it refuses', () => {
  for (const line of ['--seed -1', '--seed 1.5', '--seed x', '--seeds 0', '--processes 0']) {
    assert.throws(() => read(line), /--seed|--processes/, line);
  }
  for (const line of ['--minutes 0', '--minutes x', '--minutes Infinity', '--minutes=-1']) {
    assert.throws(() => read(line), /--minutes .*a number above 0/, line);
  }
  for (const line of ['--plant nothing', '--plant toString', '--plant __proto__']) {
    assert.throws(() => read(line), /--plant .*there are early-ack/, line);
  }
  assert.throws(() => read('--bogus'), /--bogus/);
  assert.throws(() => read('42'), /42/);
});
