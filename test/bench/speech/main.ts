/**
 * How well a spoken amount is understood: synthetic voices in noises, through the pieces that ship
 * (end-pointing, recogniser's process, reading, judging). `npm run bench:speech -- --help`.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Recognised, Recogniser, Utterance } from '#device/ports/recogniser.ts';
import { judge } from '#device/speech/judge.ts';
import { expressionOf, readOrder } from '#device/speech/order.ts';
import { vendorVocabulary } from '#device/speech/vocabulary.ts';
import { VoiceActivity } from '#device/speech/voice-activity.ts';
import { openPocketsphinx } from '#firmware/recogniser/pocketsphinx.ts';
import { CONDITIONS, type Condition, inPlace } from './noise.ts';
import { CATALOGUE, type Phrase, phrases, SCORING_TALK, TUNING_TALK } from './phrases.ts';
import { Booth, RATE, VOICES, type Voice } from './voices.ts';

const USAGE = `npm run bench:speech -- [options]
  --phrases N      phrases each voice says in each condition; 20
  --set NAME       score, or tune: other voices and other phrases
  --conditions A,B ${CONDITIONS.join(', ')}
  --voices A,B     of the set, those alone; by name, as the table has them
  --quick          without the strangers’ talk
  --show           each phrase that was not understood`;

const STALL = { language: 'en', currency: 'CNY', catalogue: CATALOGUE } as const;
const STALL_OF_BENCH = { ...STALL, catalogue: [...CATALOGUE] };
const SCORING_SEED = 2611;

/** Phrases that tuned the grammar: none of them scores it. The second draw scored an earlier one. */
function tuningPhrases(): Phrase[] {
  const first = phrases(11, 60);
  return [...first, ...phrases(77, 20, first)];
}

interface Tally {
  said: number;
  /** The most trusted decoder meant it exactly. */
  exact: number;
  /** It was shown, without asking again. */
  shown: number;
  right: number;
}

const tally = (): Tally => ({ said: 0, exact: 0, shown: 0, right: 0 });

interface Heard {
  readonly meant: string | null;
  readonly shown: string | null;
  readonly texts: readonly string[];
  readonly decodeMs: number;
}

/** A recogniser that is opened again where it was lost, as a terminal does. */
class Ear {
  #recogniser: Promise<Recogniser> | null = null;

  async recognise(utterance: Utterance, left = 4): Promise<Recognised> {
    try {
      return await (await this.#open()).recognise(utterance, VOCABULARY);
    } catch (error) {
      say(`${error}`);
      await this.close();
      return left === 0 ? { is: 'nothing' } : this.recognise(utterance, left - 1);
    }
  }

  #open(): Promise<Recogniser> {
    this.#recogniser ??= openPocketsphinx('recogniser', 'en', { lost: () => undefined });
    return this.#recogniser;
  }

  async close(): Promise<void> {
    const opened = this.#recogniser;
    this.#recogniser = null;
    await opened?.then(
      (recogniser) => recogniser.close(),
      () => undefined,
    );
  }
}

/** One utterance through everything but the microphone. */
async function hear(ear: Ear, sound: Int16Array): Promise<Heard> {
  const activity = new VoiceActivity(RATE);
  const nothing = { meant: null, shown: null, texts: [], decodeMs: 0 };
  if (!activity.push(sound).includes('end')) return nothing;
  const samples = activity.utterance();
  const began = performance.now();
  const heard = await ear.recognise({ rate: RATE, samples });
  const decodeMs = performance.now() - began;
  if (heard.is !== 'heard') return { ...nothing, decodeMs };
  const first = readOrder(heard.texts[0] ?? '', STALL_OF_BENCH);
  const judged = judge(heard, STALL_OF_BENCH);
  return {
    meant: first.ok ? expressionOf(first.terms, STALL) : null,
    shown: judged.ok ? judged.expression : null,
    texts: heard.texts,
    decodeMs,
  };
}

const VOCABULARY = vendorVocabulary('CNY', CATALOGUE);

function count(tallies: readonly Tally[], { meant, shown }: Heard, means: string | null): void {
  for (const each of tallies) {
    each.said += 1;
    if (means !== null && meant === means) each.exact += 1;
    if (shown === null) continue;
    each.shown += 1;
    if (shown === means) each.right += 1;
  }
}

const percent = (part: number, whole: number): string =>
  whole === 0 ? '    –' : `${((100 * part) / whole).toFixed(1)} %`.padStart(7);

