/** The terminal's program: what the operator got wrong is named, with the mend, and nothing starts. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { base64url } from '#device/codecs/bytes.ts';
import { Journal } from '#device/journal.ts';
import type { Order } from '#device/messages/order.ts';
import { systemChance } from '#firmware/clock.ts';
import { openFileDisk } from '#firmware/disk.ts';
import { loadJournalKey } from '#firmware/journal-key.ts';
import { GATEWAY_KEY, SECRET, STALL, START } from '#test/flows/stand.ts';
import { HOME } from '#test/tidy/sources.ts';

const directory = mkdtempSync(join(tmpdir(), 'hawker-main-'));
after(() => rmSync(directory, { recursive: true }));

const QUEUED: Order = {
  ...{ number: '2601010000000001', terminal: 't-0001', vendor: STALL.vendor, place: STALL.place },
  ...{ currency: 'CNY', amount_minor: 100, made_at: START, lifetime_s: 3600 },
  lines: [{ name: 'Tofu', quantity: 1, unit_minor: 100 }],
};

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['firmware/main.ts', ...args], { cwd: HOME });
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    child.on('close', (code) => resolve({ code, said }));
  });
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '');
    });
  });
}

describe('firmware/main.ts', () => {
  const data = join(directory, 'data');
  const wrong: [what: string, args: string[], says: RegExp][] = [
    ['no board', ['--data', data], /--board is missing/],
    ['no data directory', ['--board', 'simulated'], /--data is missing/],
    ['an unknown flag', ['--board', 'simulated', '--data', data, '--fast'], /--fast/],
    [
      'an unknown board',
      ['--board', 'abacus', '--data', data],
      /profiles\.abacus: there is no such/,
    ],
    [
      'no boards file',
      ['--board', 'simulated', '--data', data, '--boards', '/nowhere.json'],
      /\/nowhere\.json can't be read.*check --boards/,
    ],
    ['no enrolment', ['--board', 'simulated', '--data', data], /not enrolled.*--enrol CODE/],
    [
      'a gateway that is not there',
      [
        '--board',
        'simulated',
        '--data',
        data,
        '--enrol',
        'X'.repeat(8),
        '--gateway',
        'http://127.0.0.1:1',
      ],
      /can't be reached.*check --gateway/,
    ],
  ];
  for (const [what, args, says] of wrong) {
    test(`${what} is named`, async () => {
      const { code, said } = await run(...args);
      assert.equal(code, 2);
      assert.match(said, says);
      assert.doesNotMatch(said, /\n {4}at /, 'without a stack');
    });
  }

  test('a gateway that answers something else is not believed', async () => {
    const server = createServer((_, response) => response.end('{"terminal":"t-1"}'));
    const gateway = await listen(server);
    const enrol = ['--enrol', 'X'.repeat(8), '--gateway', gateway];
    const { code, said } = await run('--board', 'simulated', '--data', data, ...enrol);
    server.close();
    assert.equal(code, 2);
    assert.match(said, /not an identity/);
  });

  test('a spoiled identity is named, not replaced', async () => {
    const spoiled = mkdtempSync(join(directory, 'spoiled-'));
    writeFileSync(join(spoiled, 'identity.json'), '{"terminal":');
    const { code, said } = await run('--board', 'simulated', '--data', spoiled);
    assert.equal(code, 2);
    assert.match(said, /identity\.json can't be read/);
  });

  test('a journal of another terminal is refused with the mend, and left as it is', async () => {
    const moved = mkdtempSync(join(directory, 'moved-'));
    const identity = {
      ...{ terminal: 't-0002', secret: SECRET, gateway_key: base64url(GATEWAY_KEY), stall: STALL },
      ...{ broker: 'mqtt://127.0.0.1:1', pay_url: 'http://127.0.0.1:1/p/' },
    };
    writeFileSync(join(moved, 'identity.json'), JSON.stringify(identity));
    const key = await loadJournalKey(moved, systemChance);
    const disk = await openFileDisk(join(moved, 'journal'));
    const { journal } = await Journal.open(disk, { key });
    await journal.append([{ kind: 'order', order: QUEUED }]);
    await disk.close();
    const before = readFileSync(join(moved, 'journal'));
    const { code, said } = await run('--board', 'simulated', '--data', moved);
    assert.equal(code, 2, said);
    assert.match(said, /has orders of terminal t-0001, and this is t-0002; enrol it as t-0001/);
    assert.doesNotMatch(said, /\n {4}at /, 'without a stack');
    assert.deepEqual(readFileSync(join(moved, 'journal')), before);
  });
});
