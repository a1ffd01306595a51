/** Which of the two languages a page or a sentence is in. */
import type { Language } from '#device/messages/enrolment.ts';

const isLanguage = (text: string): text is Language => text === 'en' || text === 'zh-CN';

/** An explicit choice, else the first language of `Accept-Language` (RFC 9110 §12.5.4) we speak. */
export function pickLanguage(chosen: string | undefined, accepted: string | undefined): Language {
  if (chosen !== undefined && isLanguage(chosen)) return chosen;
  const ranges = (accepted ?? '')
    .split(',')
    .map((range) => {
      const [name = '', ...parameters] = range.trim().split(';');
      const q = parameters.find((parameter) => parameter.trim().startsWith('q='));
      return { name: name.toLowerCase(), q: q === undefined ? 1 : Number(q.trim().slice(2)) };
    })
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q);
  for (const { name } of ranges) {
    if (name === 'zh' || name.startsWith('zh-')) return 'zh-CN';
    if (name === 'en' || name.startsWith('en-')) return 'en';
  }
  return 'en';
}

/** A sentence with each `{name}` filled from `values`; a gap without a value stays as it is. */
const fillGaps = (sentence: string, values: Readonly<Record<string, string>>): string =>
  sentence.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

type Sentences<Word extends string> = Readonly<Record<Word, string>>;

/** Says the sentences of a catalogue, in the language asked for, with their gaps filled. */
export const sayFrom =
  <Word extends string>(en: Sentences<Word>, zh: Sentences<NoInfer<Word>>) =>
  (language: Language, word: Word, values: Readonly<Record<string, string>> = {}): string =>
    fillGaps((language === 'zh-CN' ? zh : en)[word], values);
