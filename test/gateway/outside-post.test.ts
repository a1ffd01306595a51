/** What an address that somebody outside has named may lead to. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { whyNoAnswer } from '#gateway/notify/http-call.ts';
import { isPublicAddress, judgeAddress, postOutside } from '#gateway/notify/outside-post.ts';

test('an address of the open internet is told from all others', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1']) {
    assert.equal(isPublicAddress(address), true, address);
  }
  const others = [
    ...['127.0.0.1', '127.255.1.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...['169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '198.18.0.1'],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1', 'ff02::1', '::127.0.0.1'],
    ...['::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '2002:7f00:1::', '2001::1'],
    ...['2001:db8::1', '', 'localhost', '127.1', '0x7f000001'],
  ];
  for (const address of others) assert.equal(isPublicAddress(address), false, address);
});

test('however a URL writes it', async () => {
  const urls = ['http://127.1/', 'http://0x7f.1/', 'http://2130706433/', 'http://[::FFFF:7f00:1]/'];
  for (const url of [...urls, 'http://localhost:1/', 'http://０/']) {
    assert.equal(await judgeAddress(url), 'private', url);
  }
  assert.notEqual(await judgeAddress('http://LOCALHOST./'), 'public');
  assert.equal(await judgeAddress('https://8.8.8.8/'), 'public');
  assert.equal(await judgeAddress('https://nobody.invalid/'), 'unresolved');
});

test('nothing is sent to one that is not public, by number or by name', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
    const why = await postOutside(`http://${host}:${port}/`, '{}', {}).then(
      () => 'sent',
      (error: unknown) => whyNoAnswer(error),
    );
    assert.equal(why, 'not_public', host);
  }
  assert.equal(asked, 0);
  server.close();
});
