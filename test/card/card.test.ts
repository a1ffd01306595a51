/** The simulated card does what the data sheet says, and refuses what it says it refuses. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concat, fromHex, hex, utf8 } from '#device/codecs/bytes.ts';
import { INS, leBytes, readLe, readLeSigned } from '#device/codecs/desfire.ts';
import * as c from '#device/codecs/desfire-commands.ts';
import { authenticateEv2NonFirst } from '#device/codecs/desfire-exchange.ts';
import { readFileSettings, readVersion } from '#device/codecs/desfire-files.ts';
import {
  decryptReaderId,
  deriveTransactionKeys,
  transactionInput,
  verifyTransaction,
} from '#device/codecs/transaction-mac.ts';
import { Card } from '#simulators/card/card.ts';
import { Eeprom } from '#simulators/card/eeprom.ts';
import { REAL_TIMING } from '#simulators/card/work.ts';
import {
  AID,
  DEBIT,
  FILES,
  KEYS,
  LOAD,
  NAME,
  opened,
  personalise,
  purse,
  repeatable,
  Talk,
  TRANSACTION_KEY,
  talk,
  UID,
  ZERO_KEY,
} from './bench.ts';

const balance = (to: Talk): number => readLeSigned(to.must(c.getValue(FILES.value, 'full')));
const record = (text: string): Uint8Array => concat(utf8(text.padEnd(16, '.')));

for (const kind of ['ev2', 'ev1'] as const) {
  describe(`a purse over ${kind} messaging`, () => {
    const make = (): Card => {
      const card = new Card({ uid: UID, chance: repeatable(5) });
      personalise(card, false, kind);
      return card;
    };

    test('debit, log and commit; before the commit nothing is seen', () => {
      const to = opened(make(), DEBIT, kind);
      to.must(c.debit(FILES.value, 1250, 'full'));
      to.must(c.writeRecord(FILES.log, 0, record('one'), 'mac'));
      assert.equal(balance(to), 10_000);
      to.must(c.commitTransaction(false));
      assert.equal(balance(to), 8750);
      assert.deepEqual(to.must(c.readRecords(FILES.log, 0, 0, 'mac')), record('one'));
    });

    test('an aborted, reselected or unpowered transaction never was', () => {
      const card = make();
      const ends = [
        (to: Talk) => to.must(c.abortTransaction()),
        (to: Talk) => to.select(AID),
        () => card.powerDown(),
      ];
      for (const end of ends) {
        const to = opened(card, DEBIT, kind);
        to.must(c.debit(FILES.value, 1250, 'full'));
        end(to);
        const again = opened(card, DEBIT, kind);
        assert.equal(balance(again), 10_000);
        assert.equal(again.refusal(c.commitTransaction(false)), 'noChanges');
      }
    });

    test('long data go and come in several frames, in every mode', () => {
      const to = opened(make(), LOAD, kind);
      const data = Uint8Array.from({ length: 180 }, (_, at) => at);
      to.must(c.writeData(FILES.standard, 10, data, 'full'));
      assert.deepEqual(to.must(c.readData(FILES.standard, 10, 180, 'full')), data);
      assert.equal(to.must(c.readData(FILES.standard, 0, 0, 'full')).length, 200);
      to.must(c.writeData(FILES.backup, 0, data, 'full'));
      assert.deepEqual(to.must(c.readData(FILES.backup, 0, 180, 'full')), new Uint8Array(180));
      to.must(c.commitTransaction(false));
      assert.deepEqual(to.must(c.readData(FILES.backup, 0, 180, 'full')), data);
    });

    test('a cyclic log keeps the newest, a linear one is full', () => {
      const to = opened(make(), DEBIT, kind);
      for (const text of ['a', 'b', 'c', 'd', 'e']) {
        to.must(c.writeRecord(FILES.log, 0, record(text), 'mac'));
        to.must(c.commitTransaction(false));
      }
      const three = concat(record('c'), record('d'), record('e'));
      assert.deepEqual(to.must(c.readRecords(FILES.log, 0, 0, 'mac')), three);
      assert.deepEqual(to.must(c.readRecords(FILES.log, 1, 1, 'mac')), record('d'));
      for (const text of ['a', 'b', 'c', 'd']) {
        to.must(c.writeRecord(FILES.linear, 0, record(text), 'mac'));
        to.must(c.commitTransaction(false));
      }
      const more = c.writeRecord(FILES.linear, 0, record('e'), 'mac');
      assert.equal(to.refusal(more), 'boundaryError');
    });

    test('what was debited can be given back once, and no more', () => {
      const card = make();
      const to = opened(card, DEBIT, kind);
      assert.equal(to.refusal(c.limitedCredit(FILES.value, 1, 'full')), 'boundaryError');
      const again = opened(card, DEBIT, kind);
      again.must(c.debit(FILES.value, 300, 'full'));
      again.must(c.commitTransaction(false));
      again.must(c.limitedCredit(FILES.value, 200, 'full'));
      again.must(c.commitTransaction(false));
      assert.equal(balance(again), 9900);
      assert.equal(again.refusal(c.limitedCredit(FILES.value, 1, 'full')), 'boundaryError');
    });

    test('keys change, and the old one is worth nothing', () => {
      const card = make();
      const to = opened(card, 0, kind);
      const fresh = new Uint8Array(16).fill(0x77);
      const old = KEYS[3] ?? ZERO_KEY;
      to.must(c.changeKey({ keyNo: 3, key: fresh, version: 9, old }));
      assert.equal(readLe(to.must(c.getKeyVersion(3))), 9);
      to.must(c.changeKey({ keyNo: 0, key: fresh, version: 9 }));
      const next = new Talk(card);
      next.select(AID);
      next.authenticate(3, fresh, kind);
      next.authenticate(0, fresh, kind);
      assert.throws(() => next.authenticate(0, KEYS[0] ?? ZERO_KEY, kind));
    });

    test('who it is, in secret', () => {
      const to = opened(make(), DEBIT, kind);
      assert.deepEqual(to.must(c.getCardUid()), UID);
      assert.equal(readVersion(to.must(c.getVersion()))?.major, 0x12);
    });
  });
}

describe('the Transaction MAC', () => {
  const debited = transactionInput(INS.debit, concat(Uint8Array.of(FILES.value), leBytes(1250, 4)));

  test('proves a debit and its record, with a counter that grows', () => {
    const card = purse();
    for (const counter of [1, 2, 3]) {
      const to = opened(card, DEBIT);
      to.must(c.debit(FILES.value, 1250, 'full'));
      to.must(c.writeRecord(FILES.log, 0, record('one'), 'mac'));
      const answer = to.must(c.commitTransaction(true));
      const parameters = concat(Uint8Array.of(FILES.log), leBytes(0, 3), leBytes(16, 3));
      const written = transactionInput(INS.writeRecord, parameters, record('one'));
      const [input, mac] = [concat(debited, written), answer.slice(4)];
      assert.equal(readLe(answer, 0, 4), counter);
      assert.ok(verifyTransaction(TRANSACTION_KEY, { uid: UID, counter, input, mac }));
      const kept = to.must(c.readData(FILES.proof, 0, 0, 'plain'));
      assert.equal(hex(kept), hex(answer));
    }
  });

  test('covers what was read, with its value', () => {
    const to = opened(purse(), DEBIT);
    to.must(c.getValue(FILES.value, 'full'));
    to.must(c.debit(FILES.value, 1250, 'full'));
    const answer = to.must(c.commitTransaction(true));
    const read = transactionInput(
      INS.getValue,
      concat(Uint8Array.of(FILES.value), leBytes(10_000, 4)),
    );
    const [input, mac] = [concat(read, debited), answer.slice(4)];
    assert.ok(verifyTransaction(TRANSACTION_KEY, { uid: UID, counter: 1, input, mac }));
  });

  test('binds the reader where the card wants one, and tells who was before', () => {
    const card = purse({ proof: false });
    const access = { read: 'free', write: 'never', readWrite: DEBIT, change: 0 } as const;
    const file = { fileNo: FILES.proof, mode: 'plain', access } as const;
    const key = TRANSACTION_KEY;
    opened(card, 0).must(c.createTransactionMacFile({ ...file, key, version: 1 }));
    const bare = opened(card, DEBIT);
    bare.must(c.debit(FILES.value, 1250, 'full'));
    assert.equal(bare.refusal(c.commitTransaction(true)), 'permissionDenied');
    let before = new Uint8Array(16);
    for (const counter of [1, 2]) {
      const reader = new Uint8Array(16).fill(counter);
      const to = opened(card, DEBIT);
      const told = to.must(c.commitReaderId(reader));
      const keys = deriveTransactionKeys(key, UID, counter);
      assert.deepEqual(decryptReaderId(keys, told), before);
      to.must(c.debit(FILES.value, 1250, 'full'));
      const answer = to.must(c.commitTransaction(true));
      const bound = transactionInput(INS.commitReaderId, concat(reader, told));
      const [input, mac] = [concat(bound, debited), answer.slice(4)];
      assert.ok(verifyTransaction(key, { uid: UID, counter, input, mac }));
      before = reader;
    }
  });

  test('asked for where there is none, the commit is refused and nothing happened', () => {
    const card = purse({ proof: false });
    const to = opened(card, DEBIT);
    to.must(c.debit(FILES.value, 1250, 'full'));
    assert.equal(to.refusal(c.commitTransaction(true)), 'parameterError');
    assert.equal(balance(opened(card, DEBIT)), 10_000);
  });
});

describe('EV2 sessions', () => {
  test('NonFirst changes the key and keeps transaction and counter', () => {
    const card = purse();
    const to = opened(card, DEBIT);
    to.must(c.debit(FILES.value, 100, 'full'));
    assert.ok(to.session.kind === 'ev2');
    const key = KEYS[LOAD] ?? ZERO_KEY;
    const done = talk(card, authenticateEv2NonFirst(to.session, LOAD, key, repeatable(8)(16)));
    assert.ok(done.ok);
    to.session = done.session;
    to.must(c.credit(FILES.value, 700, 'full'));
    to.must(c.commitTransaction(true));
    assert.equal(balance(to), 10_600);
  });

  test('a changed, repeated or reordered command is refused and ends the session', () => {
    const spoil = [
      (apdu: Uint8Array) => apdu.map((byte, at) => (at === apdu.length - 3 ? byte ^ 1 : byte)),
      (apdu: Uint8Array) => apdu.map((byte, at) => (at === 6 ? byte ^ 1 : byte)),
    ];
    for (const change of spoil) {
      const card = purse();
      const sent: Uint8Array[] = [];
      const honest = opened(card, DEBIT);
      const real = card.process.bind(card);
      card.process = (apdu) => {
        sent.push(apdu);
        return real(apdu);
      };
      honest.must(c.debit(FILES.value, 5, 'full'));
      const [debit = new Uint8Array(0)] = sent;
      assert.equal(hex(real(debit).bytes), '911e', 'a repeated command');
      opened(card, DEBIT);
      assert.equal(hex(real(change(debit)).bytes), '911e', 'a command of another session');
      assert.equal(hex(real(fromHex('90c7000000')).bytes), '910c', 'nothing is pending');
    }
  });
});

describe('the card refuses', () => {
  const refused = (name: string, wanted: string, ask: () => string): void => {
    test(`${name}: ${wanted}`, () => assert.equal(ask(), wanted));
  };
  const raw = (apdu: string, card = purse()): string => hex(card.process(fromHex(apdu)).bytes);

  refused('an unknown instruction', '911c', () => raw('90ff000000'));
  refused('another class', '6e00', () => raw('80ca000000'));
  refused('an unknown ISO instruction', '6d00', () => raw('00b0000010'));
  refused('an unknown ISO name', '6a82', () => raw('00a404000701020304050607'));
  refused('an APDU that is none', '6700', () => raw('905a00000500'));
  refused('parameters P1 and P2', '6a86', () => raw('90600100' + '00'));
  refused('a frame nobody asked for', '911c', () => raw('90af000000'));
  refused('a length', '917e', () => raw('905a0000020000' + '00'));
  refused('an unknown application', '91a0', () => raw('905a000003010203' + '00'));
  refused('an unknown key', '9140', () => raw('9071000002050000'));
  refused('a file on the card itself', '919d', () => raw('906c0000010100'));

  test('a command amid frames aborts, and the next is taken', () => {
    const card = purse();
    assert.equal(raw('9060000000', card).slice(-4), '91af');
    assert.equal(raw('9060000000', card), '91ca');
    assert.equal(raw('9060000000', card).slice(-4), '91af');
  });

  test('unknown commands are counted', () => {
    const card = purse();
    for (const apdu of ['90ff000000', '90ff000000', '80ca000000']) raw(apdu, card);
    assert.deepEqual(
      [...card.unknownCommands],
      [
        [0x90ff, 2],
        [0x80ca, 1],
      ],
    );
  });

  const purseRefusals: readonly [string, string, number | null, Parameters<Talk['refusal']>[0]][] =
    [
      ['debit without a key', 'authenticationError', null, c.debit(FILES.value, 1, 'full')],
      ['credit with the debit key', 'authenticationError', DEBIT, c.credit(FILES.value, 1, 'full')],
      ['more than there is', 'boundaryError', DEBIT, c.debit(FILES.value, 10_001, 'full')],
      ['more than it holds', 'boundaryError', LOAD, c.credit(FILES.value, 90_001, 'full')],
      ['a negative amount', 'parameterError', LOAD, c.credit(FILES.value, -1, 'full')],
      ['no such file', 'fileNotFound', DEBIT, c.getValue(9, 'full')],
      ['a value in a record file', 'permissionDenied', DEBIT, c.debit(FILES.log, 1, 'mac')],
      ['behind the end', 'boundaryError', DEBIT, c.readData(FILES.backup, 199, 2, 'full')],
      ['no record yet', 'boundaryError', DEBIT, c.readRecords(FILES.log, 0, 0, 'mac')],
      ['the wrong mode', 'integrityError', DEBIT, c.debit(FILES.value, 1, 'plain')],
      ['nothing to commit', 'noChanges', DEBIT, c.commitTransaction(false)],
      ['writing the proof', 'permissionDenied', LOAD, c.writeData(15, 0, record(''), 'plain')],
      ['applications, in one', 'permissionDenied', 0, c.getApplicationIds()],
      ['formatting, in one', 'permissionDenied', 0, c.formatPicc()],
      ['a second proof file', 'duplicate', 0, proofFile()],
      ['a file twice', 'duplicate', 0, dataFile(FILES.backup, 5)],
      ['a file too large', 'outOfMemory', 0, dataFile(20, 8000)],
      ['a file number', 'parameterError', 0, dataFile(32, 8)],
      ['files, with another key', 'authenticationError', DEBIT, dataFile(20, 8)],
    ];
  for (const [name, wanted, keyNo, command] of purseRefusals) {
    refused(name, wanted, () => {
      const card = purse();
      if (keyNo !== null) return opened(card, keyNo).refusal(command);
      const to = new Talk(card);
      to.select(AID);
      return to.refusal(command);
    });
  }

  function dataFile(fileNo: number, size: number) {
    const access = { read: 1, write: 1, readWrite: 1, change: 0 };
    return c.createDataFile({ fileNo, mode: 'mac', access, size });
  }
  function proofFile() {
    const access = { read: 'free', write: 'never', readWrite: 'never', change: 0 } as const;
    const file = { fileNo: 20, mode: 'plain', access } as const;
    return c.createTransactionMacFile({ ...file, key: ZERO_KEY, version: 0 });
  }

  test('a wrong key, and counts nothing as proven', () => {
    const to = new Talk(purse());
    to.select(AID);
    assert.throws(() => to.authenticate(DEBIT, ZERO_KEY));
    assert.equal(to.refusal(c.debit(FILES.value, 1, 'full')), 'authenticationError');
  });
});

describe('applications and files', () => {
  test('are listed, described, chosen by name, deleted, and formatted away', () => {
    const card = purse();
    const to = new Talk(card);
    assert.equal(hex(to.must(c.getApplicationIds())), 'e01cf5');
    const select = concat(Uint8Array.of(0, 0xa4, 4, 0, NAME.length), NAME);
    assert.equal(hex(card.process(select).bytes), '9000');
    const files = to.must(c.getFileIds());
    assert.deepEqual([...files], [1, 2, 3, 4, 5, 15]);
    const kinds = [...files].map((fileNo) => readFileSettings(to.must(c.getFileSettings(fileNo))));
    assert.deepEqual(
      kinds.map((file) => file?.kind),
      ['value', 'cyclic', 'backup', 'standard', 'linear', 'transaction-mac'],
    );
    const before = readLe(to.must(c.freeMemory()));
    to.select(0);
    to.authenticate(0, ZERO_KEY);
    to.must(c.deleteApplication(AID));
    assert.ok(readLe(to.must(c.freeMemory())) > before);
    assert.equal(to.must(c.getApplicationIds()).length, 0);
    personalise(card);
    const owner = new Talk(card);
    owner.authenticate(0, ZERO_KEY);
    owner.must(c.formatPicc());
    assert.equal(owner.must(c.getApplicationIds()).length, 0);
  });

  test('the whole card is found again in its memory', () => {
    const card = purse();
    const to = opened(card, DEBIT);
    to.must(c.debit(FILES.value, 1250, 'full'));
    to.must(c.commitTransaction(true));
    const again = purse({ eeprom: new Eeprom(card.eeprom.image()) });
    assert.deepEqual(again.state, card.state);
    assert.equal(balance(opened(again, DEBIT)), 8750);
  });
});

test('a real card takes its time, a faster air less', () => {
  const took = (kbit_per_s: 106 | 848): number => {
    const card = purse({ timing: { ...REAL_TIMING, kbit_per_s } });
    let sum = 0;
    const real = card.process.bind(card);
    card.process = (apdu) => {
      const answer = real(apdu);
      sum += answer.durationMs;
      return answer;
    };
    const to = opened(card, DEBIT);
    to.must(c.debit(FILES.value, 1250, 'full'));
    to.must(c.commitTransaction(true));
    return sum;
  };
  const [slow, fast] = [took(106), took(848)];
  assert.ok(slow > fast + 5 && fast > 10 && slow < 200, `${slow} ms and ${fast} ms`);
});
