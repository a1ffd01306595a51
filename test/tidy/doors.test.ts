/** The house keeps its doors: who may import whom, and which calls belong behind a port. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { HOME, sources } from './sources.ts';

const ROOMS = ['firmware', 'device', 'gateway', 'simulators', 'test', 'scripts'];

/** Room → what it may import besides itself: a room, or a folder of one. */
const DOORS: Record<string, readonly string[]> = {
  device: [],
  firmware: ['device/'],
  gateway: ['device/messages/', 'device/codecs/'],
  simulators: ['device/'],
  test: ['device/', 'firmware/', 'gateway/', 'simulators/', 'scripts/'],
  scripts: ['device/', 'firmware/', 'gateway/', 'simulators/', 'test/'],
};

/** Packages that `device` may use: pure code alone. */
const PURE = [/^zod$/, /^@noble\/(hashes|curves|ciphers)\//];

interface Import {
  readonly file: string;
  readonly from: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(HOME, file), 'utf8');
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...found].map((match) => ({ file, from: match[1] ?? match[2] ?? match[3] ?? '' }));
}

/** Path below the house of an import of our own, or `null` for a package. */
function target({ file, from }: Import): string | null {
  if (from.startsWith('#')) return from.slice(1);
  if (from.startsWith('.')) return relative(HOME, join(HOME, dirname(file), from));
  return null;
}

const roomOf = (path: string): string => path.split('/')[0] ?? '';
const all = sources().flatMap(importsOf);

describe('doors', () => {
  test('each import goes through a door', () => {
    const wrong = all.filter((each) => {
      const path = target(each);
      if (path === null) return false;
      const room = roomOf(each.file);
      if (roomOf(path) === room) return false;
      return !(DOORS[room] ?? []).some((door) => path.startsWith(door));
    });
    assert.deepEqual(wrong, []);
  });

  test('device imports pure packages alone', () => {
    const wrong = all.filter(
      (each) =>
        roomOf(each.file) === 'device' &&
        target(each) === null &&
        !PURE.some((pure) => pure.test(each.from)),
    );
    assert.deepEqual(wrong, []);
  });

  test('the check sees a forbidden import', () => {
    const forbidden = { file: 'gateway/x.ts', from: '#device/terminal.ts' };
    const path = target(forbidden) ?? '';
    assert.equal(
      (DOORS.gateway ?? []).some((door) => path.startsWith(door)),
      false,
    );
    assert.equal(
      target({ file: 'gateway/web/x.ts', from: '../../firmware/y.ts' }),
      'firmware/y.ts',
    );
  });

  test('every room of the rules is there', () => {
    const rooms = new Set(sources().map(roomOf));
    assert.deepEqual([...rooms].sort(), [...ROOMS].sort());
  });
});

/** Calls that make a run unrepeatable. `device` may not have them at all. */
const IMPURE =
  /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|process\.|performance\.)/;

describe('banned calls', () => {
  test('device has no clock, no chance and no process', () => {
    const wrong = sources()
      .filter((file) => roomOf(file) === 'device')
      .flatMap((file) => linesWith(file, IMPURE));
    assert.deepEqual(wrong, []);
  });

  test("a gateway's services take their time from the clock; its doors may have timers", () => {
    const services = /^gateway\/(orders|matching|acquirer|issuer|settlement|funds|ledger|store)\//;
    const wrong = sources()
      // What a page runs in a payer's browser has the browser's clock.
      .filter((file) => services.test(file) && !file.endsWith('/script.ts'))
      .flatMap((file) =>
        linesWith(file, /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval)/),
      );
    assert.deepEqual(wrong, []);
  });

  test('types are not switched off', () => {
    const off =
      /@ts-(ignore|nocheck|expect-error)|\bas any\b|: any(?=\s*[;,)=\]>|}]|$)|biome-ignore/;
    const wrong = sources()
      .filter((file) => !file.startsWith('test/tidy/'))
      .flatMap((file) => linesWith(file, off));
    assert.deepEqual(wrong, []);
  });

  test('product code does not know that it may be simulated', () => {
    const product = /^(firmware|device|gateway)\//;
    const wrong = sources()
      .filter((file) => product.test(file))
      .flatMap((file) => linesWith(file, /\bisSimulat|if \(simulat|\bmock\b/i));
    assert.deepEqual(wrong, []);
  });
});

function linesWith(file: string, pattern: RegExp): string[] {
  return readFileSync(join(HOME, file), 'utf8')
    .split('\n')
    .flatMap((line, at) => {
      const code = line.replace(/^\s*(\*|\/\/|\/\*).*$/, '');
      return pattern.test(code) ? [`${file}:${at + 1}: ${line.trim()}`] : [];
    });
}
