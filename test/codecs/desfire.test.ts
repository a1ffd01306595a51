/** Cards' cryptography against the numbers that its makers published (test/golden). */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, test } from 'node:test';
import { cmac as nobleCmac } from '@noble/ciphers/aes.js';
import { cmac, crc32, padBit, unpadBit, ZERO_BLOCK } from '#device/codecs/aes.ts';
import { concat, fromHex, hex } from '#device/codecs/bytes.ts';
import { type CommunicationMode, unwrap, wrap } from '#device/codecs/desfire.ts';
import { changeKey, credit, getCardUid } from '#device/codecs/desfire-commands.ts';
import {
  type Authenticated,
  authenticateAes,
  authenticateEv2First,
  authenticateEv2NonFirst,
  converse,
  deriveEv2Keys,
  type Exchange,
  type Exchanged,
  exchange,
} from '#device/codecs/desfire-exchange.ts';
import {
  type Ev2Session,
  ev2Mac,
  protect,
  type Session,
  unprotect,
} from '#device/codecs/desfire-session.ts';
import { diversifyKey } from '#device/codecs/key-diversification.ts';
import cmacVectors from '#test/golden/aes-cmac.json' with { type: 'json' };
import golden from '#test/golden/desfire-ev2.json' with { type: 'json' };
import diversification from '#test/golden/key-diversification.json' with { type: 'json' };

const seeded = (seed: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (seed * 73 + at * 151 + ((seed * at) % 89)) & 255);

function session(of: {
  transactionId: string;
  counter?: number;
  encryptionKey?: string;
  macKey: string;
}): Ev2Session {
  return {
    kind: 'ev2',
    keyNo: 15,
    transactionId: fromHex(of.transactionId),
    counter: of.counter ?? 0,
    encryptionKey: fromHex(of.encryptionKey ?? '00'.repeat(16)),
    macKey: fromHex(of.macKey),
  };
}

describe('AES-CMAC', () => {
  test(cmacVectors.source, () => {
    for (const { message, mac } of cmacVectors.examples) {
      assert.equal(hex(cmac(fromHex(cmacVectors.key), fromHex(message))), mac);
    }
  });

  test('equals the library for every length to 100', () => {
    for (let length = 0; length <= 100; length += 1) {
      const [key, message] = [seeded(length, 16), seeded(length + 1, length)];
      assert.equal(hex(cmac(key, message)), hex(nobleCmac(message, key)), `${length} bytes`);
    }
  });

  test('with an IV it is a CMAC whose chain began earlier', () => {
    // A whole first block makes the chain; the rest goes on from its cipher text.
    for (let length = 1; length <= 40; length += 1) {
      const [key, first, rest] = [seeded(3, 16), seeded(4, 16), seeded(length, length)];
      const cipher = createCipheriv('aes-128-ecb', key, null);
      const iv = new Uint8Array(cipher.update(first));
      assert.equal(hex(cmac(key, rest, { iv })), hex(cmac(key, concat(first, rest))));
    }
  });
});

describe('paddings and checksum', () => {
  test('what was padded comes back; what was not padded is refused', () => {
    for (let length = 0; length < 50; length += 1) {
      const padded = padBit(seeded(length, length));
      assert.equal(padded.length % 16, 0);
      assert.deepEqual(unpadBit(padded), seeded(length, length));
    }
    assert.equal(unpadBit(new Uint8Array(16)), null);
    assert.equal(unpadBit(Uint8Array.of(1, 2, 3)), null);
  });

  test('the CRC of a new key is the published one', () => {
    const { other } = golden.keyChange;
    assert.equal(hex(crc32(fromHex(other.key))), other.data.slice(-8));
  });
});

describe('key diversification', () => {
  const { master, uid, application, system, key, source } = diversification;
  test(source, () => {
    assert.equal(hex(diversifyKey(fromHex(master), fromHex(uid + application + system))), key);
  });

  test('31 bytes need no padding, 32 and none are refused', () => {
    const full = concat(Uint8Array.of(1), seeded(5, 31));
    assert.equal(
      hex(diversifyKey(fromHex(master), seeded(5, 31))),
      hex(nobleCmac(full, fromHex(master))),
    );
    assert.throws(() => diversifyKey(fromHex(master), new Uint8Array(0)), RangeError);
    assert.throws(() => diversifyKey(fromHex(master), seeded(5, 32)), RangeError);
  });
});

