import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Language } from '#device/messages/enrolment.ts';
import type { Currency } from '#device/messages/money.ts';
import { declineReasonSchema, outcomeSchema } from '#device/messages/order.ts';
import { type CardProblem, cardTextsIn } from '#device/words/cards.ts';
import {
  type Notice,
  sayAmount,
  sayCardProblem,
  sayDayClosed,
  sayNotice,
  sayNotUnderstood,
  sayQuestion,
  sayRefund,
  sayRelayEnd,
  sayResult,
  sayWebPaid,
  textOf,
  VOCABULARY,
} from '#device/words/clips.ts';

const amount = (minor: number, currency: Currency, language: Language): string =>
  textOf(sayAmount(minor, currency, language));

describe('golden sentences', () => {
  const cases: [number, Currency, string, string][] = [
    [1250, 'CNY', 'twelve yuan fifty', '十二元五角'],
    [100, 'CNY', 'one yuan', '一元'],
    [5, 'CNY', 'five fen', '五分'],
    [50, 'CNY', 'fifty fen', '五角'],
    [1205, 'CNY', 'twelve yuan and five fen', '十二元零五分'],
    [1255, 'CNY', 'twelve yuan fifty five', '十二元五角五分'],
    [200, 'CNY', 'two yuan', '两元'],
    [2222, 'CNY', 'twenty two yuan twenty two', '二十二元两角两分'],
    [20_000, 'CNY', 'two hundred yuan', '两百元'],
    [1000, 'CNY', 'ten yuan', '十元'],
    [11_000, 'CNY', 'one hundred ten yuan', '一百一十元'],
    [10_100, 'CNY', 'one hundred one yuan', '一百零一元'],
    [101_000, 'CNY', 'one thousand ten yuan', '一千零一十元'],
    [1_000_100, 'CNY', 'ten thousand one yuan', '一万零一元'],
    [2_200_000, 'CNY', 'twenty two thousand yuan', '两万两千元'],
    [12_000_000, 'CNY', 'one hundred twenty thousand yuan', '十二万元'],
    [1500, 'CNY', 'fifteen yuan that is one five yuan', '十五元'],
    [5000, 'CNY', 'fifty yuan', '五十元'],
    [1215, 'CNY', 'twelve yuan fifteen that is one two point one five yuan', '十二元一角五分'],
    [100, 'USD', 'one dollar', '一美元'],
    [1201, 'USD', 'twelve dollars and one cent', '十二美元零一美分'],
    [1250, 'JPY', 'one thousand two hundred fifty yen', '一千两百五十日元'],
    [1250, 'GBP', 'twelve pounds fifty', '十二英镑五十便士'],
    [1, 'GBP', 'one penny', '一便士'],
    [1250, 'EUR', 'twelve euros fifty', '十二欧元五十欧分'],
    [1250, 'HKD', 'twelve dollars fifty', '十二港元五十港仙'],
    [1205, 'INR', 'twelve rupees and five paise', '十二卢比零五派萨'],
    [1250, 'KES', 'twelve shillings fifty', '十二先令五十分'],
    [
      99_999_999,
      'JPY',
      'ninety nine million nine hundred ninety nine thousand nine hundred ninety nine yen',
      '九千九百九十九万九千九百九十九日元',
    ],
  ];
  for (const [minor, currency, english, chinese] of cases) {
    test(`${minor} ${currency}`, () => {
      assert.equal(amount(minor, currency, 'en'), english);
      assert.equal(amount(minor, currency, 'zh-CN'), chinese);
    });
  }
});

