/** Calls given to handlers over a simulated modem: heard, spoken to, queued, handed over. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CALL_SETTINGS } from '#device/flows/call.ts';
import type { CallHandler, CallLine, Conversation } from '#device/ports/call-handler.ts';
import type { CallEnd, TelephoneKey } from '#device/ports/modem.ts';
import { readBoard } from '#firmware/boards.ts';
import { systemChance, systemClock } from '#firmware/clock.ts';
import { modemsOf } from '#firmware/drivers.ts';
import { CallDesk, type DeskEvent } from '#firmware/telephone/desk.ts';
import { openLine } from '#firmware/telephone/line.ts';
import { Recordings } from '#firmware/telephone/recordings.ts';
import { ModemSimulator } from '#simulators/modem/modem.ts';
import { amid, babble, pinkNoise, speakAs, VOICES } from '#simulators/modem/voices.ts';
import { holds, tone } from '#test/contracts/modem.ts';
import { until } from '#test/until.ts';

const ALICE = '+8613800000001';
const BOB = '+8613800000002';

/** One place, and what came to it. */
class Ear implements CallHandler, Conversation {
  readonly lines: CallLine[] = [];
  readonly keys: TelephoneKey[] = [];
  readonly ends: (CallEnd | null)[] = [];
  heard: Int16Array[] = [];
  #changed = (): void => undefined;

  places(): number {
    return this.lines.length > this.ends.length ? 0 : 1;
  }
  take(line: CallLine): Conversation {
    this.lines.push(line);
    return this;
  }
  onChange(changed: () => void): void {
    this.#changed = changed;
  }
  frame({ heard }: { readonly heard: Int16Array }): void {
    this.heard.push(heard.slice());
  }
  key(key: TelephoneKey): void {
    this.keys.push(key);
  }
  ended(how: CallEnd | null): void {
    this.ends.push(how);
    this.#changed();
  }
}

async function open(t: { after(work: () => Promise<void>): void }) {
  const directory = mkdtempSync(join(tmpdir(), 'desk-'));
  const network = await ModemSimulator.open({
    atPath: join(directory, 'wires/modem-at'),
    audioPath: join(directory, 'wires/modem-audio'),
  });
  const files = join(directory, 'recordings');
  const recordings = await Recordings.open({ directory: files, keepMs: 3_600_000 }, systemClock, {
    log: () => undefined,
  });
  const events: DeskEvent[] = [];
  const tell = (event: DeskEvent): void => void events.push(event);
  const [agent, assistant] = [new Ear(), new Ear()];
  const desk = new CallDesk({
    ...{ clock: systemClock, chance: systemChance, recordings, tell, settings: CALL_SETTINGS },
    // Each prompt is a short tone: what is said is proved elsewhere.
    voice: { render: async () => tone(300, 60) },
    handlers: { agent, assistant },
  });
  const read = readBoard(readFileSync('boards.json', 'utf8'), 'simulated');
  assert.ok(read.ok);
  const [[name, settings] = []] = modemsOf(read.profile);
  assert.ok(name !== undefined && settings !== undefined);
  const messages = { received: async () => undefined, reported: () => undefined };
  const parts = { name, settings, dataDirectory: directory, clock: systemClock, desk, messages };
  const line = openLine({ ...parts, tell });
  await until('the modem', () => line.modem());
  t.after(async () => {
    await desk.close();
    await line.close();
    recordings.close();
    await network.close();
    rmSync(directory, { recursive: true, force: true });
  });
  /** Dials, and presses the key when the menu is being said. */
  const dial = async (number: string, key: string): Promise<void> => {
    network.phone(number).dial();
    await until('the menu', () =>
      [...desk.calls.values()].some((one) => one.stage.at === 'choosing'),
    );
    network.phone(number).press(key);
  };
  return { network, desk, agent, assistant, events, recordings, dial };
}

const whole = (frames: readonly Int16Array[]): Int16Array =>
  Int16Array.from(frames.flatMap((frame) => [...frame]));

