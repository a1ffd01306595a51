/** Paying a link through a platform: the platform's word, the right account, and money that goes back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '#simulators/free-port.ts';
import { until } from '#test/until.ts';
import { freshKey, RICH } from './harness.ts';
import { LINK_SEED, type LinkStand, openLinkStand } from './link-stand.ts';
import { openProxy, type PeerProxy } from './peer-proxy.ts';
import {
  ALICE,
  BareBrowser,
  CODE,
  PLATFORM_SEED,
  type Seen,
  startPlatform,
  type TestPlatform,
} from './platform-stand.ts';

for (const kind of ['together', 'apart'] as const) {
  describe(`payment links through a platform, ${kind}`, () => {
    let platform: TestPlatform;
    let stand: LinkStand;
    let toPlatform: PeerProxy;
    let toUs: PeerProxy;
    const takings = () => stand.all.balance(/^acquirer:merchant:/);
    const due = () => stand.all.balance(/^acquirer:due:platform:lotus:/);

    before(async () => {
      platform = await startPlatform({
        seed: { ...PLATFORM_SEED, accounts: [...PLATFORM_SEED.accounts, MALLORY_THERE] },
      });
      toPlatform = await openProxy(() => platform.url);
      const port = await freePort();
      toUs = await openProxy(() => `http://127.0.0.1:${port}`);
      const contracts = (LINK_SEED.contracts ?? []).map((each) => ({
        ...each,
        platforms: { lotus: each.phone === RICH.phone ? 'alice' : 'bob' },
      }));
      const seed = {
        ...LINK_SEED,
        contracts: contracts.filter(({ phone }) => phone !== '+8613800000002'),
      };
      const acquirer = {
        http: { host: '127.0.0.1', port },
        publicUrl: toUs.url,
        platforms: [{ kind: 'lotus', title: 'Lotus Pay', url: toPlatform.url, secret: CODE }],
      } as const;
      stand = await openLinkStand(kind, { seed }, { acquirer });
    });
    after(async () => {
      for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
      await stand.close();
      await platform.close();
      await toPlatform.close();
      await toUs.close();
    });

    /** Is sent to the platform's page: there is nothing to type here. */
    async function goThere(payer: BareBrowser, link: string): Promise<Seen> {
      await payer.get(link);
      return payer.post(`${link}/platform?lang=en`, { method: 'platform:lotus' });
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
      assert.equal((await stand.look(number)).body.state, 'unpaid', 'nobody has proved anything');
      const waiting = await payer.get(link);
      assert.match(waiting.text, /Continue at Lotus Pay/);
      assert.match(waiting.text, /Pay another way/);
      assert.match((await payer.get(`${link}?method=other`)).text, /How do you want to pay/);
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

    const held = async () => (await platform.balances()).get(MERCHANT) ?? 0;

    test('a stranger with the link can neither pay nor keep the payer from it', async () => {
      const { number, link } = await stand.order();
      const [earlier, before] = [await takings(), await held()];
      const stranger = new BareBrowser();
      const payer = new BareBrowser();
      const wrong = await goThere(stranger, link);
      const right = await goThere(payer, link);
      assert.notEqual(wrong.location, right.location, 'side by side');
      await payThere(stranger, wrong, MALLORY);
      await until('the stranger’s money back', async () => (await held()) === before);
      assert.match((await stranger.get(link)).text, /not registered for the phone number/);
      assert.match((await payer.get(link)).text, /Continue at Lotus Pay/);
      assert.equal((await stand.look(number)).body.state, 'unpaid');
      // And one who goes there again and again, and lets it be.
      for (let at = 0; at < 8; at += 1) await goThere(new BareBrowser(), link);
      const again = await goThere(payer, link);
      await payThere(payer, again, ALICE);
      const seen = await stand.state(number, 'paid');
      assert.equal(seen.body.payer, 'al•••');
      assert.equal(await takings(), earlier + 2000);
      assert.match((await payer.get(link)).text, /<h1>Paid<\/h1>/);
      assert.match((await stranger.get(link)).text, /Opened on another phone/);
      assert.deepEqual((await stand.all.moved(number)).kinds, ['payment']);
    });

    test('the payer on two phones, each pressed ten times: one payment, the other phone’s is called off', async () => {
      const { number, link } = await stand.order();
      const [earlier, before] = [await takings(), await held()];
      const phones = [new BareBrowser(), new BareBrowser()];
      for (const phone of phones) await phone.get(link);
      const sent = await Promise.all(
        phones.map(async (phone) => {
          const pages = await Promise.all(
            Array.from({ length: 10 }, () =>
              phone.post(`${link}/platform?lang=en`, { method: 'platform:lotus' }),
            ),
          );
          const places = pages
            .map(({ location }) => location)
            .filter((each) => /\/pay\//.test(each));
          const there = new Set(places.filter((each) => each.startsWith(platform.url)));
          assert.equal(there.size, 1, 'ten presses of one phone are one attempt');
          return pages.find(({ location }) => location.startsWith(platform.url));
        }),
      );
      const [one, two] = sent;
      assert.ok(one !== undefined && two !== undefined && one.location !== two.location);
      await Promise.all(
        sent.map((page, at) => {
          const phone = phones[at];
          assert.ok(page !== undefined && phone !== undefined);
          return payThere(phone, page, ALICE);
        }),
      );
      await stand.state(number, 'paid');
      await until('all else back', async () => (await held()) === before + 2000);
      assert.equal(await takings(), earlier + 2000);
      assert.deepEqual((await stand.all.moved(number)).kinds, ['payment']);
      const pages = await Promise.all(phones.map((phone) => phone.get(link)));
      assert.deepEqual(pages.map(({ status }) => status).sort(), [200, 403]);
    });

    for (const fault of ['double', 'lose_answer', 'lose_request'] as const) {
      test(`a webhook that does this: ${fault}; the payer comes back thrice: one posting`, async () => {
        const { number, link } = await stand.order();
        const [earlier, before] = [await takings(), await held()];
        const payer = new BareBrowser();
        const sent = await goThere(payer, link);
        toUs.next('/v1/webhooks/platform/lotus', fault);
        const back = await payThere(payer, sent, ALICE);
        await Promise.all([1, 2, 3].map(() => payer.get(back.location)));
        await stand.state(number, 'paid');
        assert.match((await payer.get(link)).text, /<h1>Paid<\/h1>/);
        assert.equal(await takings(), earlier + 2000);
        assert.equal(await held(), before + 2000);
        assert.deepEqual((await stand.all.moved(number)).kinds, ['payment']);
      });

      test(`a permission whose way does this: ${fault}: the same permission, paid once`, async () => {
        const { number, link } = await stand.order();
        const [earlier, before] = [await takings(), await held()];
        const payer = new BareBrowser();
        toPlatform.next('/v1/permissions', fault);
        await goThere(payer, link);
        const sent = await until('permission', async () => {
          const page = await goThere(payer, link);
          return page.location.startsWith(platform.url) && page;
        });
        await payThere(payer, sent, ALICE);
        await stand.state(number, 'paid');
        assert.equal(await takings(), earlier + 2000);
        assert.equal(await held(), before + 2000);
      });
    }

    test('cancelled while the payer is at the platform: called off, or the money goes back', async () => {
      const { number, link } = await stand.order();
      const [earlier, before] = [await takings(), await held()];
      const payer = new BareBrowser();
      const sent = await goThere(payer, link);
      await stand.change(number, 'cancellation');
      await stand.state(number, 'cancelled');
      await payThere(payer, sent, ALICE);
      await until('nothing kept', async () => (await held()) === before);
      assert.match((await payer.get(link)).text, /Closed/);
      assert.equal(await takings(), earlier);
      assert.deepEqual((await stand.all.moved(number)).kinds, []);
      assert.equal((await stand.look(number)).body.state, 'cancelled');
    });

    test('money of a platform goes back, in parts and by a void, each once', async () => {
      const pay = async (): Promise<string> => {
        const { number, link } = await stand.order();
        const payer = new BareBrowser();
        await payThere(payer, await goThere(payer, link), ALICE);
        await stand.state(number, 'paid');
        return number;
      };
      const [earlier, before] = [await takings(), await held()];
      const number = await pay();
      const key = freshKey();
      const first = await Promise.all(
        [1, 2, 3].map(() => stand.done(number, 'refunds', { amount_minor: 700 }, key)),
      );
      for (const each of first) assert.equal(each.body.outcome, 'refunded', JSON.stringify(each));
      assert.equal(await held(), before + 1300);
      assert.equal(await takings(), earlier + 1300);
      const much = await stand.done(number, 'refunds', { amount_minor: 1400 });
      assert.equal(much.body.left_minor, 1300);
      assert.equal((await stand.done(number, 'refunds')).body.amount_minor, 1300);
      const other = await pay();
      assert.equal((await stand.done(other, 'voids')).body.outcome, 'voided');
      await until('all of it back', async () => (await held()) === before);
      assert.equal(await takings(), earlier);
      assert.equal((await stand.look(other)).body.refunded_minor, 2000);
    });

    test('refused there, or too little: not paid, and the link is open for another try', async () => {
      const { number, link } = await stand.order();
      const payer = new BareBrowser();
      const sent = await goThere(payer, link);
      await payer.post(sent.location, { act: 'refuse' });
      await until('told on its page', async () =>
        /was not made/.test((await payer.get(link)).text),
      );
      assert.equal((await stand.look(number)).body.state, 'unpaid');
      const again = await goThere(payer, link);
      assert.notEqual(again.location, sent.location);
      await payThere(payer, again, ALICE);
      await stand.state(number, 'paid');
    });
  });
}

/** Masked, the name is the payer's own. */
const MALLORY = { account: 'almond', password: 'let me in please' };
const MALLORY_THERE = {
  ...{ name: MALLORY.account, password: MALLORY.password },
  balances: [{ currency: 'CNY' as const, amount_minor: 50_000 }],
};
const MERCHANT = 'platform:merchant:hawker:CNY';
