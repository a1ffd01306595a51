/** What stands in for the library that signs makes the same bytes, and believes the same. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { ed25519 as native } from './native-curves.ts';

describe('Ed25519 by OpenSSL', () => {
  const chance = new SeededChance('curves');

  test('the same keys and signatures, and each verifies the other', () => {
    for (let round = 0; round < 20; round += 1) {
      const secret = chance.bytes(32);
      const message = chance.bytes(chance.between(0, 300));
      const key = ed25519.getPublicKey(secret);
      assert.deepEqual(native.getPublicKey(secret), key);
      const signature = ed25519.sign(message, secret);
      assert.deepEqual(native.sign(message, secret), signature);
      assert.ok(native.verify(signature, message, key));
      signature[chance.between(0, 63)] = chance.between(0, 255) ^ 1;
      assert.equal(native.verify(signature, message, key), ed25519.verify(signature, message, key));
    }
  });

  test('what is no key or no signature verifies nothing', () => {
    const [key, message] = [new Uint8Array(31), new Uint8Array(3)];
    assert.equal(native.verify(new Uint8Array(64), message, key), false);
    assert.equal(native.verify(new Uint8Array(), message, new Uint8Array(32).fill(9)), false);
  });
});
