/** B1, B3, F1: paying by card at a terminal, over the real pcscd: online, offline, torn half-way; a web order. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestStall } from './stall.ts';

let stall: TestStall;
before(async () => {
  stall = await TestStall.open('');
  await stall.client.call('POST', 'cards/Dora/load', { amount_minor: 10_000 });
});
after(() => stall.close());

/** Lays a card on the reader until the screen shows what came of it, as long as that may take. */
async function tap(name: string, shown: RegExp): Promise<void> {
  await stall.client.call('POST', 'reader', { cards: [name] });
  await stall.waitForScreen(shown);
  await stall.client.call('DELETE', 'reader');
}
const heard = (text: string): Promise<true> =>
  stall.client.until(`to hear “${text}”`, () =>
    stall.client.state.spoken.some((each) => each.text === text),
  );

test('without an order a tap shows the balance', async () => {
  await stall.waitForScreen(/Card loaded/);
  await tap('Dora', /¥100\.00/);
});

test('an order of the web shop: its digits on this screen, paid by the tap', async () => {
  await stall.key('\u001b', /Terminal \d/);
  const number = /Terminal (\d{3} \d{3})/.exec(stall.screen)?.[1] ?? '';
  const { http = '' } = stall.client.state.gateway;
  let cookies = '';
  const open = async (path: string, form?: Record<string, string>): Promise<string> => {
    const body = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) };
    const headers = { cookie: cookies, 'sec-fetch-site': 'same-origin' };
    const response = await fetch(http + path, { ...body, headers, redirect: 'manual' });
    const set = response.headers.getSetCookie().map((each) => each.split(';')[0]);
    cookies = [cookies, ...set].filter(Boolean).join('; ');
    const location = response.headers.get('location');
    return location ?? (await response.text());
  };
  const basket = await open('/shop/lin/basket?q.1=1&lang=en');
  const key = /name="key" value="([\w-]+)"/.exec(basket)?.[1] ?? '';
  const placed = await open('/shop/lin/orders?lang=en', { 'q.1': '1', key });
  const order = placed.split('?')[0] ?? '';
  assert.match(order, /^\/shop\/lin\/orders\/\w{16}$/);
  await open(`${order}/reader`, { number });
  await stall.waitForScreen(/Type these two digits/);
  const digits = /two digits\D*(\d\d)/.exec(stall.screen)?.[1] ?? '';
  await open(`${order}/digits`, { digits });
  await stall.waitForScreen(/Hold the card to pay/);
  await tap('Dora', /Paid by card\s+¥12\.00/);
  assert.match(await open(`${order}?lang=en`), /Paid/);
  await stall.client.call('POST', 'cards/Dora/load', { amount_minor: 1200 });
});

test('a tap pays: heard, shown, told to the gateway', async () => {
  await stall.key('12.50\n', /or tap a card/);
  await tap('Dora', /Paid by card/);
  await heard('received twelve yuan fifty');
  assert.ok(
    stall.client.wires.some(({ wire, text }) => wire === 'mqtt' && /paid by card/.test(text)),
  );
});

test('pulled away at the last moment: the same card again, and it has paid once', async () => {
  await stall.key('3\n', /or tap a card/);
  await stall.client.call('POST', 'cards/Dora/tap', { pull: 'last_moment', hold_ms: 10_000 });
  await stall.waitForScreen(/Hold the same card again/);
  await tap('Emil', /This is another card/);
  await tap('Dora', /Paid by card/);
  await heard('received three yuan');
  await stall.key('\u001b');
  await tap('Dora', /¥84\.50/);
});

test('without network: heard so; told, posted and settled when the network is back', async () => {
  await stall.fault('mqtt', { fault: 'unplug' });
  await stall.key('4\n', /or tap a card/);
  await tap('Dora', /Paid by card/);
  await heard('received four yuan without network');
  await stall.fault('mqtt', { fault: 'replug' });
  const posted = () =>
    stall.client.wires.some(({ text }) => /card receipt: .* posted/.test(text) && isLast(text));
  await stall.client.until('the receipt', posted, 30_000);
  const report = await stall.reconciliation();
  assert.equal(report.clean, true, JSON.stringify(report));
});

test('the vendor closes the day: heard, printed, and the gateway and settlement agree', async () => {
  await stall.key('+', /End of the day/);
  await stall.key('6', /¥19\.50/);
  const agreed = stall.waitForScreen(/The server agrees/);
  await stall.key('\n\n');
  await stall.client.until('to hear that the day is closed', () =>
    stall.client.state.spoken.some(({ text }) => text.startsWith('day closed three sales in all')),
  );
  await agreed;
});

/** Of the sixth transaction: two loads, a web order and two payments were before it. */
const isLast = (text: string): boolean => / transaction 6 /.test(text);
