import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeMerchantPresented } from '#device/codecs/emvco.ts';
import type { Order } from '#device/messages/order.ts';
import {
  bearerFor,
  enrol,
  makeOrder,
  POOR,
  pay,
  RICH,
  shiftedClock,
  startGateway,
  Terminal,
  type TestGateway,
} from './harness.ts';

/** Everything a page costs, headers included. */
const LIMIT = 20 * 1024;

interface Seen {
  readonly status: number;
  readonly text: string;
  readonly bytes: number;
  readonly headers: Headers;
  readonly location: string;
}

async function see(url: string, init: RequestInit = {}): Promise<Seen> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const body = await response.text();
  const head = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const bytes = Buffer.byteLength(head) + Buffer.byteLength(body);
  const location = response.headers.get('location') ?? '';
  return { status: response.status, text: body, bytes, headers: response.headers, location };
}

const hidden = (text: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? '';

describe('the cashier page', () => {
  const clock = shiftedClock();
  let gateway: TestGateway;
  let terminal: Terminal;
  const offer = () => terminal.offer(makeOrder(terminal.identity));
  const page = (order: Order, query = '') => `${gateway.http}/p/${terminal.token(order)}${query}`;
  const submit = (order: Order, form: Seen, fields: Record<string, string>, lang = 'en') => {
    const bearer = hidden(form.text, 'bearer');
    const body = new URLSearchParams({
      ticket: hidden(form.text, 'ticket'),
      key: hidden(form.text, 'key'),
      ...(bearer === '' ? {} : { bearer }),
      ...fields,
    });
    return see(page(order, `?lang=${lang}`), { method: 'POST', body });
  };

  before(async () => {
    gateway = await startGateway({ clock });
    terminal = await Terminal.connect(await enrol(gateway.http));
  });
  after(async () => {
    await terminal.close();
    await gateway.close();
  });

  test('weighs under 20 KB with fifty items, and asks nobody for anything', async () => {
    const lines = Array.from({ length: 50 }, (_, at) => ({
      name: `Dumplings with a rather long name, number ${at} 饺子`.slice(0, 60),
      quantity: 9,
      unit_minor: 1200 + at,
    }));
    const order = await terminal.offer(makeOrder(terminal.identity, lines));
    const form = await see(page(order));
    assert.equal(form.status, 200);
    assert.ok(form.bytes < LIMIT, `${form.bytes} bytes`);
    assert.doesNotMatch(form.text, /(?:src|href|action)="(?:https?:)?\/\//);
    assert.match(form.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    const result = await submit(order, form, { ...RICH, digits: terminal.digits(order) });
    assert.equal(result.status, 303);
    const bill = await see(`${gateway.http}${result.location}`);
    assert.ok(bill.bytes < LIMIT, `${bill.bytes} bytes`);
  });

  test('pays, and shows the itemised bill; pressing twice pays once', async () => {
    const order = await offer();
    const form = await see(page(order));
    const fields = { ...RICH, digits: terminal.digits(order) };
    const [first, second] = await Promise.all([
      submit(order, form, fields),
      submit(order, form, fields),
    ]);
    assert.deepEqual([first.status, second.status], [303, 303]);
    const late = await submit(order, form, fields);
    assert.equal(late.status, 303);
    const bill = await see(`${gateway.http}${late.location}`);
    assert.match(bill.text, /Paid/);
    assert.match(bill.text, /Dumplings/);
    assert.match(bill.text, /•••• 0001/);
    assert.doesNotMatch(bill.text, /13800000001/);
  });

  test('asks again for a wrong PIN without asking for presence again', async () => {
    const order = await offer();
    const form = await see(page(order));
    const digits = terminal.digits(order);
    const wrong = await submit(order, form, { phone: RICH.phone, pin: '975310', digits });
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /Phone number or PIN is wrong/);
    assert.doesNotMatch(wrong.text, /id="digits"/);
    assert.equal(wrong.text.includes('975310'), false);
    assert.notEqual(hidden(wrong.text, 'key'), hidden(form.text, 'key'));
    assert.equal((await submit(order, wrong, RICH)).status, 303);
  });

  test('asks again for wrong digits, and refuses after the third', async () => {
    const order = await offer();
    let form = await see(page(order));
    const good = [-1, 0, 1].map((steps) => terminal.digits(order, Date.now() + steps * 30_000));
    const digits = ['10', '11', '12', '13'].find((each) => !good.includes(each)) ?? '';
    for (const status of [422, 422]) {
      form = await submit(order, form, { ...RICH, digits });
      assert.equal(form.status, status);
      assert.match(form.text, /not the digits/);
    }
    const last = await submit(order, form, { ...RICH, digits });
    assert.equal(last.status, 403);
    assert.match(last.text, /Too many wrong digits/);
  });

  test('takes the position instead, and says how far away a carried-away QR is', async () => {
    const order = await offer();
    const { latitude, longitude } = order.place;
    const form = await see(page(order));
    const far = { latitude: String(latitude + 1), longitude: String(longitude), accuracy_m: '9' };
    const elsewhere = await submit(order, form, { ...RICH, ...far });
    assert.equal(elsewhere.status, 422);
    assert.match(elsewhere.text, /111195 m from the stall/);
    const near = { ...far, latitude: String(latitude) };
    assert.equal((await submit(order, elsewhere, { ...RICH, ...near })).status, 303);
  });

  test('says why not, in both languages: old, forged, not ours, not there, ended', async () => {
    const order = await offer();
    const ended = await offer();
    await terminal.say({ kind: 'close', close: { order: ended.number, because: 'cancelled' } });
    const { pay_url } = terminal.identity;
    const moved = { ...order, place: { ...order.place, latitude: 10 } };
    const cases: [url: string, status: number, en: RegExp, zh: RegExp][] = [
      [pay_url + terminal.token(order, Date.now() - 120_000), 410, /too old/, /已过期/],
      [pay_url + terminal.token(moved), 403, /not made by the stall/, /不是该摊位/],
      [`${pay_url}nonsense`, 422, /not a code of this/, /不是本支付系统/],
      [`${gateway.http}/p`, 422, /not a code of this/, /不是本支付系统/],
      [pay_url + terminal.token(makeOrder(terminal.identity)), 404, /not arrived/, /尚未送达/],
      [page(ended), 200, /Cancelled/, /订单已取消/],
      [`${gateway.http}/nothing`, 404, /nothing at this address/, /没有内容/],
      [`${gateway.http}/r/forged`, 401, /not for this order/, /不适用/],
    ];
    for (const [url, status, en, zh] of cases) {
      const english = await see(url, { headers: { 'accept-language': 'en' } });
      assert.equal(english.status, status, url);
      assert.match(english.text, en);
      assert.match(english.text, /<html lang="en">/);
      const chinese = await see(url, { headers: { 'accept-language': 'zh-CN,zh;q=0.9' } });
      assert.match(chinese.text, zh);
      assert.match(chinese.text, /<html lang="zh-CN">/);
      assert.ok(chinese.bytes < LIMIT);
    }
  });

  test('whoever types the bare address is led on, in both languages', async () => {
    const english = await see(`${gateway.http}/?lang=en`);
    assert.equal(english.status, 200);
    assert.match(english.text, /scan the code on the terminal’s screen/);
    assert.match((await see(`${gateway.http}/?lang=zh-CN`)).text, /请扫描终端屏幕上的二维码/);
    const links = [...english.text.matchAll(/<nav>.*<\/nav>/g)].join().matchAll(/href="([^"]+)"/g);
    const paths = [...links].map(([, path]) => path);
    assert.ok(paths.includes('/pair?lang=en') && paths.includes('/vouchers?lang=en'), `${paths}`);
    for (const path of paths) assert.ok((await see(gateway.http + path)).status < 402, path);
  });

  test('an address that nobody has leads to the front page, in its own language', async () => {
    for (const lang of ['en', 'zh-CN']) {
      const missing = await see(`${gateway.http}/v2/nothing?lang=${lang}`);
      assert.equal(missing.status, 404);
      const [, path] = /<nav><a href="([^"]+)">/.exec(missing.text) ?? [];
      assert.equal(path, `/?lang=${lang}`);
      const front = await see(gateway.http + path);
      assert.equal(front.status, 200);
      assert.match(front.text, new RegExp(`<html lang="${lang}">`));
    }
    const forged = await see(`${gateway.http}/r/forged`);
    assert.doesNotMatch(forged.text, /<nav>/, 'other refusals have a mend of their own');
  });

  test('opens from an EMVCo payload', async () => {
    const order = await offer();
    const qr = writeMerchantPresented({
      token: terminal.token(order),
      amount_minor: order.amount_minor,
      currency: 'CNY',
      merchant: 'Lin',
      city: 'Shanghai',
      country: 'CN',
      category: '5814',
      bill: order.number,
    });
    const form = await see(`${gateway.http}/p?qr=${encodeURIComponent(qr)}`);
    assert.equal(form.status, 200);
    const paid = await submit(order, form, { ...RICH, digits: terminal.digits(order) });
    assert.equal(paid.status, 303);
  });

  test('a declined payment and an order that another paid end clearly', async () => {
    const order = await offer();
    const form = await see(page(order));
    const declined = await submit(order, form, { ...POOR, digits: terminal.digits(order) });
    const shown = await see(`${gateway.http}${declined.location}`);
    assert.match(shown.text, /Declined/);
    assert.match(shown.text, /not enough money/);

    const other = await offer();
    const open = await see(page(other));
    await pay(gateway.http, other.number, await bearerFor(gateway.http, terminal, other), RICH);
    const late = await submit(other, open, { ...RICH, digits: terminal.digits(other) });
    assert.equal(late.status, 409);
    assert.match(late.text, /Already paid/);
    assert.doesNotMatch(late.text, /•••• 0001/);
  });

  test('a form filled in slowly still works when its QR has changed, but not after five minutes', async () => {
    const order = await offer();
    const form = await see(page(order));
    clock.ahead = 100_000;
    const digits = terminal.digits(order, Date.now() + clock.ahead);
    const switched = await see(page(order, `?ticket=${hidden(form.text, 'ticket')}&lang=zh-CN`));
    assert.match(switched.text, /支付/);
    assert.equal((await submit(order, form, { ...RICH, digits }, 'zh-CN')).status, 303);
    clock.ahead = 0;
    const other = await offer();
    const old = await see(page(other));
    clock.ahead = 301_000;
    assert.equal((await submit(other, old, { ...RICH, digits: '11' })).status, 410);
    clock.ahead = 0;
  });

  test('what is typed comes back as text, never as markup', async () => {
    const order = await offer();
    const form = await see(page(order));
    const nasty = await submit(order, form, { phone: '"><script>x', pin: '1', digits: '11' });
    assert.equal(nasty.status, 422);
    assert.doesNotMatch(nasty.text, /"><script>x/);
    assert.match(nasty.text, /&quot;&gt;&lt;script&gt;x/);
  });
});