describe('handlers', { concurrency: true }, () => {
  test('the agent hears the caller and is heard; then the next caller, who waited', async (t) => {
    const { network, agent, dial, recordings } = await open(t);
    const [alice, bob] = [network.phone(ALICE), network.phone(BOB)];
    await dial(ALICE, '1');
    const line = await until('the agent', () => agent.lines[0]);
    assert.equal(line.from, ALICE);
    const [low, high] = [tone(440, 200), tone(880, 200)];
    assert.equal((await Promise.all([line.say(high), alice.speak(low)]))[0], true);
    await until('both hear', () => holds(alice.heard(), high) && holds(whole(agent.heard), low));
    alice.press('5#');
    await until('the keys', () => agent.keys.length === 2);
    bob.dial();
    assert.equal(bob.call, 'ringing');
    line.hangUp();
    await until('the end', () => agent.ends.length === 1);
    assert.deepEqual(agent.ends, ['us']);
    await until('the next one is answered', () => bob.call === 'talking');
    await until('he hears something', () => bob.heardCount > 0);
    bob.hangUp();
    const infos = await until('both recordings', async () => {
      const list = await recordings.list();
      return list.length === 2 && list.every(({ ended }) => ended !== 'recording') ? list : null;
    });
    assert.deepEqual(infos.map(({ number, ended }) => [number, ended]).sort(), [
      [ALICE, 'us'],
      [BOB, 'caller'],
    ]);
  });

  test('the assistant hands a caller over, and what it hid is on no disk', async (t) => {
    const { network, agent, assistant, dial, recordings } = await open(t);
    const alice = network.phone(ALICE);
    await dial(ALICE, '2');
    const first = await until('the assistant', () => assistant.lines[0]);
    const secret = tone(1234, 300);
    await alice.speak(secret);
    await until('it is heard', () => holds(whole(assistant.heard), secret));
    first.pauseRecording(3000);
    first.handOver('agent');
    assert.deepEqual(assistant.ends, [null]);
    const second = await until('the agent', () => agent.lines[0]);
    assert.equal(second.id, first.id);
    const heard = assistant.heard.length;
    await alice.speak(tone(700, 100));
    assert.equal(assistant.heard.length, heard, 'it hears no more of it');
    assert.equal(await first.say(tone(500, 20)), false);
    alice.hangUp();
    await until('the end', () => agent.ends.at(-1) === 'caller');
    const info = await until('the recording', async () => {
      const found = await recordings.find(first.id);
      return found?.ended === 'caller' ? found : null;
    });
    assert.equal(info.pauses.length, 1);
    const file = await recordings.file(first.id);
    const bytes = (await file?.readFile()) ?? Buffer.alloc(44);
    await file?.close();
    const left = Int16Array.from({ length: (bytes.length - 44) / 4 }, (_, at) =>
      bytes.readInt16LE(44 + 4 * at),
    );
    assert.equal(holds(left, secret.slice(0, 400)), false);
    assert.ok(holds(left, tone(700, 100)), 'what came after the pause is kept');
  });

  test('a modem that is pulled out ends its calls, and the next call comes when it is back', async (t) => {
    const { network, agent, dial } = await open(t);
    await dial(ALICE, '1');
    await until('the agent', () => agent.lines[0]);
    await network.apply({ fault: 'unplug' });
    await until('the end', () => agent.ends.length === 1);
    assert.deepEqual(agent.ends, ['dropped']);
    await network.apply({ fault: 'replug' });
    const bob = network.phone(BOB);
    await until('it is reachable', () => {
      if (bob.call !== 'ringing' && bob.call !== 'talking') bob.dial();
      return bob.call === 'talking';
    });
  });
});

test('callers differ, stay in the band of a telephone, and can be noisy', async () => {
  const { ann, ben, li } = VOICES;
  assert.ok(ann !== undefined && ben !== undefined && li !== undefined);
  const [first, second, third] = await Promise.all([
    speakAs(ann, 'two pork dumplings please'),
    speakAs(ben, 'two pork dumplings please'),
    speakAs(li, '两份猪肉水饺'),
  ]);
  assert.ok(first.length > 6000 && third.length > 4000);
  assert.notDeepEqual(first.slice(0, 4000), second.slice(0, 4000));
  const power = (samples: Int16Array): number =>
    samples.reduce((sum, each) => sum + each ** 2, 0) / samples.length;
  for (const noise of [pinkNoise(first.length, 1), babble([second, third], first.length)]) {
    const noisy = amid(first, noise, 10);
    const added = power(Int16Array.from(noisy, (each, at) => each - (first[at] ?? 0)));
    assert.ok(Math.abs(10 * Math.log10(power(first) / added) - 10) < 0.5);
  }
  assert.deepEqual(pinkNoise(100, 7), pinkNoise(100, 7));
});
