/** Others' programs judge the simulated card and its readers: libnfc, libfreefare, PC/SC tools. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Card } from '#simulators/card/card.ts';
import { Pn532 } from '#simulators/card/pn532.ts';
import { PcscStand } from '#simulators/card/reader.ts';
import { purse, repeatable, UID } from '#test/card/bench.ts';
import { until } from '#test/until.ts';

const FREEFARE = fileURLToPath(new URL('./freefare.c', import.meta.url));
/** Program → Debian package. */
const PACKAGES: Record<string, string> = {
  'nfc-list': 'libnfc-bin',
  'mifare-desfire-info': 'libfreefare-bin',
  scriptor: 'pcsc-tools',
  'opensc-tool': 'opensc',
  gcc: 'gcc',
};

interface Run {
  readonly code: number;
  readonly said: string;
}

/** Runs a program to its end; fails with the command that installs one that is missing. */
function run(program: string, args: string[], env: object, input = ''): Promise<Run> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, timeout: 20_000 };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') {
        const install = PACKAGES[program] ?? program;
        return reject(new Error(`${program} is missing: sudo apt-get install ${install}`));
      }
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 255;
      resolve({ code, said: `${stdout}${stderr}` });
    });
    child.stdin?.end(input);
  });
}

const blank = (): Card => new Card({ uid: UID, chance: repeatable() });

describe('on the PN532', () => {
  const directory = mkdtempSync(join(tmpdir(), 'judge-'));
  const env = { LIBNFC_DEFAULT_DEVICE: `pn532_uart:${join(directory, 'pn532')}` };
  let chip: Pn532;
  before(async () => {
    chip = await Pn532.open({ path: join(directory, 'pn532') });
  });
  after(async () => {
    await chip.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('nfc-list sees a DESFire, and only that', async () => {
    await chip.present(blank());
    const { code, said } = await run('nfc-list', ['-v'], env);
    assert.equal(code, 0, said);
    assert.match(said, /1 ISO14443A passive target/);
    assert.match(said, /UID .*04\s+78\s+2e\s+21\s+80\s+1d\s+80/);
    assert.match(said, /ATS: 75 {2}77 {2}81 {2}02 {2}80/);
    assert.match(said, /MIFARE DESFire/);
    assert.doesNotMatch(said, /[1-9] (Felica|ISO14443B|ISO14443A-3)/);
    await chip.remove();
    assert.doesNotMatch((await run('nfc-list', [], env)).said, /1 ISO14443A/);
  });

  test('mifare-desfire-info reads who it is', async () => {
    await chip.present(purse());
    const { code, said } = await run('mifare-desfire-info', [], env);
    assert.equal(code, 0, said);
    assert.match(said, /UID: +0x04782e21801d80/);
    assert.match(said, /Storage size: +0x1a \(=8192 bytes\)/);
    assert.match(said, /Master Key settings \(0x0f\)/);
    assert.match(said, /Use random UID: no/);
  });

  test('libfreefare makes, debits, credits, commits and reads back in every mode', async () => {
    const program = join(directory, 'freefare');
    const libraries = ['-l:libfreefare.so.0', '-l:libnfc.so.6'];
    const built = await run('gcc', ['-Wall', '-o', program, FREEFARE, ...libraries], {});
    assert.equal(built.code, 0, `${built.said} (sudo apt-get install libfreefare-bin)`);
    const card = blank();
    await chip.present(card);
    const { code, said } = await run(program, [], env);
    assert.equal(code, 0, said);
    assert.match(said, /all is well/);
    const [application] = card.state.applications;
    assert.equal(application?.files.size, 9);
    assert.deepEqual([...card.unknownCommands, ...chip.unknownCommands], []);
  });
});

describe('behind pcscd', () => {
  const directory = mkdtempSync(join(tmpdir(), 'judge-'));
  let stand: PcscStand;
  before(async () => {
    stand = await PcscStand.open({ directory, pollMs: 20 });
  });
  after(async () => {
    await stand.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Asks again until the daemon has seen the card. */
  async function ask(program: string, args: string[], wanted: RegExp, input = ''): Promise<Run> {
    return until(`${program} to find the card`, async () => {
      const done = await run(program, args, stand.environment, input);
      return wanted.test(done.said) ? done : null;
    });
  }

  test('scriptor gets the answers of the data sheet', async () => {
    await stand.present(purse());
    const script = [
      '90 60 00 00 00',
      '90 AF 00 00 00',
      '90 AF 00 00 00',
      '90 5A 00 00 03 E0 1C F5 00',
    ];
    const more = ['90 6F 00 00 00', '90 6C 00 00 01 01 00', '90 FF 00 00 00', '00 B0 00 00 10'];
    const input = `${['reset', ...script, ...more].join('\n')}\n`;
    const { said } = await ask('scriptor', ['-r', stand.reader], /< /, input);
    const answers = [...said.matchAll(/^< (.*) : /gm)].map(([, answer = '']) => answer.trim());
    assert.deepEqual(answers.slice(-8), [
      '04 01 01 12 00 1A 05 91 AF',
      '04 01 01 02 01 1A 05 91 AF',
      '04 78 2E 21 80 1D 80 BA 54 2A 10 30 12 23 91 00',
      '91 00',
      '01 02 03 04 05 0F 91 00',
      '91 AE',
      '91 1C',
      '6D 00',
    ]);
  });

  test('opensc-tool reads the answer to reset and lives through the probes it sends', async () => {
    const card = purse();
    await stand.present(card);
    const { said } = await ask('opensc-tool', ['-r', '0', '-a'], /^3b:81:80:01:80:80/m);
    assert.match(said, /^3b:81:80:01:80:80/m);
    const sent = ['-s', '9060000000', '-s', '9060000000'];
    const raw = await ask('opensc-tool', ['-r', '0', ...sent], /SW1=0x91/);
    assert.match(raw.said, /SW1=0x91, SW2=0xAF/);
    assert.match(raw.said, /SW1=0x91, SW2=0xCA/);
  });
});
