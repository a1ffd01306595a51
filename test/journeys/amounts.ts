/** Whatever is keyed: a clear answer on the screen, and never a wrong order. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { StallError } from '#simulators/stall/client.ts';
import type { TestStall } from './stall.ts';

export function tellAmounts(open: () => TestStall): void {
  describe('whatever is keyed', () => {
    let stall: TestStall;
    before(async () => {
      stall = open();
      await stall.begin();
    });

    const WRONG: readonly [keys: string, says: RegExp][] = [
      ['\n', /key in/i],
      ['0\n', /0\b/],
      ['1.234\n', /2 figures/],
      ['..\n', /point/i],
      ['99999999999\n', /(too (large|much)|most|at most|large)/i],
      ['-5\n', /minus|negative|below|less/i],
    ];

    for (const [keys, says] of WRONG) {
      test(`${JSON.stringify(keys)} makes no order`, async () => {
        const orders = (): number =>
          stall.wires.filter(({ text }) => /PUBLISH.*: order /.test(text)).length;
        const before = orders();
        await stall.key('\u001b');
        await stall.key(keys, says);
        assert.equal(stall.client.state.screen.qr, null);
        assert.equal(orders(), before);
      });
    }

    test('a hundred keys a second are all taken, in order', async () => {
      await stall.key('\u001b');
      const digits = '123456.78\b\b\b\b\b\b\b\b\b';
      await stall.client.call('POST', 'keys', {
        text: `${digits.repeat(5)}42.19`,
        per_second: 100,
      });
      await stall.waitForScreen(/42\.19/);
      await stall.key('\n');
      await stall.client.until('a QR', () => stall.client.state.screen.qr);
      assert.match(stall.screen, /42\.19/);
    });

    test('a wrong call is answered with the field and the mend', async () => {
      const refused = (field: string) => (error: unknown) =>
        error instanceof StallError && error.field === field && error.message.length > 10;
      const { client } = stall;
      await assert.rejects(client.call('POST', 'keys', { text: '12a' }), refused('text'));
      await assert.rejects(client.call('POST', 'keys', { keys: ['x'] }), refused('keys.0'));
      await assert.rejects(
        client.call('POST', 'phones', { name: 'A', distance_m: -1 }),
        refused('distance_m'),
      );
      await assert.rejects(
        client.call('POST', 'wires/mqtt/faults', { fault: 'noise', probability: 1 }),
        refused('fault'),
      );
      await assert.rejects(
        client.call('POST', 'wires/mqtt/faults', { fault: 'slow' }),
        refused('bits_per_second'),
      );
      await assert.rejects(client.call('POST', 'phones/Nobody/scan', {}), /no phone Nobody/);
      await assert.rejects(client.call('GET', 'nothing'), /docs\/stall\.md/);
    });

    test('a page of another site can neither read nor press', async () => {
      const { url } = stall.client;
      const body = JSON.stringify({ keys: ['1'] });
      const headers = { 'content-type': 'application/json' };
      const foreign = await fetch(`${url}/v1/keys`, {
        method: 'POST',
        headers: { ...headers, origin: 'https://evil.example' },
        body,
      });
      assert.equal(foreign.status, 403);
      const { port } = new URL(url);
      const { request } = await import('node:http');
      const status = await new Promise((resolve) => {
        const options = { port, host: '127.0.0.1', path: '/v1', headers: { host: 'evil.example' } };
        request(options, (answer) => resolve(answer.statusCode)).end();
      });
      assert.equal(status, 421);
    });
  });
}
