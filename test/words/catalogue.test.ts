import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cardTextsIn } from '#device/words/cards.ts';
import { type EntryProblem, missingOrgan, textsIn } from '#device/words/catalogue.ts';

const LANGUAGES = ['en', 'zh-CN'] as const;

/** Every text of a catalogue, functions called with what stands out in the result. */
function allTexts(value: unknown, path: string): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return [];
  assert.ok(typeof value === 'object' && value !== null, path);
  return Object.entries(value).flatMap(([key, each]) => allTexts(each, `${path}.${key}`));
}

const PROBLEMS: EntryProblem[] = [
  'empty',
  'zero',
  'not_a_number',
  'two_points',
  'negative',
  'too_many_places',
  'too_large',
  'quantity_zero',
  'quantity_too_large',
  'unknown_item',
  'too_many_lines',
  'too_many_keys',
];

for (const language of LANGUAGES) {
  describe(`the ${language} catalogue`, () => {
    const texts = textsIn(language);

    test('has no empty text, and none of the other language', () => {
      const all = { ...texts, cards: cardTextsIn(language) };
      for (const [path, text] of allTexts(all, language)) {
        assert.ok(text.trim() !== '', path);
        if (language === 'en') assert.doesNotMatch(text, /\p{Script=Han}/u, path);
        else assert.match(text, /\p{Script=Han}/u, path);
      }
    });

    test('titles fit a customer panel, and hints one line of a screen', () => {
      const { starting, enterAmount, scanToPay, waitingForNetwork, cancelling, expiring } = texts;
      const titles = [starting, enterAmount, scanToPay, waitingForNetwork, cancelling, expiring];
      for (const title of [...titles, ...Object.values(texts.outcome)]) {
        assert.ok(title.length <= 20, title);
      }
      for (const [path, text] of allTexts(texts, '')) {
        if (path.startsWith('.hint')) assert.ok(text.length <= 64, path);
      }
    });

    test('each problem reads differently, and tells its detail', () => {
      const said = PROBLEMS.map((each) => texts.problem(each, '2'));
      assert.equal(new Set(said).size, PROBLEMS.length);
      assert.ok(texts.problem('too_large', '¥999,999.99').includes('¥999,999.99'));
      assert.ok(texts.problem('unknown_item', '0417').includes('0417'));
      assert.notEqual(texts.problem('too_many_places', '0'), texts.problem('too_many_places', '2'));
    });

    test('parameters are shown', () => {
      assert.ok(texts.digitsLabel('07').includes('07'));
      assert.ok(texts.orderLine('01J8ZQ4M7K3T9V2C').includes('01J8ZQ4M7K3T9V2C'));
      assert.ok(texts.paidByLine('•••• 5678').includes('•••• 5678'));
      assert.ok(texts.waitingToSend(1) !== texts.waitingToSend(3));
      const item = texts.itemLine(2, '饺子', '9.00');
      assert.ok(item.includes('2') && item.includes('饺子') && item.includes('9.00'));
    });
  });
}

test('a missing organ has a name, a reason, an effect and a mend', () => {
  const texts = textsIn('en');
  assert.deepEqual(missingOrgan(texts, 'speaker', 'lost'), {
    organ: 'Speaker',
    why: 'was disconnected. Look at the screen for the result.',
    mend: 'Plug it in again.',
  });
});

test('on a Chinese screen a driver’s mend stands behind a sentence that the vendor can read', () => {
  const texts = textsIn('zh-CN');
  const mend = 'sudo usermod -aG dialout $USER';
  assert.equal(
    missingOrgan(texts, 'printer', 'denied', mend).mend,
    `请联系安装人员。（安装人员：${mend}）`,
  );
  assert.equal(missingOrgan(texts, 'advertiser', 'absent').mend, '请接上蓝牙适配器。');
  assert.equal(missingOrgan(textsIn('en'), 'printer', 'denied', mend).mend, mend);
});

test('a driver’s own mend stands, and an organ of another name keeps it', () => {
  const missing = missingOrgan(textsIn('en'), 'horn', 'missing_tool', 'sudo apt-get install sox');
  assert.equal(missing.organ, 'horn');
  assert.equal(missing.why, 'needs a program that is not installed.');
  assert.equal(missing.mend, 'sudo apt-get install sox');
});
