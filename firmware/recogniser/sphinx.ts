/**
 * PocketSphinx 5prealpha (Debian's libpocketsphinx3) through koffi. Everything here blocks and may
 * crash: it runs in a process of its own (pocketsphinx-process.ts).
 */
import koffi from 'koffi';

export const MODEL = '/usr/share/pocketsphinx/model/en-us';
export const ACOUSTIC_MODEL = `${MODEL}/en-us`;
export const DICTIONARY = `${MODEL}/cmudict-en-us.dict`;
export const PHONE_MODEL = `${MODEL}/en-us-phone.lm.bin`;

type Handle = object;

/** How much a grammar's likelihoods count against the sound's; the library's own default. */
export const LANGUAGE_WEIGHT = 6.5;

function bind() {
  const sphinx = koffi.load('libpocketsphinx.so.3');
  const base = koffi.load('libsphinxbase.so.3');
  return {
    args: sphinx.func('void *ps_args()'),
    parse: base.func(
      'void *cmd_ln_parse_r(void *config, void *definitions, int count, const char **args, int strict)',
    ),
    setFloat: base.func('void cmd_ln_set_float_r(void *config, const char *name, double value)'),
    init: sphinx.func('void *ps_init(void *config)'),
    config: sphinx.func('void *ps_get_config(void *decoder)'),
    addWord: sphinx.func(
      'int ps_add_word(void *decoder, const char *word, const char *phones, int update)',
    ),
    logarithms: sphinx.func('void *ps_get_logmath(void *decoder)'),
    readGrammar: base.func(
      'void *fsg_model_readfile(const char *path, void *logarithms, float weight)',
    ),
    setGrammar: sphinx.func('int ps_set_fsg(void *decoder, const char *name, void *grammar)'),
    freeGrammar: base.func('int fsg_model_free(void *grammar)'),
    setModel: sphinx.func('int ps_set_lm_file(void *decoder, const char *name, const char *path)'),
    setPhones: sphinx.func(
      'int ps_set_allphone_file(void *decoder, const char *name, const char *path)',
    ),
    unset: sphinx.func('int ps_unset_search(void *decoder, const char *name)'),
    use: sphinx.func('int ps_set_search(void *decoder, const char *name)'),
    start: sphinx.func('int ps_start_utt(void *decoder)'),
    process: sphinx.func(
      'int ps_process_raw(void *decoder, const int16_t *samples, size_t count, int no_search, int whole)',
    ),
    end: sphinx.func('int ps_end_utt(void *decoder)'),
    hypothesis: sphinx.func('const char *ps_get_hyp(void *decoder, _Out_ int32_t *score)'),
    frames: sphinx.func('int ps_get_n_frames(void *decoder)'),
    free: sphinx.func('int ps_free(void *decoder)'),
  };
}

export interface Decoded {
  /** Words in lower case, or phones; empty where it heard nothing. */
  readonly text: string;
  /** Logarithm of the path's likelihood. */
  readonly score: number;
  readonly frames: number;
}

/** One decoder with several searches. Every failure throws. */
export class Sphinx {
  readonly #library: ReturnType<typeof bind>;
  readonly #decoder: Handle;

  /** `settings` are the library's own, such as `-wip`. */
  constructor(dictionary: string, settings: Readonly<Record<string, string>> = {}) {
    this.#library = bind();
    const all = {
      '-hmm': ACOUSTIC_MODEL,
      '-dict': dictionary,
      '-logfn': '/dev/null',
      ...settings,
    };
    const args = ['hawker', ...Object.entries(all).flat()];
    const config = this.#library.parse(null, this.#library.args(), args.length, args, 1);
    if (config === null) throw new Error('pocketsphinx does not take its settings');
    const decoder: Handle | null = this.#library.init(config);
    if (decoder === null) throw new Error(`pocketsphinx can't load ${ACOUSTIC_MODEL}`);
    this.#decoder = decoder;
  }

  /** Taken by the searches that are set afterwards. */
  setting(name: string, value: number): void {
    this.#library.setFloat(this.#library.config(this.#decoder), name, value);
  }

  addWord(word: string, phones: string): void {
    this.#check(this.#library.addWord(this.#decoder, word, phones, 0) >= 0, `the word ${word}`);
  }

  setGrammar(name: string, path: string): void {
    const { readGrammar, logarithms, setGrammar, freeGrammar } = this.#library;
    const grammar: Handle | null = readGrammar(path, logarithms(this.#decoder), LANGUAGE_WEIGHT);
    if (grammar === null) throw new Error(`pocketsphinx does not take the grammar in ${path}`);
    const taken = setGrammar(this.#decoder, name, grammar) === 0;
    // The decoder keeps it by a count of its own.
    freeGrammar(grammar);
    this.#check(taken, `grammar ${name}`);
  }

  setModel(name: string, path: string): void {
    this.#check(this.#library.setModel(this.#decoder, name, path) === 0, `model ${name}`);
  }

  setPhones(name: string, path: string): void {
    this.#check(this.#library.setPhones(this.#decoder, name, path) === 0, `phones ${name}`);
  }

  forget(name: string): void {
    this.#library.unset(this.#decoder, name);
  }

  /** Decodes a whole utterance of 16 kHz with the search of that name. */
  decode(search: string, samples: Int16Array): Decoded {
    const { use, start, process, end, hypothesis, frames } = this.#library;
    this.#check(use(this.#decoder, search) === 0, `search ${search}`);
    this.#check(start(this.#decoder) === 0, 'an utterance');
    process(this.#decoder, samples, samples.length, 0, 1);
    this.#check(end(this.#decoder) === 0, 'the end of an utterance');
    const score = [0];
    const text: string | null = hypothesis(this.#decoder, score);
    return { text: text ?? '', score: score[0] ?? 0, frames: frames(this.#decoder) };
  }

  close(): void {
    this.#library.free(this.#decoder);
  }

  #check(ok: boolean, what: string): void {
    if (!ok) throw new Error(`pocketsphinx does not take ${what}`);
  }
}
