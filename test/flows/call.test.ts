/** What becomes of calls: announced, asked, queued, handed over; one step at a time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  beginCalls,
  CALL_SETTINGS,
  type CallEffect,
  type CallInput,
  type CallsState,
  needsCallTick,
  type Places,
  stepCalls,
} from '#device/flows/call.ts';

/** A terminal whose prompts last no time and are told apart by what the flow wants of them. */
class Stand {
  state: CallsState = beginCalls(CALL_SETTINGS);
  now = 0;
  readonly effects: CallEffect[] = [];

  constructor(places: Places) {
    this.push({ is: 'places', places });
  }

  push(input: CallInput): CallEffect[] {
    const { state, effects } = stepCalls(this.state, input, this.now);
    this.state = state;
    this.effects.push(...effects);
    return [...effects];
  }

  /** Rings, is answered, and hears the welcome to its end. */
  greet(id: string): void {
    this.push({ is: 'ringing', id });
    this.push({ is: 'answered', id, ok: true });
    this.heard(id);
  }

  heard(id: string): void {
    this.push({ is: 'said', id, saying: this.state.calls.get(id)?.saying ?? -1 });
  }

  wait(ms: number): void {
    this.now += ms;
    this.push({ is: 'tick' });
  }

  at(id: string): string | undefined {
    const stage = this.state.calls.get(id)?.stage;
    if (stage?.at === 'handled') return stage.by;
    return stage?.at === 'queued' ? `queued for ${stage.for}` : stage?.at;
  }

  /** Prompts so far, in order. */
  get words(): string[] {
    return this.effects.flatMap((effect) =>
      effect.do === 'say' ? [`${effect.language}: ${effect.prompts.join(' ')}`] : [],
    );
  }

  did(what: CallEffect['do']): number {
    return this.effects.filter((effect) => effect.do === what).length;
  }
}

const BOTH: Places = { agent: 1, assistant: 1 };

describe('a call', () => {
  test('is answered, told that it is recorded, asked, and given to the agent', () => {
    const stand = new Stand(BOTH);
    stand.greet('a');
    assert.deepEqual(stand.words, ['en: welcome', 'en: menu']);
    stand.heard('a');
    stand.push({ is: 'key', id: 'a', key: '1' });
    assert.equal(stand.at('a'), 'agent');
    assert.equal(stand.state.places.agent, 0);
    stand.push({ is: 'ended', id: 'a', how: 'caller' });
    assert.deepEqual(stand.effects.at(-1), { do: 'disconnect', id: 'a', how: 'caller' });
    assert.equal(stand.state.calls.size, 0);
  });

  test('the notice of the recording can’t be skipped, but heard in the other language', () => {
    const stand = new Stand(BOTH);
    stand.push({ is: 'ringing', id: 'a' });
    stand.push({ is: 'answered', id: 'a', ok: true });
    stand.push({ is: 'key', id: 'a', key: '1' });
    assert.equal(stand.at('a'), 'welcome');
    stand.push({ is: 'key', id: 'a', key: '*' });
    stand.heard('a');
    assert.deepEqual(stand.words, ['en: welcome', 'zh-CN: welcome', 'zh-CN: menu']);
    stand.push({ is: 'key', id: 'a', key: '2' });
    assert.equal(stand.at('a'), 'assistant');
  });

  test('who chooses during the notice hears it to its end, and no menu', () => {
    const stand = new Stand(BOTH);
    stand.push({ is: 'ringing', id: 'a' });
    stand.push({ is: 'answered', id: 'a', ok: true });
    stand.push({ is: 'key', id: 'a', key: '2' });
    assert.equal(stand.at('a'), 'welcome');
    stand.heard('a');
    assert.equal(stand.at('a'), 'assistant');
    assert.deepEqual(stand.words, ['en: welcome']);
  });

  test('silence and wrong keys are asked again once, then the assistant takes it', () => {
    const stand = new Stand(BOTH);
    stand.greet('a');
    stand.heard('a');
    stand.wait(CALL_SETTINGS.choiceMs - 1);
    assert.equal(stand.words.length, 2);
    stand.wait(1);
    assert.equal(stand.words.at(-1), 'en: not-understood menu');
    stand.push({ is: 'key', id: 'a', key: '7' });
    assert.equal(stand.at('a'), 'assistant');
  });

  test('while the menu is being said nobody is hurried', () => {
    const stand = new Stand(BOTH);
    stand.greet('a');
    stand.wait(60_000);
    assert.equal(stand.at('a'), 'choosing');
    assert.equal(stand.words.length, 2);
  });

  test('the end of what was said before does not count', () => {
    const stand = new Stand(BOTH);
    stand.greet('a');
    const old = stand.state.calls.get('a')?.saying ?? 0;
    stand.push({ is: 'key', id: 'a', key: '9' });
    stand.push({ is: 'said', id: 'a', saying: old });
    stand.wait(60_000);
    assert.equal(stand.words.length, 3);
  });

  test('with one of the two alone the menu says so; with none it says goodbye', () => {
    const agents = new Stand({ agent: 1, assistant: null });
    agents.greet('a');
    assert.equal(agents.words.at(-1), 'en: menu-agent');
    agents.push({ is: 'key', id: 'a', key: '2' });
    assert.equal(agents.words.at(-1), 'en: not-understood menu-agent');
    const nobody = new Stand({ agent: null, assistant: null });
    nobody.greet('a');
    assert.equal(nobody.words.at(-1), 'en: nobody');
    nobody.heard('a');
    assert.equal(nobody.did('hang_up'), 1);
  });

  test('one that could not be answered, or is over, leaves nothing behind', () => {
    const stand = new Stand(BOTH);
    stand.push({ is: 'ringing', id: 'a' });
    stand.push({ is: 'answered', id: 'a', ok: false });
    assert.equal(stand.state.calls.size, 0);
    for (const input of [
      { is: 'key', id: 'a', key: '1' },
      { is: 'said', id: 'a', saying: 1 },
      { is: 'ended', id: 'a', how: 'caller' },
      { is: 'taken', id: 'a', ok: true },
      { is: 'hand_over', id: 'a', to: 'agent' },
    ] as const) {
      assert.deepEqual(stand.push(input), []);
    }
    assert.equal(needsCallTick(stand.state), false);
  });
});