describe('announcements', () => {
  const money = { amount_minor: 1250, currency: 'CNY' } as const;

  test('each outcome, just now and from before a restart', () => {
    const paid = { outcome: 'paid', ...money } as const;
    assert.equal(textOf(sayResult(paid, 'en')), 'received twelve yuan fifty');
    assert.equal(textOf(sayResult(paid, 'zh-CN')), '收款十二元五角');
    const earlier = { earlier: true };
    assert.equal(textOf(sayResult(paid, 'en', earlier)), 'earlier received twelve yuan fifty');
    assert.equal(textOf(sayResult(paid, 'zh-CN', earlier)), '先前收款十二元五角');
    const cancelled = { outcome: 'cancelled', ...money } as const;
    const offline = { offline: true };
    assert.equal(
      textOf(sayResult(paid, 'en', offline)),
      'received twelve yuan fifty without network',
    );
    assert.equal(textOf(sayResult(paid, 'zh-CN', offline)), '收款十二元五角离线收款');
    assert.equal(textOf(sayResult(cancelled, 'en')), 'order cancelled');
    assert.equal(textOf(sayResult({ outcome: 'expired', ...money }, 'zh-CN')), '订单已过期');
  });

  test('only money that was received is named', () => {
    for (const language of ['en', 'zh-CN'] as const) {
      const named = new Set(sayAmount(1250, 'CNY', language));
      for (const outcome of outcomeSchema.options.filter((each) => each !== 'paid')) {
        for (const reason of [undefined, ...declineReasonSchema.options]) {
          const said = sayResult({ outcome, reason, ...money }, language, { earlier: true });
          assert.ok(said.length > 0 && !said.some((id) => named.has(id)), textOf(said));
        }
      }
    }
  });

  test('a reason is told', () => {
    const declined = { outcome: 'declined', reason: 'insufficient_funds', ...money } as const;
    assert.equal(textOf(sayResult(declined, 'en')), 'payment declined balance too low');
    assert.equal(textOf(sayResult(declined, 'zh-CN')), '付款失败余额不足');
  });

  test('no two prompts have one id, and every id is a file name', () => {
    const ids = VOCABULARY.map((clip) => clip.id);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^(en|zh)\.[a-z-]+$/);
  });

  test('no two prompts of one language sound the same by their text', () => {
    const texts = VOCABULARY.map((clip) => `${clip.language} ${clip.text}`);
    assert.equal(new Set(texts).size, texts.length);
  });

  test('every prompt is used by an announcement', () => {
    const used = new Set<string>();
    const currencies = ['CNY', 'EUR', 'GBP', 'HKD', 'INR', 'JPY', 'KES', 'USD'] as const;
    const notices: Notice[] = ['ready', 'no_network', 'network_back', 'try_again', 'printer_fault'];
    for (const language of ['en', 'zh-CN'] as const) {
      for (const notice of notices) for (const id of sayNotice(notice, language)) used.add(id);
      for (const problem of Object.keys(cardTextsIn(language).problem) as CardProblem[]) {
        for (const id of sayCardProblem(problem, language)) used.add(id);
      }
      for (const outcome of outcomeSchema.options) {
        for (const reason of [undefined, ...declineReasonSchema.options]) {
          const all = { earlier: true, offline: true };
          const said = sayResult({ outcome, reason, ...money }, language, all);
          for (const id of said) used.add(id);
        }
      }
      for (const currency of currencies) {
        for (let minor = 1; minor < 4000; minor += 1) {
          for (const id of sayAmount(minor, currency, language)) used.add(id);
        }
        for (const id of sayAmount(99_999_999, currency, language)) used.add(id);
        for (const id of sayQuestion(1250, currency, language)) used.add(id);
        for (const id of sayNotUnderstood(language)) used.add(id);
      }
      for (const id of sayRefund(money, language)) used.add(id);
      for (const id of sayWebPaid(money, language)) used.add(id);
      for (const id of sayRelayEnd('too_much', language)) used.add(id);
      for (const count of [1, 2]) {
        for (const id of sayDayClosed(count, 1250, 'CNY', language)) used.add(id);
      }
      for (const id of sayAmount(12_000_000, 'JPY', language)) used.add(id);
    }
    const idle = VOCABULARY.filter((clip) => !used.has(clip.id)).map((clip) => clip.id);
    assert.deepEqual(idle, []);
  });

  test('money that goes back is named in front and behind', () => {
    const back = { amount_minor: 300, currency: 'CNY' } as const;
    assert.equal(textOf(sayRefund(back, 'en')), 'refunded three yuan to the payer');
    assert.equal(textOf(sayRefund(back, 'zh-CN')), '退款三元给顾客');
    const earlier = textOf(sayRefund(back, 'en', { earlier: true }));
    assert.equal(earlier, 'earlier refunded three yuan to the payer');
  });

  test('a day’s sum is named in front, and a sum too large to say is left to the paper', () => {
    const day = sayDayClosed(15, 123_450, 'CNY', 'en');
    const said = 'day closed fifteen that is one five sales in all one thousand two hundred';
    assert.ok(textOf(day).startsWith(said), textOf(day));
    assert.equal(textOf(sayDayClosed(2, 1250, 'CNY', 'zh-CN')), '今日已结账两笔收款合计十二元五角');
    assert.equal(textOf(sayDayClosed(0, 0, 'CNY', 'en')), 'day closed zero sales');
    assert.equal(textOf(sayDayClosed(1, 1e12, 'CNY', 'en')), 'day closed one sale');
  });

  test('an unknown clip is a programmer’s error', () => {
    assert.throws(() => textOf(['en.received', 'en.nonsense']), RangeError);
  });
});