function row(name: string, { said, exact, shown, right }: Tally): string {
  const cells = [percent(exact, said), percent(shown, said), percent(right, shown)];
  return `${name.padEnd(36)} ${String(said).padStart(5)}  ${cells.join('  ')}`;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function options() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    options: {
      phrases: text,
      set: text,
      conditions: text,
      voices: text,
      quick: flag,
      show: flag,
      help: flag,
    },
  });
  if (values.help === true) {
    say(USAGE);
    process.exit(0);
  }
  const chosen = values.conditions?.split(',') ?? CONDITIONS;
  const conditions = CONDITIONS.filter((each) => chosen.includes(each));
  return {
    count: Number(values.phrases ?? 20),
    set: values.set === 'tune' ? ('tune' as const) : ('score' as const),
    conditions,
    only: values.voices?.split(',') ?? null,
    quick: values.quick === true,
    show: values.show === true,
  };
}

interface Run {
  readonly ear: Ear;
  readonly booth: Booth;
  readonly conditions: readonly Condition[];
  readonly list: readonly Phrase[];
  readonly talk: readonly string[];
  readonly quick: boolean;
  readonly show: boolean;
  readonly byCondition: Map<string, Tally>;
  readonly byVoice: Map<string, Tally>;
  readonly strangers: Tally;
  readonly decodes: number[];
}

const of = (map: Map<string, Tally>, key: string): Tally => {
  const found = map.get(key) ?? tally();
  map.set(key, found);
  return found;
};

async function hearVoice(run: Run, voice: Voice, at: number): Promise<void> {
  const { ear, booth, list, conditions } = run;
  const crowd = await booth.render(VOICES[0] ?? voice, run.talk);
  const sounds = await booth.render(
    voice,
    list.map(({ text }) => text),
  );
  for (const condition of conditions) {
    const tallies = [of(run.byCondition, condition), of(run.byVoice, voice.name)];
    const here = [...tallies, of(run.byVoice, `${voice.name}, ${condition}`)];
    for (const [place, { text, means }] of list.entries()) {
      const sound = inPlace(sounds[place] ?? new Int16Array(), condition, crowd, 1000 * at + place);
      const heard = await hear(ear, sound);
      run.decodes.push(heard.decodeMs);
      count(here, heard, means);
      const wrong = run.show && heard.shown !== means;
      if (wrong) say(`${voice.name}, ${condition}: “${text}”: ${heard.texts.join(' | ')}`);
    }
  }
  const strangers = run.quick ? [] : await booth.render(voice, run.talk);
  for (const [place, sound] of strangers.entries()) {
    const heard = await hear(ear, inPlace(sound, 'quiet', crowd, place));
    count([run.strangers], heard, null);
    if (run.show && heard.shown !== null)
      say(`${voice.name}: talk ${run.talk[place]}: ${heard.shown}`);
  }
}

function report({ byCondition, byVoice, strangers, decodes }: Run): void {
  const head = `${''.padEnd(36)} ${'said'.padStart(5)}    exact    shown  of it right`;
  say(`\n${head}`);
  for (const [name, each] of byCondition) say(row(name, each));
  say(`\n${head}`);
  for (const [name, each] of [...byVoice].sort(([a], [b]) => a.localeCompare(b)))
    say(row(name, each));
  say(`\nstrangers' talk: ${strangers.shown} of ${strangers.said} taken for an order`);
  const sorted = decodes.sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor(share * sorted.length)] ?? 0);
  say(`decoding an utterance: median ${at(0.5)} ms, 95 % within ${at(0.95)} ms; it begins 320 ms`);
  say('after the voice ends, and the answer is given at 620 ms or when it is there');
}

async function main(): Promise<void> {
  const { count, set, conditions, only, quick, show } = options();
  const tuned = tuningPhrases();
  const list = set === 'tune' ? tuned.slice(0, count) : phrases(SCORING_SEED, count, tuned);
  const talk = set === 'tune' ? TUNING_TALK : SCORING_TALK;
  const ear = new Ear();
  const run: Run = {
    ...{ ear, conditions, list, talk, quick, show },
    booth: new Booth(join(tmpdir(), 'hawker-voices')),
    ...{ byCondition: new Map(), byVoice: new Map(), strangers: tally(), decodes: [] },
  };
  const voices = VOICES.filter((voice) => voice.set === set);
  for (const [at, voice] of voices.entries()) {
    if (only === null || only.includes(voice.name)) await hearVoice(run, voice, at);
  }
  await ear.close();
  report(run);
}

await main();
