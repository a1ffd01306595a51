/**
 * How well a spoken amount is understood: synthetic voices in noises, through the pieces that ship
 * (hearing.ts). `npm run bench:speech -- --help`.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Ear } from './hearing.ts';
import { CONDITIONS, type Condition, inPlace } from './noise.ts';
import { type Phrase, phrases, SCORING_TALK, TUNING_TALK } from './phrases.ts';
import { type Result, Results, tablesOf } from './results.ts';
import { Booth, VOICES, type Voice } from './voices.ts';

const SCORING_SEED = 7351;
/** Enough to say how badly an accent is understood. */
const PHRASES_OF_ACCENTS = 8;

const USAGE = `npm run bench:speech -- [options]
  --phrases N      phrases each voice says in each condition; 20
  --set NAME       score (and ${PHRASES_OF_ACCENTS} phrases of each accent, which do not count), or
                   tune: other voices and other phrases
  --seed N         of the scoring phrases; ${SCORING_SEED}
  --conditions A,B ${CONDITIONS.join(', ')}
  --voices A,B     of the set, those alone; by name, as the table has them
  --decoders N     that work at once; 2
  --results FILE   keep what was heard there, and go on with what is not there yet
  --quick          without the strangers’ talk
  --show           each phrase that was not understood`;

/** Enough to say how long an answer takes. */
const TIMED = 20;

/** Phrases that tuned it, or scored it before: none of them scores it. */
function seenPhrases(): Phrase[] {
  const tuning = phrases(11, 60);
  const seen = [...tuning, ...phrases(77, 20, tuning)];
  const before = [...seen, ...phrases(401, 160), ...phrases(2611, 20, seen)];
  const hard = phrases(5303, 6000, before).filter(({ text }) => isHard(text.split(' ')));
  const natural = phrases(5227, 240, before);
  return [...before, ...phrases(4909, 160, before), ...natural, ...hard.slice(0, 144)];
}

/** Short, and of words that are easily taken for others: such as tuned the handicap of hard pairs. */
const isHard = (words: readonly string[]): boolean =>
  words.length <= 5 && words.filter((word) => HARD_WORD.test(word)).length >= 2;
const HARD_WORD = /^(five|nine|fourteen|(thir|for|four|fif|six|seven|eigh|nine)(teen|ty))$/;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function options() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    options: {
      ...{ phrases: text, set: text, seed: text, conditions: text, voices: text },
      ...{ decoders: text, results: text, quick: flag, show: flag, help: flag },
    },
  });
  if (values.help === true) {
    say(USAGE);
    process.exit(0);
  }
  const chosen = values.conditions?.split(',') ?? CONDITIONS;
  return {
    count: Number(values.phrases ?? 20),
    set: values.set === 'tune' ? ('tune' as const) : ('score' as const),
    seed: Number(values.seed ?? SCORING_SEED),
    conditions: CONDITIONS.filter((each) => chosen.includes(each)),
    only: values.voices?.split(',') ?? null,
    decoders: Number(values.decoders ?? 2),
    results: values.results ?? null,
    quick: values.quick === true,
    show: values.show === true,
  };
}

type Options = ReturnType<typeof options>;

interface Saying {
  readonly voice: string;
  readonly condition: Condition | 'talk';
  readonly phrase: Phrase;
  sound(): Int16Array;
}

/** All that is to be said, the voices in turn: what is stopped early has heard all of them alike. */
async function sayings(chosen: Options, booth: Booth): Promise<Saying[]> {
  const { set, seed, only } = chosen;
  const talk = set === 'tune' ? TUNING_TALK : SCORING_TALK;
  const voices = VOICES.filter((voice) => (voice.set === 'tune') === (set === 'tune'));
  const seen = seenPhrases();
  const all = set === 'tune' ? seen : phrases(seed, chosen.count * voices.length, seen);
  const crowd = await booth.render(VOICES[0] as Voice, talk);
  const lists: Saying[][] = [];
  for (const [at, voice] of voices.entries()) {
    if (only !== null && !only.includes(voice.name)) continue;
    const accented = voice.set === 'accent';
    const count = accented ? Math.min(PHRASES_OF_ACCENTS, chosen.count) : chosen.count;
    // Each has phrases of its own.
    const own = Array.from({ length: count }, (_, n) => all[(at * chosen.count + n) % all.length]);
    const mine = own.flatMap((phrase) => phrase ?? []);
    const quick = chosen.quick || accented;
    const list = sayingsOf({ ...chosen, quick }, booth, voice, mine, talk, crowd, seed + 1000 * at);
    lists.push(await list);
  }
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, n) => lists.flatMap((list) => list[n] ?? [])).flat();
}

