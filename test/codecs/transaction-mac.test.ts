/**
 * The Transaction MAC against a second implementation, on node:crypto and written from the data
 * sheet alone (MF2DL(H)x0 §10.3): no worked example is published.
 */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, test } from 'node:test';
import { concat, fromHex, hex } from '#device/codecs/bytes.ts';
import { INS, leBytes } from '#device/codecs/desfire.ts';
import {
  decryptReaderId,
  deriveTransactionKeys,
  encryptReaderId,
  transactionInput,
  transactionMac,
  verifyTransaction,
} from '#device/codecs/transaction-mac.ts';

const key = Buffer.from('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', 'hex');
const uid = fromHex('04782e21801d80');

/** CMAC of whole blocks (NIST SP 800-38B), with big integers for the subkey. */
function secondCmac(secret: Buffer, message: Buffer): Buffer {
  const block = (input: Buffer): Buffer => {
    const cipher = createCipheriv('aes-128-ecb', secret, null).setAutoPadding(false);
    return cipher.update(input);
  };
  const doubled = BigInt(`0x${block(Buffer.alloc(16)).toString('hex')}`) << 1n;
  const k1 = (doubled >> 128n) & 1n ? (doubled ^ 0x87n) & ((1n << 128n) - 1n) : doubled;
  let state = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const last = at + 16 === message.length;
    const input = BigInt(`0x${message.subarray(at, at + 16).toString('hex')}`) ^ state;
    const bytes = (last ? input ^ k1 : input).toString(16).padStart(32, '0');
    state = BigInt(`0x${block(Buffer.from(bytes, 'hex')).toString('hex')}`);
  }
  return Buffer.from(state.toString(16).padStart(32, '0'), 'hex');
}

function secondMac(counter: number, input: Buffer): string {
  const vector = Buffer.alloc(16);
  vector.set([0x5a, 0x00, 0x01, 0x00, 0x80]);
  vector.writeUInt32LE(counter, 5);
  vector.set(uid, 9);
  const mac = secondCmac(secondCmac(key, vector), input);
  return Buffer.from([1, 3, 5, 7, 9, 11, 13, 15].map((at) => mac[at] ?? 0)).toString('hex');
}

describe('Transaction MAC', () => {
  test('input of a debit: code, file and value, with zeros to 16 bytes', () => {
    const debit = transactionInput(INS.debit, concat(Uint8Array.of(1), leBytes(1250, 4)));
    assert.equal(hex(debit), 'dc01e2040000'.padEnd(32, '0'));
  });

  test('input of a record: parameters to 16 bytes, then the record', () => {
    const parameters = fromHex('02000000200000');
    const record = Uint8Array.from({ length: 20 }, (_, at) => at);
    const input = transactionInput(INS.writeRecord, parameters, record);
    assert.equal(
      hex(input),
      `3b${hex(parameters)}${'00'.repeat(8)}${hex(record)}${'00'.repeat(12)}`,
    );
  });

  test('equals a second implementation for many counters and inputs', () => {
    for (let counter = 1; counter < 70_000; counter += 6113) {
      const length = 16 * (1 + (counter % 5));
      const input = Uint8Array.from({ length }, (_, at) => (counter * 31 + at * 7) & 255);
      const mac = transactionMac(deriveTransactionKeys(key, uid, counter), input);
      assert.equal(hex(mac), secondMac(counter, Buffer.from(input)));
    }
  });

  test('another counter, card, key, amount or MAC does not verify', () => {
    const input = transactionInput(INS.debit, concat(Uint8Array.of(1), leBytes(1250, 4)));
    const mac = transactionMac(deriveTransactionKeys(key, uid, 9), input);
    const proof = { uid, counter: 9, input, mac };
    assert.equal(verifyTransaction(key, proof), true);
    const more = transactionInput(INS.debit, concat(Uint8Array.of(1), leBytes(1251, 4)));
    assert.equal(verifyTransaction(key, { ...proof, counter: 10 }), false);
    assert.equal(verifyTransaction(key, { ...proof, uid: fromHex('04782e21801d81') }), false);
    assert.equal(verifyTransaction(key, { ...proof, input: more }), false);
    assert.equal(verifyTransaction(key, { ...proof, mac: new Uint8Array(8) }), false);
    assert.equal(verifyTransaction(key, { ...proof, mac: mac.slice(0, 7) }), false);
    assert.equal(verifyTransaction(new Uint8Array(16), proof), false);
    assert.throws(() => deriveTransactionKeys(key, uid.slice(1), 1), RangeError);
  });

  test('a reader comes back as it was told', () => {
    const keys = deriveTransactionKeys(key, uid, 3);
    const reader = Uint8Array.from({ length: 16 }, (_, at) => at * 3);
    assert.deepEqual(decryptReaderId(keys, encryptReaderId(keys, reader)), reader);
  });
});
