/** The web shop: goods, basket, payment by card at the reader beside the customer (rows B3 to B8). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '#test/until.ts';
import { ShopStand } from './shop-stand.ts';

/** A browser without scripts: it keeps cookies, follows redirects and sends forms. */
class Browser {
  readonly #http: string;
  readonly #cookies = new Map<string, string>();
  path = '';

  constructor(http: string) {
    this.#http = http;
  }

  async open(
    path: string,
    form?: Record<string, string>,
  ): Promise<{ status: number; text: string }> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.#http + path, {
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
      headers: { cookie, 'sec-fetch-site': 'same-origin', 'accept-language': 'en' },
      redirect: 'manual',
    });
    for (const each of response.headers.getSetCookie()) {
      const [pair = ''] = each.split(';');
      const [name = '', value = ''] = pair.split('=');
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) return this.open(location);
    this.path = path;
    return { status: response.status, text: await response.text() };
  }

  /** The order's page says this, sooner or later. */
  says(what: RegExp): Promise<string> {
    return until(`the page says ${what}`, async () => {
      const { text } = await this.open(this.path);
      return what.test(text) ? text : undefined;
    });
  }

  async order(picked: string): Promise<string> {
    const { text } = await this.open(`/shop/lin/basket?${picked}&lang=en`);
    const key = /name="key" value="([\w-]+)"/.exec(text)?.[1] ?? '';
    const form = Object.fromEntries(new URLSearchParams(picked));
    await this.open('/shop/lin/orders?lang=en', { ...form, key });
    const number = /orders\/(\w{16})/.exec(this.path)?.[1] ?? '';
    assert.match(number, /^\w{16}$/, 'an order was placed');
    return number;
  }
}

