/**
 * A card is topped up from a phone, with the settlement in the same process and elsewhere: link,
 * payment, load, tap; and what is given back where the card can't have it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AcquirerResult } from '#gateway/acquirer/gate.ts';
import { systemClock } from '#gateway/clock.ts';
import { CARD_MERCHANT } from '#gateway/topups/topups.ts';
import { Card } from '#simulators/card/card.ts';
import { repeatable } from '#test/card/bench.ts';
import { until } from '#test/until.ts';
import { holdCard } from './card-terminal.ts';
import { call, enrol, freshKey, RICH, Terminal } from './harness.ts';
import { LINK_SEED, type LinkStand, openLinkStand, payByPassword } from './link-stand.ts';
import { BareBrowser } from './platform-stand.ts';
import { House } from './settlement-stand.ts';
import { ManualClock } from './stand.ts';

const SEED = {
  ...LINK_SEED,
  vendors: [
    ...LINK_SEED.vendors,
    {
      ...{ id: 'cards', name: 'Card office' },
      acquiring: { number: 'M-0009', currencies: [{ currency: 'CNY' as const }] },
    },
  ],
  card_merchant: 'cards',
};

for (const kind of ['together', 'apart'] as const) {
  describe(`topping a card up from a phone, with the settlement ${kind}`, () => {
    let stand: LinkStand;
    let terminal: Terminal;
    let uids = 1;
    let ahead = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + ahead };
    before(async () => {
      stand = await openLinkStand(
        kind,
        { seed: SEED, clock, peerTimeoutMs: 800 },
        { settlement: {} },
      );
      terminal = await Terminal.connect(await enrol(stand.all.http));
    });
    after(async () => {
      await terminal.close();
      await stand.close();
    });

    const settle = async (path: string, body?: object) => {
      const at = stand.all.settlement?.at ?? assert.fail();
      const sent = body === undefined ? {} : { body, key: freshKey() };
      return call(`${at.http}/v1/settlement/${path}`, { bearer: at.operatorToken, ...sent });
    };

    const hold = (card: Card, purpose: 'personalise' | 'inspect') =>
      holdCard(terminal, card, purpose);

    async function fresh() {
      const { body } = await settle('cards', { currency: 'CNY', most_minor: 10_000 });
      const card = new Card({
        uid: Uint8Array.of(4, 6, 6, 6, 6, 6, uids),
        chance: repeatable(uids),
      });
      uids += 1;
      assert.equal((await hold(card, 'personalise')).said, 'done');
      return { id: String(body.card), card };
    }

    const float = () => stand.all.balance(/^settlement:float:CNY$/);

    /** What the page leads to: the top-up's address and its link. */
    async function begin(card: string, amount: string) {
      const browser = new BareBrowser();
      const form = { card, amount, phone: RICH.phone };
      const sent = await browser.post(`${stand.all.http}/top-up/orders?lang=en`, form);
      if (sent.status !== 303) return { browser, page: sent.text, at: '', link: '' };
      const at = new URL(sent.location, stand.all.http).href;
      const { text } = await browser.get(at);
      const link = /href="(https?:[^"?]+\/pay\/[\w-]+)/.exec(text)?.[1] ?? '';
      return { browser, page: text, at, link };
    }

    const shows = (browser: BareBrowser, at: string, what: RegExp) =>
      until(`${what}`, async () => {
        const { text } = await browser.get(at);
        return what.test(text) ? text : undefined;
      });

    test('a form that is sent twice, or whose answer was lost, is one top-up', async () => {
      const { id } = await fresh();
      const page = await new BareBrowser().get(`${stand.all.http}/top-up?lang=en`);
      const key = /name="key" value="([\w-]{43})"/.exec(page.text)?.[1] ?? '';
      const form = { card: id, amount: '5', phone: RICH.phone, key };
      const send = (change: object = {}) =>
        new BareBrowser().post(`${stand.all.http}/top-up/orders?lang=en`, { ...form, ...change });
      const both = await Promise.all([send(), send()]);
      const again = await send();
      assert.equal(new Set([...both, again].map(({ location }) => location)).size, 1);
      assert.equal(again.status, 303);
      const other = await send({ amount: '6' });
      assert.notEqual(other.location, again.location);
    });

    test('paid, and collected at the next tap, once', async () => {
      const { id, card } = await fresh();
      const before = await float();
      const { browser, at, link } = await begin(
        `${id.slice(0, 6)} ${id.slice(6).toLowerCase()}`,
        '20',
      );
      assert.ok(link !== '', 'there is a link');
      assert.ok((await payByPassword(new BareBrowser(), link)).text.includes('✓'));
      await shows(browser, at, /hold the card to any terminal/);
      // Paid, and not on the card: the float has not grown.
      assert.equal(await float(), before);
      const end = await hold(card, 'inspect');
      assert.deepEqual([end.said, end.amount_minor, end.balance_minor], ['done', 2000, 2000]);
      await shows(browser, at, /On the card/);
      assert.equal((await float()) - before, -2000);
      assert.equal((await hold(card, 'inspect')).balance_minor, 2000);
      assert.equal((await settle('reconciliation')).body.clean, true);
      // A stranger sees nothing of it.
      assert.equal((await new BareBrowser().get(at)).status, 404);
    });

    test('a card that is blocked before its tap: the money goes back, once', async () => {
      const { id, card } = await fresh();
      const rich = await stand.all.balance(/^issuer:payer:.*CNY$/);
      const { browser, at, link } = await begin(id, '30.00');
      await payByPassword(new BareBrowser(), link);
      await shows(browser, at, /hold the card to any terminal/);
      await settle(`cards/${id}/blocking`, { because: 'lost' });
      await shows(browser, at, /Given back/);
      await settle(`cards/${id}/unblocking`, { because: 'found' });
      assert.equal((await hold(card, 'inspect')).balance_minor, 0);
      assert.equal(await stand.all.balance(/^issuer:payer:.*CNY$/), rich);
      assert.equal((await settle('reconciliation')).body.clean, true);
    });

    test('nobody pays: it expires, and its link can no longer be paid', async () => {
      const { id } = await fresh();
      const { browser, at, link } = await begin(id, '5');
      ahead += 16 * 60_000;
      await shows(browser, at, /Not paid/);
      const late = await payByPassword(new BareBrowser(), link);
      assert.ok(!late.text.includes('✓'));
      const second = await begin(id, '5');
      await second.browser.post(second.at.replace('?', '/cancel?'), {});
      await shows(second.browser, second.at, /Not paid/);
    });

    if (kind === 'apart') {
      test('answers that are lost: one load, one refund', async () => {
        const wire = stand.all.settlement?.wire ?? assert.fail();
        const { id, card } = await fresh();
        const { browser, at, link } = await begin(id, '7');
        wire.next('asks', 'lose_answer');
        stand.all.wires?.acquirer.next('refunds', 'lose_answer');
        await payByPassword(new BareBrowser(), link);
        await shows(browser, at, /hold the card to any terminal/);
        assert.equal((await hold(card, 'inspect')).balance_minor, 700);
        const second = await begin(id, '8');
        await payByPassword(new BareBrowser(), second.link);
        await shows(second.browser, second.at, /hold the card to any terminal/);
        const rich = await stand.all.balance(/^issuer:payer:.*CNY$/);
        await settle(`cards/${id}/ending`, { because: 'worn out' });
        await shows(second.browser, second.at, /Given back/);
        assert.equal((await stand.all.balance(/^issuer:payer:.*CNY$/)) - rich, 800);
      });
    }

    test('what can’t be is said in words', async () => {
      const { id } = await fresh();
      assert.ok(/more than the card may hold/.test((await begin(id, '100.01')).page));
      assert.ok(/Type an amount/.test((await begin(id, 'ten')).page));
      assert.ok(/No card has this number/.test((await begin('HC0000000000000000', '5')).page));
      for (const _ of [1, 2, 3]) assert.ok((await begin(id, '1')).link !== '');
      assert.ok(/nobody has paid/.test((await begin(id, '1')).page));
    });
  });
}