describe('the queue', () => {
  const three = (): Stand => {
    const stand = new Stand(BOTH);
    for (const id of ['a', 'b', 'c']) {
      stand.greet(id);
      stand.push({ is: 'key', id, key: '1' });
      stand.now += 1000;
    }
    return stand;
  };

  test('the longest waiting is next, with comfort until then', () => {
    const stand = three();
    assert.deepEqual(
      ['a', 'b', 'c'].map((id) => stand.at(id)),
      [...['agent', 'queued for agent', 'queued for agent']],
    );
    assert.equal(stand.words.at(-1), 'en: hold-assistant');
    stand.heard('b');
    const before = stand.words.length;
    stand.wait(CALL_SETTINGS.holdMs);
    assert.equal(stand.words.length, before + 1);
    stand.push({ is: 'ended', id: 'a', how: 'caller' });
    stand.push({ is: 'places', places: BOTH });
    assert.deepEqual([stand.at('b'), stand.at('c')], ['agent', 'queued for agent']);
  });

  test('whoever does not want to wait goes to the assistant, or gives up', () => {
    const stand = three();
    stand.push({ is: 'key', id: 'c', key: '2' });
    assert.equal(stand.at('c'), 'assistant');
    stand.push({ is: 'ended', id: 'b', how: 'caller' });
    assert.equal(stand.at('b'), undefined);
    assert.equal(stand.did('connect'), 2);
  });

  test('nobody waits for ever, and for nobody', () => {
    const stand = three();
    stand.wait(CALL_SETTINGS.queueMs + 3000);
    assert.equal(stand.at('b'), 'leaving');
    const gone = three();
    gone.push({ is: 'places', places: { agent: null, assistant: 1 } });
    gone.wait(500);
    assert.equal(gone.at('b'), 'choosing');
    assert.equal(gone.words.at(-1), 'en: menu-assistant');
  });

  test('a handler gives a call to the other one', () => {
    const stand = new Stand(BOTH);
    stand.greet('a');
    stand.push({ is: 'key', id: 'a', key: '2' });
    stand.push({ is: 'hand_over', id: 'a', to: 'agent' });
    assert.deepEqual(
      stand.effects.slice(-3).map((effect) => effect.do),
      ['disconnect', 'hush', 'connect'],
    );
    assert.equal(stand.at('a'), 'agent');
  });

  test('a handler that could not after all is not asked at once again', () => {
    const stand = new Stand(BOTH);
    stand.greet('a');
    stand.push({ is: 'key', id: 'a', key: '1' });
    stand.push({ is: 'taken', id: 'a', ok: false });
    assert.equal(stand.at('a'), 'queued for agent');
    assert.equal(stand.did('connect'), 1);
    stand.push({ is: 'places', places: BOTH });
    assert.equal(stand.at('a'), 'agent');
  });
});

test('whatever comes in whatever order, every call is somewhere or over', () => {
  let seed = 1;
  const roll = (n: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % n;
  };
  const keys = ['1', '2', '*', '#', '7'] as const;
  for (let run = 0; run < 300; run += 1) {
    const stand = new Stand(BOTH);
    for (let turn = 0; turn < 60; turn += 1) {
      const id = 'abc'[roll(3)] ?? 'a';
      const there = stand.state.calls.has(id);
      const inputs: CallInput[] = [
        there ? { is: 'tick' } : { is: 'ringing', id },
        { is: 'answered', id, ok: roll(4) > 0 },
        { is: 'said', id, saying: stand.state.calls.get(id)?.saying ?? 0 },
        { is: 'key', id, key: keys[roll(5)] ?? '1' },
        { is: 'hand_over', id, to: roll(2) === 0 ? 'agent' : 'assistant' },
        { is: 'taken', id, ok: roll(2) === 0 },
        { is: 'ended', id, how: 'caller' },
        { is: 'places', places: { agent: [null, 0, 1][roll(3)] ?? null, assistant: roll(3) } },
        { is: 'tick' },
      ];
      stand.now += roll(20_000);
      const input = inputs[roll(inputs.length)];
      if (input !== undefined) stand.push(input);
    }
    // With both free for good and time enough, everybody is served.
    for (let turn = 0; turn < 80; turn += 1) {
      stand.push({ is: 'places', places: { agent: 9, assistant: 9 } });
      for (const id of stand.state.calls.keys()) {
        if (stand.at(id) === 'answering') stand.push({ is: 'answered', id, ok: true });
        stand.heard(id);
      }
      stand.wait(CALL_SETTINGS.choiceMs);
    }
    for (const id of stand.state.calls.keys()) {
      assert.ok(['agent', 'assistant', 'leaving'].includes(stand.at(id) ?? ''), stand.at(id));
    }
  }
});
