/** Paying a link through a platform: the platform's word, the right account, and money that goes back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '#test/until.ts';
import { freePort, POOR, RICH } from './harness.ts';
import { LINK_SEED, type LinkStand, openLinkStand } from './link-stand.ts';
import {
  ALICE,
  BareBrowser,
  CODE,
  type Seen,
  startPlatform,
  type TestPlatform,
} from './platform-stand.ts';

for (const kind of ['together', 'apart'] as const) {
  describe(`payment links through a platform, ${kind}`, () => {
    let platform: TestPlatform;
    let stand: LinkStand;
    const takings = () => stand.all.balance(/^acquirer:merchant:/);
    const due = () => stand.all.balance(/^acquirer:due:platform:lotus:/);

    before(async () => {
      platform = await startPlatform();
      const port = await freePort();
      const contracts = (LINK_SEED.contracts ?? []).map((each) => ({
        ...each,
        platforms: { lotus: each.phone === RICH.phone ? 'al•••' : 'bo•••' },
      }));
      const seed = {
        ...LINK_SEED,
        contracts: contracts.filter(({ phone }) => phone !== '+8613800000002'),
      };
      const acquirer = {
        http: { host: '127.0.0.1', port },
        publicUrl: `http://127.0.0.1:${port}`,
        platforms: [{ kind: 'lotus', title: 'Lotus Pay', url: platform.url, secret: CODE }],
      } as const;
      stand = await openLinkStand(kind, { seed }, { acquirer });
    });
    after(async () => {
      for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
      await stand.close();
      await platform.close();
    });

    /** Names the phone number, and is sent to the platform's page. */
    async function goThere(payer: BareBrowser, link: string, phone = RICH.phone): Promise<Seen> {
      await payer.get(link);
      return payer.post(`${link}/platform?lang=en`, { phone, method: 'platform:lotus' });
    }

    async function payThere(payer: BareBrowser, sent: Seen, who: typeof ALICE): Promise<Seen> {
      assert.ok(sent.location.startsWith(`${platform.url}/pay/`), sent.location || sent.text);
      const cookies = new Map(payer.cookies);
      const paid = await payer.post(sent.location, { ...who, act: 'pay' });
      payer.cookies.clear();
      for (const [name, value] of cookies) payer.cookies.set(name, value);
      return paid;
    }

    test('permission, the platform’s page, back, paid: once, with both books', async () => {
      const { number, link } = await stand.order();
      const [earlier, owed] = [await takings(), await due()];
      const payer = new BareBrowser();
      const picked = await payer.get(link);
      assert.match(picked.text, /Lotus Pay/);
      const sent = await goThere(payer, link);
      assert.equal((await stand.look(number)).body.state, 'paying');
      const waiting = await payer.get(link);
      assert.match(waiting.text, /Continue at Lotus Pay/);
      const back = await payThere(payer, sent, ALICE);
      const home = await payer.get(back.location);
      const page = await payer.get(new URL(home.location, link).href);
      assert.match(page.text, /<h1>Paid<\/h1>/);
      const seen = await stand.state(number, 'paid');
      assert.equal(seen.body.payer, 'al•••');
      assert.equal(await takings(), earlier + 2000);
      assert.equal(await due(), owed - 2000);
      assert.deepEqual((await stand.all.moved(number)).kinds, ['payment']);
      assert.equal((await platform.balances()).get('platform:merchant:hawker:CNY'), 2000);
    });

    test('the payer never comes back: webhook or status tells, and the page resolves itself', async () => {
      const { number, link } = await stand.order();
      const payer = new BareBrowser();
      await payThere(payer, await goThere(payer, link), ALICE);
      await stand.state(number, 'paid');
      assert.match((await payer.get(link)).text, /<h1>Paid<\/h1>/);
    });

    test('somebody else’s account: the money goes back, and the order is not paid', async () => {
      const { number, link } = await stand.order({ lines: [{ code: '2', quantity: 1 }] });
      const [earlier, held] = [await takings(), (await platform.balances()).get(MERCHANT) ?? 0];
      const payer = new BareBrowser();
      const sent = await goThere(payer, link, POOR.phone);
      assert.equal(sent.status, 303);
      assert.ok(!sent.location.startsWith(platform.url), 'another phone number: no page to pay at');
      const page = await payer.get(new URL(sent.location, link).href);
      assert.match(page.text, /belongs to another phone number/);
      assert.equal((await stand.state(number, 'cancelled')).body.reason, 'payer_not_verified');
      // And the right phone number with another account behind it.
      const other = await stand.order({ phone: POOR.phone, lines: [{ code: '2', quantity: 1 }] });
      const friend = new BareBrowser();
      await payThere(friend, await goThere(friend, other.link, POOR.phone), ALICE);
      await until('the money back', async () => {
        const { body } = await stand.look(other.number);
        const now = (await platform.balances()).get(MERCHANT) ?? 0;
        return body.reason === 'payer_not_verified' && now === held;
      });
      assert.equal(await takings(), earlier);
    });

    test('refused there, or too little: not paid, and the link is open for another try', async () => {
      const { number, link } = await stand.order();
      const payer = new BareBrowser();
      const sent = await goThere(payer, link);
      await payer.post(sent.location, { act: 'refuse' });
      await until('open again', async () => (await stand.look(number)).body.state === 'unpaid');
      const again = await goThere(payer, link);
      assert.notEqual(again.location, sent.location);
      await payThere(payer, again, ALICE);
      await stand.state(number, 'paid');
    });
  });
}

const MERCHANT = 'platform:merchant:hawker:CNY';
