/** Figures however they are said, also two at a time: only to find what must not be kept. */
import type { Language } from '../messages/enrolment.ts';
import { chineseText } from '../speech/chinese-numbers.ts';
import { cardinalAt, digitOf, englishTokens } from '../speech/english-numbers.ts';

const CHINESE = '零一二三四五六七八九';

/** Each run of figures that nothing interrupts: `forty one eleven` is 4111. */
export function figureRuns(text: string, language: Language): string[] {
  return language === 'en' ? englishRuns(text) : chineseRuns(text);
}

function englishRuns(text: string): string[] {
  const tokens = englishTokens(text.replace(/-/g, ' '));
  let runs = '';
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    const times = token === 'double' ? 2 : token === 'triple' ? 3 : 1;
    const figure = digitOf(tokens[times > 1 ? at + 1 : at]);
    const pair = figure === null ? cardinalAt(tokens, at) : null;
    if (figure !== null) {
      runs += String(figure).repeat(times);
      at += times > 1 ? 1 : 0;
    } else if (/^\d+$/.test(token)) runs += token;
    else if (pair !== null && pair.value < 10_000) {
      runs += String(pair.value);
      at = pair.next - 1;
    } else if (!/^(uh|um|er|and|then)$/.test(token)) runs += ' ';
  }
  return runs.split(' ').filter((run) => run !== '');
}

const chineseRuns = (text: string): string[] =>
  chineseText(text)
    .replace(/幺/g, '一')
    .replace(/洞/g, '零')
    .replace(/[零一二三四五六七八九]/g, (figure) => String(CHINESE.indexOf(figure)))
    .match(/\d+/g) ?? [];