for (const kind of ['together', 'apart'] as const)
  describe(`the web shop, with the settlement ${kind}`, () => {
    let stand: ShopStand;
    before(async () => {
      stand = await ShopStand.open(kind);
    });
    after(() => stand.close());

    const stock = async (code: string): Promise<number> => {
      const { text } = await new Browser(stand.http).open('/shop/lin?lang=en');
      return Number(new RegExp(`name="q.${code}"[^>]* max="(\\d+)"`).exec(text)?.[1] ?? 0);
    };

    /** To where the reader waits for the card. */
    async function toReader(browser: Browser, number: string): Promise<void> {
      const path = `/shop/lin/orders/${number}`;
      await browser.open(`${path}/reader`, { number: stand.number });
      await stand.reader.invited('digits');
      assert.equal(stand.reader.state.invite?.invite.digits_of, number);
      await browser.open(`${path}/digits`, { digits: stand.digits(number) });
      await waits();
    }

    const waits = () =>
      until('the reader waits for a card', () => {
        const { invite } = stand.reader.state;
        return invite !== null && invite.invite.digits_of === undefined ? true : undefined;
      });

    test('goods are picked, ordered, and paid by the card held to the reader', async () => {
      const card = await stand.card(5000);
      const browser = new Browser(stand.http);
      const goods = await browser.open('/shop/lin?lang=en');
      assert.ok(/Pork dumplings/.test(goods.text));
      assert.ok(/Sold out/.test(goods.text));
      const before = await stock('1');
      const number = await browser.order('q.1=2&q.3=1');
      assert.equal(await stock('1'), before - 2);
      await toReader(browser, number);
      await browser.says(/Hold your card on the reader/);
      stand.reader.put(card);
      assert.equal(await stand.reader.ended(), 'done');
      const bill = await browser.says(/Left on the card/);
      assert.ok(/¥18\.00/.test(bill));
      assert.ok(/¥32\.00/.test(bill));
      assert.equal(stand.reader.state.invite, null);
      stand.reader.lift();
      const told = await until('the machine is told', () =>
        stand.terminal.heard.find((each) => each.kind === 'web_paid'),
      );
      assert.deepEqual(
        told.kind === 'web_paid' && [told.paid.order, told.paid.amount_minor, told.paid.lines],
        [
          number,
          3200,
          [
            { name: 'Pork dumplings', quantity: 2, unit_minor: 1200 },
            { name: 'Pan-fried buns', quantity: 1, unit_minor: 800 },
          ],
        ],
      );
      assert.ok(await stand.clean());
    });

    test('torn at each command, the next tap finishes the purchase and nothing is debited twice', async () => {
      const card = await stand.card(20_000);
      let left = 20_000;
      const browser = new Browser(stand.http);
      for (const when of ['before', 'after'] as const) {
        for (const apdu of [4, 6, 8, 9]) {
          const number = await browser.order('q.3=1');
          const page = await browser.open(browser.path);
          if (/name="number"/.test(page.text)) await toReader(browser, number);
          else await browser.open(`/shop/lin/orders/${number}/tap`, {});
          await waits();
          stand.reader.leave();
          stand.reader.put(card, { apdu, when });
          assert.equal(await stand.reader.ended(), 'again', `${when} ${apdu}`);
          await waits();
          // The last three go in one group: from the first of them on only the card knows.
          const doubtful = apdu >= 7;
          await browser.says(doubtful ? /Hold the same card again/ : /Hold your card/);
          const cancelled = doubtful
            ? await browser.open(`/shop/lin/orders/${number}/cancel`, {})
            : null;
          if (cancelled !== null) assert.equal(cancelled.status, 422);
          browser.path = `/shop/lin/orders/${number}?lang=en`;
          stand.reader.leave();
          stand.reader.put(card);
          assert.equal(await stand.reader.ended(), 'done', `${when} ${apdu}`);
          left -= 800;
          const bill = await browser.says(/Left on the card/);
          assert.ok(new RegExp(`¥${(left / 100).toFixed(2)}`).test(bill));
          stand.reader.lift();
        }
      }
      assert.ok(await stand.clean());
    });

    test('too little on it, another house, blocked: said in words, and nothing is taken', async () => {
      const poor = await stand.card(100);
      const browser = new Browser(stand.http);
      const number = await browser.order('q.3=1');
      await toReader(browser, number);
      stand.reader.put(poor);
      assert.equal(await stand.reader.ended(), 'insufficient_funds');
      await browser.says(/not enough money on the card/);
      const stocked = await stock('3');
      await browser.open(`/shop/lin/orders/${number}/cancel`, {});
      browser.path = `/shop/lin/orders/${number}?lang=en`;
      await browser.says(/The order is cancelled/);
      await until('the stock is back', async () =>
        (await stock('3')) === stocked + 1 ? true : undefined,
      );
      await until('the invitation is gone', () =>
        stand.reader.state.invite === null ? true : undefined,
      );
    });

    test('the vendor sends the invitation away: the page says so, and the reader is free', async () => {
      const browser = new Browser(stand.http);
      const number = await browser.order('q.3=1');
      await toReader(browser, number);
      stand.reader.decline();
      await browser.says(/The vendor ended it at the terminal/);
      const again = await browser.open(`/shop/lin/orders/${number}/tap`, {});
      assert.ok(/Hold your card/.test(again.text));
      await waits();
      await browser.open(`/shop/lin/orders/${number}/cancel`, {});
      await until('the invitation is gone', () => stand.reader.state.invite === null || undefined);
    });

    test('one address keeps only so much stock from others, whatever cookies it brings', async () => {
      const browsers = Array.from({ length: 12 }, () => new Browser(stand.http));
      for (const browser of browsers) await browser.order('q.3=1');
      const more = new Browser(stand.http);
      const { text } = await more.open('/shop/lin/basket?q.3=1&lang=en');
      const key = /name="key" value="([\w-]+)"/.exec(text)?.[1] ?? '';
      const refused = await more.open('/shop/lin/orders?lang=en', { 'q.3': '1', key });
      assert.equal(refused.status, 422);
      assert.ok(/Many orders from your network/.test(refused.text));
      for (const browser of browsers)
        await browser.open(browser.path.replace(/\?.*/, '/cancel'), {});
    });

    test('a stranger has neither the order nor the reader; wrong digits end the try', async () => {
      const browser = new Browser(stand.http);
      const number = await browser.order('q.3=1');
      const path = `/shop/lin/orders/${number}`;
      assert.equal((await new Browser(stand.http).open(path)).status, 404);
      const wrong = await browser.open(`${path}/reader`, { number: '999 999' });
      assert.equal(wrong.status, 422);
      assert.ok(/No terminal has this number/.test(wrong.text));
      await browser.open(`${path}/reader`, { number: stand.number });
      const right = stand.digits(number);
      const digits = right === '00' ? '01' : '00';
      for (let tries = 1; tries <= 3; tries += 1) {
        const answer = await browser.open(`${path}/digits`, { digits });
        assert.equal(answer.status, 422);
        assert.ok((tries < 3 ? /not the digits/ : /Too many wrong digits/).test(answer.text));
      }
      const foreign = await fetch(`${stand.http}${path}/cancel`, {
        ...{ method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } },
      });
      assert.equal(foreign.status, 403);
      await browser.open(`${path}/cancel`, {});
    });

    test('the same form twice orders once; more than there is is refused', async () => {
      const browser = new Browser(stand.http);
      const { text } = await browser.open('/shop/lin/basket?q.3=1&lang=en');
      const key = /name="key" value="([\w-]+)"/.exec(text)?.[1] ?? '';
      await browser.open('/shop/lin/orders?lang=en', { 'q.3': '1', key });
      const first = browser.path;
      await browser.open('/shop/lin/orders?lang=en', { 'q.3': '1', key });
      assert.equal(browser.path, first);
      const much = await browser.open('/shop/lin/basket?q.1=50&lang=en');
      assert.ok(/not enough left of Pork dumplings/.test(much.text));
      await browser.open(first.replace(/\?.*/, '/cancel'), {});
    });

    test('a load that was torn away is finished by the next tap at any reader', async () => {
      const card = await stand.card(0);
      const asked = await stand.counter(
        card,
        { act: 'load', amount_minor: 2000 },
        { apdu: 8, when: 'after' },
      );
      const view = await until('it is in doubt', async () => {
        const { body } = await stand.operator(`/v1/card-counter/${asked.id}`);
        return body.trouble === 'again' ? body : undefined;
      });
      assert.equal(view.state, 'waiting');
      await waits();
      stand.reader.leave();
      stand.reader.put(card);
      const done = await stand.counted(asked.id, 'done');
      assert.equal(done.balance_minor, 2000);
      stand.reader.lift();
      assert.ok(await stand.clean());
    });
  });
