/** Rows C3 and C4: numbers and addresses as callers tell them, and whom the link then goes to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readSpeltEmail } from '#device/dialogue/email-spelling.ts';
import { readPhone } from '#gateway/phone.ts';
import { runTalk } from './talk.ts';

const ADDRESSES: Readonly<Record<string, string | null>> = {
  'm e i dot lin at example dot com': 'mei.lin@example.com',
  'my email is mei at example dot com please': 'mei@example.com',
  'no mei at example dot com thank you': 'mei@example.com',
  'm as in mike e i at example dot com': 'mei@example.com',
  'm for mother e i at example dot com': 'mei@example.com',
  'tango o double m at x dot com': 'tomm@x.com',
  'tom ninety nine at x dot com': 'tom99@x.com',
  'tom nineteen eighty four at x dot com': 'tom1984@x.com',
  'tom underscore oh one at mail dot x dot co dot uk': 'tom_01@mail.x.co.uk',
  'one two three at q q dot c o m': '123@qq.com',
  'm e i 艾特 一六三 点 com': 'mei@163.com',
  '我的邮箱是 m e i 艾特 qq 点 com': 'mei@qq.com',
  'dot mei at x dot com': null,
  'mei dot at x dot com': null,
  'mei dot dot lin at x dot com': null,
  'mei at dash x dot com': null,
  'mei at x': null,
  'mei at x dot com no lin at x dot com': null,
  yes: null,
  '': null,
};

describe('addresses', () => {
  for (const [said, address] of Object.entries(ADDRESSES)) {
    test(said, () => assert.equal(readSpeltEmail(said), address));
  }
});

const ORDER = `
    > two pork dumplings
    > that's all
    > yes
    < key in your mobile number`;

describe('what is not said for sure', () => {
  for (const said of ['agent', 'human', 'agent please', 'a person please']) {
    test(`${said}: alone is enough`, () => {
      runTalk('en', `> ${said}\n= agent`);
    });
  }

  for (const said of ['two or three pork dumplings', 'two and a half pork dumplings']) {
    test(`${said}: how many`, () => {
      runTalk(
        'en',
        `> ${said}\n< how many portions of pork dumplings\n> three\n< 3 pork dumplings`,
      );
    });
  }

  for (const said of ['两三份猪肉水饺', '两份或者三份猪肉水饺']) {
    test(`${said}: how many`, () => {
      runTalk('zh-CN', `> ${said}\n< 请问要几份猪肉水饺\n> 还是三份吧\n< 3份猪肉水饺`);
    });
  }

  test('none of them, and all of them off', () => {
    runTalk('en', '> zero pork dumplings\n< you have not ordered anything yet');
    runTalk('en', '> two pork dumplings\n> remove everything\n< nothing is ordered');
  });
});

describe('a number', () => {
  const told: readonly [how: string, lines: string, phone: string][] = [
    ['with the calling code of the country', '> [keys 8613800000001]', '13800000001'],
    ['with 00 and that code', '> [keys 008613800000001]', '13800000001'],
    ['of another country', '> [keys 00447700900123#]\n< plus 4 4', '+447700900123'],
    [
      'of North America, said: whole with its last figure',
      '> plus one three one zero five five five one two three four',
      '+13105551234',
    ],
    [
      'of North America, in groups',
      `> plus one
       > three eight zero
       < 3 8 0
       > five five five
       > one two three four`,
      '+13805551234',
    ],
    ['of North America, keyed', '> [keys 0013805551234]', '+13805551234'],
    [
      'of another country, said',
      `> plus four four seven seven double oh
       < plus 4 4
       > nine double oh one two three please
       > that's all
       < plus 4 4 7 7`,
      '+447700900123',
    ],
    [
      'with the calling code, said',
      '> plus eight six one three eight triple zero oh zero zero zero one thank you',
      '13800000001',
    ],
  ];
  for (const [how, lines, phone] of told) {
    test(how, () => {
      const talk = runTalk('en', `${ORDER}\n${lines}\n< is that right\n> yes\n= place watch`);
      assert.equal(talk.wishes[0]?.phone, phone);
    });
  }

  test('at the gateway, with its own calling code or another', () => {
    for (const [typed, phone] of [
      ['138-0000 0001', '+8613800000001'],
      ['+44 (7700) 900123', '+447700900123'],
      ['00447700900123', '+447700900123'],
      ['0086 138 0000 0001', '+8613800000001'],
      ['＋８６（１３８）０００００００１', '+8613800000001'],
      ['000', null],
      ['+0123456789', null],
    ] as const) {
      assert.equal(readPhone(typed, '86'), phone, typed);
    }
  });
});
