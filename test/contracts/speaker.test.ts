import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VOCABULARY } from '#device/words/clips.ts';
import { readBoard } from '#firmware/boards.ts';
import { openAlsaSpeaker } from '#firmware/speaker/alsa.ts';
import { SoundCard } from '#simulators/speaker/card.ts';
import { describeSpeakerContract, type SpeakerBench } from './speaker.ts';

const board = process.env.TERMINAL_BOARD ?? 'simulated';

function deviceOf(name: string): string {
  const read = readBoard(readFileSync('boards.json', 'utf8'), name);
  assert.ok(read.ok, read.ok ? '' : read.complaints.join('\n'));
  for (const organ of Object.values(read.profile.organs)) {
    if (organ.driver === 'alsa-speaker') return organ.device;
  }
  throw new Error(`profile ${name} has no speaker`);
}

async function setUp(): Promise<SpeakerBench> {
  const directory = mkdtempSync(join(tmpdir(), 'speaker-'));
  const clipDirectory = join(directory, 'clips');
  const card =
    board === 'simulated'
      ? await SoundCard.open({ directory: join(directory, 'card'), clipDirectory })
      : null;
  Object.assign(process.env, card?.environment);
  const settings = {
    device: deviceOf(board),
    cacheDirectory: clipDirectory,
    vocabulary: VOCABULARY,
  };
  return {
    open: (lost) => openAlsaSpeaker('speaker', settings, { lost }),
    clipDirectory,
    card,
    async close() {
      await card?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

describeSpeakerContract(board, setUp);
