/** RFC 7515: what one side sealed the other opens; nothing else opens. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { fromBase64url, fromHex } from '#device/codecs/bytes.ts';
import { open, peek, seal } from '#device/codecs/jws.ts';

const HMAC = new Uint8Array(32).fill(3);
const SECRET = new Uint8Array(32).fill(4);
const PUBLIC = ed25519.getPublicKey(SECRET);

describe('jws', () => {
  test('opens what it sealed, for both algorithms', () => {
    const payload = { kind: 'seen', words: '收款十二元五角' };
    assert.deepEqual(open('HS256', HMAC, seal('HS256', HMAC, payload)), { ok: true, payload });
    assert.deepEqual(open('EdDSA', PUBLIC, seal('EdDSA', SECRET, payload)), { ok: true, payload });
    assert.deepEqual(peek(seal('HS256', HMAC, payload)), payload);
  });

  test('RFC 7515 A.1: the HS256 example opens', () => {
    const key = fromBase64url(
      'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    );
    const token =
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog' +
      'Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    assert.ok(key);
    assert.equal(open('HS256', key, token).ok, true);
  });

  test('RFC 8037 A.4: the Ed25519 signature verifies', () => {
    const key = fromBase64url('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo');
    const token =
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWb' +
      'hijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';
    assert.ok(key);
    // Its payload is a sentence, not JSON: only the signature holds.
    assert.deepEqual(open('EdDSA', key, token), { ok: false, why: 'malformed' });
    const spoiled = token.replace('RXhh', 'RXhi');
    assert.deepEqual(open('EdDSA', key, spoiled), { ok: false, why: 'wrong_signature' });
  });

  test('the algorithm is the reader’s: none, another or a critical header is refused', () => {
    const body = seal('HS256', HMAC, { a: 1 }).split('.')[1] ?? '';
    const header = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    assert.equal(open('HS256', HMAC, `${header({ alg: 'none' })}.${body}.`).ok, false);
    const hmacOfPublic = seal('HS256', PUBLIC, { a: 1 });
    assert.deepEqual(open('EdDSA', PUBLIC, hmacOfPublic), { ok: false, why: 'wrong_algorithm' });
    const critical = `${header({ alg: 'HS256', crit: ['exp'] })}.${body}.AA`;
    assert.deepEqual(open('HS256', HMAC, critical), { ok: false, why: 'wrong_algorithm' });
  });

  test('no truncation and no flipped character opens', () => {
    const token = seal('EdDSA', SECRET, { order: 'x' });
    for (let at = 0; at < token.length; at += 1) {
      assert.equal(open('EdDSA', PUBLIC, token.slice(0, at)).ok, false);
      const other = token[at] === 'A' ? 'B' : 'A';
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      // The last character of a group may carry bits that decode to nothing: it is not canonical.
      assert.equal(open('EdDSA', PUBLIC, changed).ok, false, `at ${at}`);
    }
    for (const junk of ['', '.', '..', 'a.b.c', '\u0000', '🀄.🀄.🀄']) {
      assert.equal(open('HS256', HMAC, junk).ok, false);
    }
    assert.ok(fromHex('00'));
  });
});
