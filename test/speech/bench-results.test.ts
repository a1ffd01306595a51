/** A speech bench that was stopped goes on where it was, and mixes with no other. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Result, Results, tablesOf } from '#test/bench/speech/results.ts';

const directory = mkdtempSync(join(tmpdir(), 'bench-results-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const said = (text: string, more: Partial<Result> = {}): Result => ({
  ...{ voice: 'one', condition: 'quiet', text, means: '1.00', meant: '1.00', shown: '1.00' },
  ...{ guessed: null, texts: [text], decodeMs: 1 },
  ...more,
});

test('what was heard is known again, and a line that was cut off is heard again', () => {
  const file = join(directory, 'results');
  const first = new Results(file, 'score 1');
  first.add(said('one yuan'));
  appendFileSync(file, JSON.stringify(said('two yuan')).slice(0, 20));
  const second = new Results(file, 'score 1');
  assert.equal(second.has(said('one yuan')), true);
  assert.equal(second.has(said('two yuan')), false);
  second.add(said('three yuan'));
  const third = new Results(file, 'score 1');
  assert.deepEqual(
    third.all().map(({ text }) => text),
    ['one yuan', 'three yuan'],
  );
  assert.throws(() => new Results(file, 'score 2'), /another bench/);
});

test('the table counts what was exact, shown, guessed, and how much of it was right', () => {
  const table = tablesOf([
    said('one yuan'),
    said('two yuan', { meant: '3.00', shown: '3.00', means: '2.00' }),
    said('four yuan', { shown: null, guessed: '1.00' }),
    said('hello', { condition: 'talk', means: null, meant: null, shown: null }),
  ]);
  assert.match(
    table,
    /^all +3 +66\.7 % +66\.7 % +50\.0 % +\(1 of 2\) +33\.3 % +100\.0 % +\(1 of 1\)/m,
  );
  assert.match(table, /talk: 0 of 1 taken for an order, 0 more guessed/);
});

test('accents have rows of their own and count nowhere else', () => {
  const table = tablesOf(
    [
      said('one yuan'),
      said('two yuan', { voice: 'far', meant: null, shown: null, means: '2.00' }),
      said('hello', { voice: 'far', condition: 'talk', means: null }),
    ],
    ['far'],
  );
  assert.match(table, /^all +1 +100\.0 % /m);
  assert.match(table, /accents, which are not counted\nfar +1 +0\.0 % /);
  assert.match(table, /talk: 0 of 0 /);
});
