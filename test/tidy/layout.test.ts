/** The house looks as its architecture says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { HOME, sources } from './sources.ts';

test('files are named in kebab-case', () => {
  const wrong = sources().filter(
    (file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d))?\.ts$/.test(basename(file)),
  );
  assert.deepEqual(wrong, []);
});

test('the top level is the five rooms and their papers', () => {
  const known =
    /^(firmware|device|gateway|simulators|test|docs|scripts|\.ci|\.gitignore|\.npmrc|\.editorconfig|package(-lock)?\.json|tsconfig\.json|biome\.json|boards\.json|README(\.zh-CN)?\.md|CHANGELOG\.md|LICENSE)$/;
  const tops = new Set(sources('').map((file) => file.split('/')[0] ?? ''));
  assert.deepEqual(
    [...tops].filter((top) => !known.test(top)),
    [],
  );
});

test('the lock file names no download address', () => {
  const lock = readFileSync(join(HOME, 'package-lock.json'), 'utf8');
  assert.equal(/"resolved": "https?:/.test(lock), false);
});

test('every row of the table of rows names a test that exists', () => {
  const rows = readFileSync(join(HOME, 'docs', 'rows.md'), 'utf8');
  const named = [...rows.matchAll(/`(test\/[\w./-]+\.ts)`/g)].map((match) => match[1] ?? '');
  assert.ok(named.length > 10, 'the table names tests');
  const there = new Set(sources());
  assert.deepEqual(
    named.filter((file) => !there.has(file)),
    [],
  );
});
