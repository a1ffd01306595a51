/** PINs and passwords are slow to compare on purpose: a crowd is told to come again, not kept waiting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '#gateway/store/writer.ts';
import { crowdedStretch, hashSecret, verifySecret } from '#gateway/stretch.ts';

const SALT = new Uint8Array(16);
const COST = { N: 2, r: 1, p: 1 };

test('beyond those who are waited for it refuses at once, and takes the next when one is done', async () => {
  const done: (() => void)[] = [];
  const stretch = crowdedStretch(
    () => new Promise((resolve) => done.push(() => resolve(new Uint8Array(32)))),
  );
  const crowd = Array.from({ length: 200 }, () => stretch(SALT, SALT, COST));
  const refused = crowd.slice(done.length);
  assert.ok(done.length > 0 && refused.length > 0);
  for (const each of refused) await assert.rejects(each, StoreError);
  const waiting = done.length;
  done[0]?.();
  await crowd[0];
  const next = stretch(SALT, SALT, COST);
  assert.equal(done.length, waiting + 1);
  for (const finish of done) finish();
  await Promise.all([next, ...crowd.slice(0, waiting)]);
});

test('one that fails makes room too', async () => {
  const stretch = crowdedStretch(async () => Promise.reject(new Error('no memory')));
  for (let at = 0; at < 200; at += 1) {
    await assert.rejects(stretch(SALT, SALT, COST), { message: 'no memory' });
  }
});

test('what it hashes is what scrypt alone verifies', async () => {
  const key = new Uint8Array(32);
  const hashed = await hashSecret(key, '246810', SALT, crowdedStretch());
  assert.equal(await verifySecret(key, '246810', hashed), true);
  assert.equal(await verifySecret(key, '246811', hashed), false);
});
