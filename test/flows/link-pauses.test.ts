/** How long a terminal waits before it connects again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LinkPauses, linkEnd } from '#device/link-pauses.ts';

const LUCKY = { bytes: (count: number) => new Uint8Array(count).fill(255) };

describe('pauses of the link', () => {
  test('grow while the gateway cuts it off, up to half a minute, and begin anew after a good connection', () => {
    const pauses = new LinkPauses(LUCKY);
    const grown = Array.from({ length: 8 }, () => Math.round(pauses.after('cut') / 1000));
    assert.deepEqual(grown, [1, 2, 4, 8, 16, 30, 30, 30]);
    assert.equal(Math.round(pauses.after('steady') / 1000), 1);
  });

  test('stay short where nobody answers: that costs a gateway nothing, and a customer waits', () => {
    const pauses = new LinkPauses(LUCKY);
    const grown = Array.from({ length: 5 }, () => Math.round(pauses.after('never_up') / 1000));
    assert.deepEqual(grown, [1, 2, 4, 5, 5]);
  });

  test('are spread by chance over half of their length', () => {
    const least = new LinkPauses({ bytes: (count) => new Uint8Array(count) });
    assert.equal(least.after('never_up'), 500);
    assert.equal(new LinkPauses(LUCKY).after('never_up'), 1000);
  });

  test('a connection was a good one after ten seconds', () => {
    assert.equal(linkEnd(null, 100_000), 'never_up');
    assert.equal(linkEnd(91_000, 100_000), 'cut');
    assert.equal(linkEnd(90_000, 100_000), 'steady');
  });
});