describe('EV2 authentication', () => {
  for (const each of golden.authentication) {
    const begin = () => {
      const { keyNo } = each;
      const [key, rndA] = [fromHex(each.key), fromHex(each.rndA)];
      if (each.within === undefined) return authenticateEv2First(keyNo, key, rndA);
      const before = session({ transactionId: each.within, counter: 7, macKey: '00'.repeat(16) });
      return authenticateEv2NonFirst(before, keyNo, key, rndA);
    };

    test(each.source, async () => {
      const said: string[] = [];
      const answers = [...each.answers];
      const done = await converse(begin(), (apdu) => {
        said.push(hex(apdu));
        return fromHex(answers.shift() ?? '');
      });
      assert.deepEqual(said, each.commands);
      assert.ok(done.ok);
      assert.equal(hex(done.session.transactionId), each.transactionId);
      assert.equal(hex(done.session.encryptionKey), each.encryptionKey);
      assert.equal(hex(done.session.macKey), each.macKey);
      assert.equal(done.session.counter, each.within === undefined ? 0 : 7);
    });

    test(`${each.source}: every changed bit of the proof is refused`, async () => {
      const proof = fromHex(each.answers[1] ?? '');
      for (let bit = 0; bit < 128; bit += 1) {
        const changed = proof.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const answers = [fromHex(each.answers[0] ?? ''), changed];
        const done = await converse(begin(), () => answers.shift() ?? new Uint8Array(0));
        assert.ok(!done.ok && done.refusal.why === 'forged', `bit ${bit}`);
      }
    });
  }

  for (const each of golden.sessionKeys) {
    test(each.source, () => {
      const keys = deriveEv2Keys(fromHex(each.key), fromHex(each.rndA), fromHex(each.rndB));
      assert.equal(hex(keys.encryptionKey), each.encryptionKey);
      assert.equal(hex(keys.macKey), each.macKey);
    });
  }
});

describe('EV2 messaging', () => {
  for (const example of golden.macs) {
    test(example.source, () => {
      for (const { counter, code, data, more, mac } of example.said) {
        const now = session({ ...example, counter });
        assert.equal(hex(ev2Mac(now, code, fromHex(data + more))), mac);
      }
    });
  }

  for (const each of golden.commands) {
    const command = {
      ins: each.ins,
      mode: each.mode as CommunicationMode,
      header: fromHex(each.header),
      data: fromHex(each.data),
    };

    test(each.source, () => {
      const sent = protect(session(each), command);
      assert.equal(hex(wrap(each.ins, sent.data)), each.command);
      const answer = unwrap(fromHex(each.answer))?.data ?? new Uint8Array(0);
      const told = unprotect(sent.session, command, answer);
      assert.equal(told === null ? null : hex(told.data), each.told);
    });

    test(`${each.source}: any changed byte, and a replay, are refused`, () => {
      const { session: after } = protect(session(each), command);
      const answer = unwrap(fromHex(each.answer))?.data ?? new Uint8Array(0);
      for (let at = 0; at < answer.length; at += 1) {
        const changed = answer.slice();
        changed[at] = (changed[at] ?? 0) ^ 0x10;
        assert.equal(unprotect(after, command, changed), null);
      }
      const next = protect(after, command).session;
      assert.equal(unprotect(next, command, answer), null);
    });
  }

  test(golden.keyChange.source, () => {
    const { other, own } = golden.keyChange;
    const changed = changeKey({ ...other, key: fromHex(other.key), old: fromHex(other.old) });
    assert.equal(hex(changed.data), other.data);
    assert.equal(hex(changeKey({ ...own, key: fromHex(own.key) }).data), own.data);
  });

  test('commands made ahead of their answers are the same as one by one', () => {
    const start = session({ transactionId: '11223344', macKey: hex(seeded(1, 16)) });
    const first = protect(start, credit(1, 500, 'full'));
    const second = protect(first.session, credit(1, 600, 'full'));
    assert.equal(second.session.kind === 'ev2' && second.session.counter, 2);
    assert.notEqual(hex(first.data), hex(second.data));
  });
});

describe('answers that are none', () => {
  const key = ZERO_BLOCK;
  const talks: Record<string, () => Exchange<Authenticated<Session> | Exchanged>> = {
    first: () => authenticateEv2First(0, key, seeded(1, 16)),
    aes: () => authenticateAes(0, key, seeded(1, 16)),
    uid: () =>
      exchange(session({ transactionId: '00000000', macKey: '00'.repeat(16) }), getCardUid()),
  };
  for (const [name, begin] of Object.entries(talks)) {
    test(`${name}: torn, foreign and refused answers end the talk with a reason`, async () => {
      const cases = {
        '': 'malformed',
        '90': 'malformed',
        '9000': 'malformed',
        '6d00': 'malformed',
      };
      for (const [answer, why] of Object.entries(cases)) {
        const done = await converse(begin(), () => fromHex(answer));
        assert.ok(!done.ok && done.refusal.why === why, answer);
      }
      const done = await converse(begin(), () => fromHex('91ae'));
      assert.deepEqual(done, {
        ok: false,
        refusal: { why: 'status', status: 0xae, name: 'authenticationError' },
      });
    });
  }

  test('a card that never stops sending frames is stopped', async () => {
    const done = await converse(exchange({ kind: 'plain' }, getCardUid()), () => fromHex('91af'));
    assert.ok(!done.ok && done.refusal.why === 'malformed');
  });
});
