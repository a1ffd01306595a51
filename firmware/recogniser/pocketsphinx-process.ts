/**
 * The process with PocketSphinx in it. Each utterance is decoded by how likely words are after one
 * another and by the grammar, which knows nothing but its phrases; and by both again under a little
 * noise, which a sure understanding survives. A loop of bare sounds is decoded too: how much better
 * words fit than any sounds do tells a phrase from other talk.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Recognised, Utterance, Vocabulary } from '#device/ports/recogniser.ts';
import { automatonOf, fsgOf } from '#device/speech/automaton.ts';
import { arpaOf } from '#device/speech/language-model.ts';
import { resample } from '#device/speech/resample.ts';
import { examplesOf, pruned, wordsOf } from '#device/speech/rules.ts';
import { type Engine, lose, serve } from './child-end.ts';
import { levelsOf, openDenoiser, prepare, roughened, TOO_NOISY_DB } from './front-end.ts';
import { DICTIONARY, Sphinx } from './sphinx.ts';

const RATE = 16_000;
/** Enough for every pair of neighbours that matters; more only takes time at the start. */
const EXAMPLES = 6000;
const PHONES =
  'AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH'.split(
    ' ',
  );
/** Log-likelihood a frame at which words fit as well as sounds do, and at which they fit no more. */
const GOOD_MARGIN = 10;
const BAD_MARGIN = -10;
/** Price of one more word, in each decoder; the library's own default for the second. */
const GRAMMAR_INSERTION = 0.05;
const MODEL_INSERTION = 0.65;

/** All ways to say each of `words`, as the dictionary has them. */
function pronunciations(words: readonly string[]): Map<string, [word: string, phones: string][]> {
  const wanted = new Set(words);
  const found = new Map<string, [string, string][]>();
  for (const line of readFileSync(DICTIONARY, 'utf8').split('\n')) {
    const space = line.indexOf(' ');
    const entry = line.slice(0, space);
    const word = entry.replace(/\(\d+\)$/, '');
    if (!wanted.has(word)) continue;
    const ways = found.get(word) ?? [];
    found.set(word, ways);
    ways.push([entry, line.slice(space + 1).trim()]);
  }
  return found;
}

const loopOfPhones = (): string =>
  [
    'FSG_BEGIN <phones>',
    'NUM_STATES 2',
    'START_STATE 0',
    'FINAL_STATE 1',
    ...PHONES.map((phone) => `TRANSITION 0 0 ${(1 / (PHONES.length + 1)).toFixed(4)} _${phone}`),
    `TRANSITION 0 1 ${(1 / (PHONES.length + 1)).toFixed(4)}`,
    'FSG_END',
    '',
  ].join('\n');

async function open(): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), 'hawker-recogniser-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const denoise = await openDenoiser();
  const dictionary = PHONES.map((phone) => `_${phone} ${phone}\n`).join('');
  const sphinx = new Sphinx(write('words.dict', dictionary), { '-remove_noise': 'no' });
  sphinx.setting('-wip', GRAMMAR_INSERTION);
  sphinx.setGrammar('phones', write('phones.fsg', loopOfPhones()));
  const added = new Set<string>();
  /** Vocabularies that are decoded twice, not four times. */
  const quick = new Set<string>();

  const addWords = (words: readonly string[]): void => {
    const fresh = words.filter((word) => !added.has(word));
    for (const [word, ways] of pronunciations(fresh)) {
      added.add(word);
      for (const [entry, phones] of ways) sphinx.addWord(entry, phones);
    }
  };

  return {
    learn({ name, rules: all, from, quick: soon = false }: Vocabulary) {
      if (soon) quick.add(name);
      addWords(wordsOf(all));
      const rules = pruned(all, (word) => added.has(word));
      const grammar = fsgOf(name, automatonOf(rules, from));
      const model = arpaOf(examplesOf(rules, from, EXAMPLES));
      sphinx.setting('-wip', GRAMMAR_INSERTION);
      sphinx.setGrammar(`${name}.grammar`, write(`${name}.fsg`, grammar));
      sphinx.setting('-wip', MODEL_INSERTION);
      sphinx.setModel(`${name}.model`, write(`${name}.arpa`, model));
    },
    recognise({ rate, samples }: Utterance, name: string): Recognised {
      const wide = resample(samples, rate, RATE);
      const { place, voice } = levelsOf(wide);
      const sound = prepare(wide, denoise);
      const byModel = sphinx.decode(`${name}.model`, sound);
      const byGrammar = sphinx.decode(`${name}.grammar`, sound);
      const rough = roughened(sound);
      const once = quick.has(name) ? [] : ['grammar', 'model'];
      const again = once.map((by) => sphinx.decode(`${name}.${by}`, rough).text);
      const bySound = sphinx.decode('phones', sound);
      if (byGrammar.text === '' && byModel.text === '') return { is: 'nothing' };
      const margin = (byGrammar.score - bySound.score) / Math.max(1, byGrammar.frames);
      const fit = (margin - BAD_MARGIN) / (GOOD_MARGIN - BAD_MARGIN);
      return {
        is: 'heard',
        texts: [byModel.text, byGrammar.text, ...again],
        fit: voice - place < TOO_NOISY_DB ? 0 : Math.max(0, Math.min(1, fit)),
      };
    },
  };
}

serve(open).catch((error: unknown) => lose('library', error));
