/**
 * The process with PocketSphinx in it. Each utterance is decoded by how likely words are after one
 * another and by the grammar, which knows nothing but its phrases; each from other views of the sound.
 * What fits all views together best is then put beside everything that differs from it in one word. A
 * loop of bare sounds is decoded too: how much better words fit than any sounds do tells a phrase from
 * talk.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Recognised, Utterance, Vocabulary } from '#device/ports/recogniser.ts';
import { type Automaton, automatonOf, fsgOf } from '#device/speech/automaton.ts';
import { arpaOf } from '#device/speech/language-model.ts';
import { resample } from '#device/speech/resample.ts';
import { examplesOf, pruned, wordsOf } from '#device/speech/rules.ts';
import { type Engine, lose, serve } from './child-end.ts';
import { pronunciations } from './dictionary.ts';
import {
  isNarrow,
  levelsOf,
  NOISY_DB,
  openDenoiser,
  prepare,
  TOO_NOISY_DB,
  viewsOf,
} from './front-end.ts';
import { type Alike, type Handicaps, phraseFsg, rivalsFsg } from './rivals.ts';
import { type Decoded, LANGUAGE_WEIGHT, Sphinx } from './sphinx.ts';

const RATE = 16_000;
/** Enough for every pair of neighbours that matters; more only takes time at the start. */
const EXAMPLES = 6000;
const PHONES =
  'AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH'.split(
    ' ',
  );
/** Log-likelihood a frame at which words fit as well as sounds do, and at which they fit no more. */
const GOOD_MARGIN = 28;
const BAD_MARGIN = -28;
/** Price of one more word, in each decoder; the library's own default for the second. */
const GRAMMAR_INSERTION = 0.05;
const MODEL_INSERTION = 0.65;
const RIVAL_INSERTION = 0.2;
/** Of a phrase that can't have been said. */
const NEVER = -(2 ** 30);
/** Of four views, who have to have heard it in the same words. */
const ENOUGH_VOTES = 3;
/** By so much (in nats) a phrase has to sound better than every rival: in quiet, and for each dB of noise. */
const HANDICAP = 10;
const HANDICAP_A_DB = 1.5;
/** By so much more where it has the other word of a hard pair: none won wrongly on voices that tune. */
const HANDICAP_OF_HARD = 10;

/**
 * How likely a path, and the end of a word, has to be beside the best to be kept; the library's own
 * defaults. A phrase with a handicap is no longer kept by them at its end, even without any rival.
 */
const BEAMS: readonly (readonly [name: string, usual: number])[] = [
  ['-beam', 1e-48],
  ['-wbeam', 7e-29],
];
const BEAM_OF_RIVALS = 1e-60;