test('a result that comes twice, late or wrong: one load, and the rest goes back', async () => {
  const house = await House.open({ clock: systemClock });
  const { core } = house;
  await core.writer.run((tx) => tx.settings.set(CARD_MERCHANT, 'lin'));
  const { id, card } = await house.card(0);
  const wish = { card: id, amount_minor: 900, phone: RICH.phone, customer: 'me' };
  const begun = await core.topups.begin(wish);
  assert.ok(begun.ok);
  const paid = (event: string, order: string, amount_minor: number): AcquirerResult => ({
    ...{ kind: 'payment', event, id: `P-${order}`, merchant: 'lin', order, amount_minor },
    ...{ currency: 'CNY', at: 1, answer: { said: 'paid', payer: '···0001', at: 1 } },
  });
  const tell = (result: AcquirerResult) => core.writer.run((tx) => core.tell(tx, result));
  const { number } = begun.row;
  await tell(paid('e-1', number, 900));
  await tell(paid('e-1', number, 900));
  await tell(paid('e-2', number, 900));
  await until('it is due', () => core.tables.topups.find(number)?.state === 'due' || undefined);
  const jobs = core.tables.settlement.jobsOf(id, ['asked']);
  assert.deepEqual(
    jobs.map((job) => job.amount_minor),
    [900],
  );
  assert.equal((await house.hold(card, 'load')).balance_minor, 900);
  const other = await core.topups.begin(wish);
  assert.ok(other.ok);
  await tell(paid('e-3', other.row.number, 899));
  const row = core.tables.topups.find(other.row.number);
  assert.deepEqual([row?.state, row?.reason], ['refunding', 'paid_otherwise']);
  house.close();
});

test('nobody comes for it in thirty days: the load is ended, and the money goes back', async () => {
  const clock = new ManualClock();
  const house = await House.open({ clock });
  const { core } = house;
  await core.writer.run((tx) => tx.settings.set(CARD_MERCHANT, 'lin'));
  const { id, card } = await house.card(0);
  const begun = await core.topups.begin({
    ...{ card: id, amount_minor: 900, phone: RICH.phone, customer: 'me' },
  });
  assert.ok(begun.ok);
  const { number } = begun.row;
  const paid: AcquirerResult = {
    ...{ kind: 'payment', event: 'e-1', id: 'P-1', merchant: 'lin', order: number },
    ...{ amount_minor: 900, currency: 'CNY', at: 1 },
    answer: { said: 'paid', payer: '···0001', at: 1 },
  };
  await core.writer.run((tx) => core.tell(tx, paid));
  const look = async (): Promise<string | undefined> => {
    const row = core.tables.topups.find(number);
    return row === undefined ? undefined : (await core.topups.refreshed(row)).state;
  };
  await clock.pass(5000);
  assert.equal(await look(), 'due');
  clock.wall += 29 * 86_400_000;
  assert.equal(await look(), 'due', 'the card may still come');
  clock.wall += 86_400_000;
  assert.equal(await look(), 'refunding');
  assert.equal(core.tables.topups.find(number)?.reason, 'not_collected');
  assert.deepEqual(core.tables.settlement.jobsOf(id, ['asked', 'sent', 'unknown']), []);
  assert.equal((await house.hold(card, 'inspect')).balance_minor, 0, 'who comes now gets nothing');
  house.close();
});
