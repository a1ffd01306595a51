/** Lines of an AT command interface, as a SIM7600 gives them and as noise leaves them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AtSplitter,
  readCallResult,
  readListedCall,
  readOperator,
  readResult,
  readSignal,
  readUrc,
} from '#device/codecs/at.ts';
import { utf8 } from '#device/codecs/bytes.ts';

const split = (text: string, size = 1000): string[] => {
  const splitter = new AtSplitter();
  const bytes = utf8(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    splitter.push(bytes.slice(at * size, (at + 1) * size)),
  )
    .flat()
    .map((token) => (token.is === 'line' ? token.text : '<prompt>'));
};

describe('AT lines', () => {
  test('echo, answer, unsolicited lines and prompt come apart, in pieces of any size', () => {
    const line =
      'AT+CSQ\r\r\n+CSQ: 18,99\r\n\r\nRING\r\n\r\n+CLIP: "13800000001",129,,,,0\r\n\r\nOK\r\n' +
      'AT+CMGS=23\r\r\n> 0011\x1a\r\n+CMGS: 7\r\n\r\nOK\r\n';
    for (const size of [1, 2, 5, 1000]) {
      assert.deepEqual(split(line, size), [
        ...['AT+CSQ', '+CSQ: 18,99', 'RING', '+CLIP: "13800000001",129,,,,0', 'OK'],
        ...['AT+CMGS=23', '<prompt>', '0011\x1a', '+CMGS: 7', 'OK'],
      ]);
    }
  });

  test('what never ends is dropped, and the next line is whole again', () => {
    assert.deepEqual(split(`${'x'.repeat(5000)}\r\nOK\r\n`).at(-1), 'OK');
    assert.ok(split('y'.repeat(100_000)).length === 0);
  });

  test('results: OK, ERROR, +CME and +CMS in numbers and in words', () => {
    assert.deepEqual(readResult('OK'), { ok: true });
    const codes = ['ERROR', '+CME ERROR: 10', '+CMS ERROR: 38', '+CME ERROR: SIM not inserted'];
    assert.deepEqual(
      codes.map((line) => {
        const result = readResult(line);
        return result === null || result.ok ? null : [result.error.from, result.error.code];
      }),
      [
        ['plain', null],
        ['cme', 10],
        ['cms', 38],
        ['cme', null],
      ],
    );
    for (const line of ['ok', 'OK ', 'OKAY', 'O', '+CMS ERROR:', 'NO CARRIER']) {
      assert.equal(readResult(line), null, line);
    }
    assert.equal(readCallResult('NO CARRIER')?.ok, false);
  });

  const urcs: [line: string, urc: ReturnType<typeof readUrc>][] = [
    ['RING', { is: 'ring' }],
    ['+CRING: VOICE', { is: 'ring' }],
    ['+CLIP: "13800000001",129,,,,0', { is: 'caller', number: '13800000001' }],
    ['+CLIP: "8613800000001",145,,,,0', { is: 'caller', number: '+8613800000001' }],
    ['+CLIP: "+8613800000001",145,"",,"",0', { is: 'caller', number: '+8613800000001' }],
    ['+CLIP: "",128,,,,1', { is: 'caller', number: null }],
    ['+CCWA: "13900000002",129,1', { is: 'waiting', number: '13900000002' }],
    ['VOICE CALL: BEGIN', { is: 'call_begun' }],
    ['VOICE CALL: END: 000017', { is: 'call_over' }],
    ['VOICE CALL: END', { is: 'call_over' }],
    ['NO CARRIER', { is: 'call_over' }],
    ['MISSED_CALL: 02:14AM 13800000001', { is: 'call_over' }],
    ['+RXDTMF: 5', { is: 'key', key: '5' }],
    ['+RXDTMF: #', { is: 'key', key: '#' }],
    ['+RXDTMF: x', null],
    ['+CREG: 1', { is: 'registration', registration: 'home' }],
    ['+CREG: 5,"00C3","1A2B"', { is: 'registration', registration: 'roaming' }],
    ['+CREG: 0,1', null],
    ['+CMTI: "SM",12', { is: 'sms_stored', index: 12 }],
    ['+CDS: 25', { is: 'report', length: 25 }],
    ['+CMT: ,29', { is: 'sms', length: 29 }],
    ['RDY', { is: 'restarted' }],
    ['+CSQ: 18,99', null],
    ['R\u0001NG', null],
  ];
  for (const [line, urc] of urcs) {
    test(`by itself: ${JSON.stringify(line)}`, () => assert.deepEqual(readUrc(line), urc));
  }

  test('calls, signal and operator of answers', () => {
    assert.deepEqual(readListedCall('+CLCC: 1,1,4,0,0,"13800000001",129'), {
      ...{ index: 1, incoming: true, state: 'ringing', voice: true, number: '13800000001' },
    });
    assert.equal(readListedCall('+CLCC: 2,1,5,0,0,"+8613900000002",145,""')?.state, 'waiting');
    assert.equal(readListedCall('+CLCC: 1,1,9,0,0'), null);
    assert.deepEqual(['+CSQ: 31,99', '+CSQ: 0,0', '+CSQ: 99,99', 'x'].map(readSignal), [
      ...[-51, -113, null, null],
    ]);
    assert.equal(readOperator('+COPS: 0,0,"CHINA MOBILE",7'), 'CHINA MOBILE');
    assert.equal(readOperator('+COPS: 0'), null);
  });
});