/** What one voice says: each phrase in each condition, and talk between them. */
async function sayingsOf(
  { conditions, quick }: Options,
  booth: Booth,
  voice: Voice,
  mine: readonly Phrase[],
  talk: readonly string[],
  crowd: readonly Int16Array[],
  seed: number,
): Promise<Saying[]> {
  const render = (texts: readonly string[]) => booth.render(voice, texts);
  const sounds = await render(mine.map(({ text }) => text));
  const strangers = quick ? [] : await render(talk);
  const sayings: Saying[] = [];
  for (let place = 0; place < Math.max(mine.length, strangers.length); place += 1) {
    const [phrase, clean, stranger] = [mine[place], sounds[place], strangers[place]];
    for (const condition of conditions) {
      if (phrase === undefined || clean === undefined) break;
      const sound = () => inPlace(clean, condition, crowd, seed + place);
      sayings.push({ voice: voice.name, condition, phrase, sound });
    }
    if (stranger === undefined) continue;
    const sound = () => inPlace(stranger, 'quiet', crowd, place);
    const said = { text: talk[place] ?? '', means: null };
    sayings.push({ voice: voice.name, condition: 'talk', phrase: said, sound });
  }
  return sayings;
}

function tell({ voice, condition, text, means, shown, texts }: Result): void {
  if (shown === means) return;
  say(`${voice}, ${condition}: “${text}”${shown === null ? '' : ' SHOWN'}: ${texts.join(' | ')}`);
}

async function hearAll(chosen: Options, booth: Booth, results: Results): Promise<void> {
  // One iterator, from which every decoder takes the next.
  const queue = (await sayings(chosen, booth)).values();
  const work = async (): Promise<void> => {
    const ear = new Ear();
    for (const { voice, condition, phrase, sound } of queue) {
      const said = { voice, condition, ...phrase };
      if (results.has(said)) continue;
      const result = { ...said, ...(await ear.hear(sound())) };
      results.add(result);
      if (chosen.show) tell(result);
    }
    await ear.close();
  };
  await Promise.all(Array.from({ length: chosen.decoders }, work));
}

/** How long an answer takes, with nothing else of the bench at work. */
async function time(chosen: Options, booth: Booth): Promise<void> {
  const ear = new Ear();
  const times: number[] = [];
  for (const { sound } of await sayings({ ...chosen, quick: true }, booth)) {
    const { decodeMs } = await ear.hear(sound());
    times.push(decodeMs);
    if (times.length > TIMED) break;
  }
  await ear.close();
  // The first opens the recogniser.
  const sorted = times.slice(1).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? 0;
  say(`decoding, one at a time: median ${at(0.5)} ms, nine in ten within ${at(0.9)} ms; it begins`);
  say('320 ms after the voice ends, and the answer is given at 620 ms or when it is there');
}

async function main(): Promise<void> {
  const chosen = options();
  const booth = new Booth(join(tmpdir(), 'hawker-voices'));
  const terms = `${chosen.set} ${chosen.set === 'tune' ? '' : chosen.seed} ${chosen.count}`;
  const results = new Results(chosen.results, terms);
  await hearAll(chosen, booth, results);
  const accents = VOICES.filter((voice) => voice.set === 'accent').map(({ name }) => name);
  say(`\n${tablesOf(results.all(), accents)}`);
  await time(chosen, booth);
}

await main();