/** The handicaps of a phrase where the voice is so far above the place. */
function handicapsAt(aboveDb: number): Handicaps {
  const nats = HANDICAP + HANDICAP_A_DB * Math.max(0, NOISY_DB - aboveDb);
  const chanceOf = (of: number): number => Math.exp(-of / LANGUAGE_WEIGHT);
  return { any: chanceOf(nats), hard: chanceOf(nats + HANDICAP_OF_HARD) };
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

/** What the decoders heard, and of one of them, with its sound, how likely it was. */
interface Hearing {
  readonly texts: readonly string[];
  /** `null` where it can't be believed anyway. */
  readonly sound: Int16Array | null;
  readonly byGrammar: Decoded;
}

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
  const words = write('words.dict', dictionary);
  const sphinx = new Sphinx(words, { '-remove_noise': 'no' });
  /**
   * Weighs phrases that several views heard: it takes every sound of the model into account in every
   * frame, which alone makes likelihoods of two runs comparable.
   */
  let scales: Sphinx | null = null;
  sphinx.setting('-wip', GRAMMAR_INSERTION);
  sphinx.setGrammar('phones', write('phones.fsg', loopOfPhones()));
  const spoken = new Map<string, Set<string>>();
  const grammars = new Map<string, Automaton>();
  /** Vocabularies that are decoded twice, with less care. */
  const quick = new Set<string>();

  const addWords = (words: readonly string[]): void => {
    for (const [word, ways] of pronunciations(words)) {
      const known = spoken.get(word) ?? new Set();
      spoken.set(word, known);
      for (const [entry, phones] of ways) {
        if (!known.has(phones)) {
          sphinx.addWord(entry, phones);
          scales?.addWord(entry, phones);
        }
        known.add(phones);
      }
    }
  };
  const openScales = (): Sphinx => {
    const opened = new Sphinx(words, { '-remove_noise': 'no', '-compallsen': 'yes' });
    opened.setting('-wip', GRAMMAR_INSERTION);
    for (const [word, ways] of spoken) {
      for (const [at, phones] of [...ways].entries()) {
        opened.addWord(at === 0 ? word : `${word}(${at + 1})`, phones);
      }
    }
    return opened;
  };

  /** Each phrase once, the one that fits all views together best first. */
  const weigh = (texts: readonly string[], views: readonly Int16Array[]): string[] => {
    const phrases = [...new Set(texts)].filter((text) => text !== '');
    if (phrases.length < 2) return phrases;
    scales ??= openScales();
    const weights = new Map<string, number>();
    for (const phrase of phrases) {
      scales.setGrammar('phrase', write('phrase.fsg', phraseFsg(phrase.split(' '))));
      let sum = 0;
      for (const view of views) {
        const { text, score } = scales.decode('phrase', view);
        sum += text === '' ? NEVER : score;
      }
      weights.set(phrase, sum);
    }
    return phrases.sort((a, b) => (weights.get(b) ?? NEVER) - (weights.get(a) ?? NEVER));
  };
  const alike: Alike = (one, other) =>
    `${one}s` === other ||
    `${other}s` === one ||
    [...(spoken.get(one) ?? [])].some((phones) => spoken.get(other)?.has(phones));

  /** What is heard of each view where nothing but `phrase` and its rivals could have been said. */
  const confirm = (
    phrase: string,
    name: string,
    views: readonly Int16Array[],
    handicaps: Handicaps,
  ): string[] => {
    const grammar = grammars.get(name);
    if (phrase === '' || grammar === undefined) return [];
    sphinx.setting('-wip', RIVAL_INSERTION);
    for (const [beam] of BEAMS) sphinx.setting(beam, BEAM_OF_RIVALS);
    const rivals = rivalsFsg(phrase.split(' '), grammar, alike, handicaps);
    sphinx.setGrammar('rivals', write('rivals.fsg', rivals));
    for (const [beam, usual] of BEAMS) sphinx.setting(beam, usual);
    return views.map((view) => sphinx.decode('rivals', view).text);
  };

  const decodeQuickly = (sound: Int16Array, name: string): Hearing => {
    const byGrammar = sphinx.decode(`${name}.grammar`, sound);
    const texts = [sphinx.decode(`${name}.model`, sound).text, byGrammar.text];
    return { texts, sound, byGrammar };
  };
  const decodeWithCare = (wide: Int16Array, name: string, clear: boolean): Hearing => {
    const { noisy, aboveDb, plain, cleaned, longer, shorter } = viewsOf(wide, denoise);
    const byGrammar = sphinx.decode(`${name}.grammar`, cleaned);
    const votes = [
      byGrammar.text,
      // Where it is noisy the grammar makes words of the noise.
      sphinx.decode(`${name}.${noisy ? 'model' : 'grammar'}`, plain).text,
      ...[longer, shorter].map((view) => sphinx.decode(`${name}.grammar`, view).text),
    ];
    if (!clear) return { texts: mostFirst(votes), sound: null, byGrammar };
    const [best = ''] = weigh(votes, [plain, cleaned, shorter, ...(noisy ? [longer] : [])]);
    const texts = [best, ...votes];
    const agree = votes.filter((each) => each === best).length;
    // Of talk, too, two may make the same words.
    if (agree < ENOUGH_VOTES) return { texts, sound: null, byGrammar };
    const views = noisy ? [cleaned, shorter] : [plain, cleaned];
    const confirmed = confirm(best, name, views, handicapsAt(aboveDb));
    return { texts: [...texts, ...confirmed], sound: cleaned, byGrammar };
  };

  return {
    learn({ name, rules: all, from, quick: soon = false }: Vocabulary) {
      if (soon) quick.add(name);
      addWords(wordsOf(all));
      const rules = pruned(all, (word) => spoken.has(word));
      const automaton = automatonOf(rules, from);
      grammars.set(name, automaton);
      const model = arpaOf(examplesOf(rules, from, EXAMPLES));
      sphinx.setting('-wip', GRAMMAR_INSERTION);
      sphinx.setGrammar(`${name}.grammar`, write(`${name}.fsg`, fsgOf(name, automaton)));
      sphinx.setting('-wip', MODEL_INSERTION);
      sphinx.setModel(`${name}.model`, write(`${name}.arpa`, model));
    },
    recognise({ rate, samples }: Utterance, name: string): Recognised {
      const wide = resample(samples, rate, RATE);
      const { place, voice } = levelsOf(wide);
      const soon = quick.has(name);
      // What is read back all the same may come by telephone.
      const clear = voice - place >= TOO_NOISY_DB && (soon || !isNarrow(wide));
      const { texts, sound, byGrammar } = soon
        ? decodeQuickly(prepare(wide, denoise), name)
        : decodeWithCare(wide, name, clear);
      if (texts.every((text) => text === '')) return { is: 'nothing' };
      // Where it heard nothing its likelihood says nothing.
      if (sound === null || byGrammar.text === '') return { is: 'heard', texts, fit: 0 };
      const bySound = sphinx.decode('phones', sound);
      const margin = (byGrammar.score - bySound.score) / Math.max(1, byGrammar.frames);
      const fit = (margin - BAD_MARGIN) / (GOOD_MARGIN - BAD_MARGIN);
      return {
        is: 'heard',
        texts,
        fit: clear ? Math.max(0, Math.min(1, fit)) : 0,
      };
    },
  };
}

/** What several heard, what most of them heard first; of two as many, what was heard by the earlier. */
function mostFirst(texts: readonly string[]): string[] {
  const count = (text: string): number =>
    text === '' ? 0 : texts.filter((each) => each === text).length;
  return [...texts].sort((a, b) => count(b) - count(a));
}

serve(open).catch((error: unknown) => lose('library', error));
