/**
 * A telephone sale through the interfaces alone, the organisations apart: agent, SMS, payer's browser,
 * desk. Then every path in one house, and nobody's numbers in any log or address.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { verifyWebhook } from '#device/codecs/standard-webhooks.ts';
import { freePort } from '#simulators/free-port.ts';
import { SmsProvider } from '#simulators/notify/sms.ts';
import { launchChromium } from '#test/browser/phones.ts';
import { bearerFor, call, freshKey, pay, RICH } from '#test/gateway/harness.ts';
import { LIN, LINK_SEED, PASSWORD } from '#test/gateway/link-stand.ts';
import { PairingStand, Way } from '#test/gateway/pairing-stand.ts';
import { ALICE } from '#test/gateway/platform-stand.ts';
import { until } from '#test/until.ts';

const secret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

interface Told {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

let phones: SmsProvider;
let desk: Server;
let stand: PairingStand;
let browser: Browser;
/** Between payers' browsers and the acquirer. */
let front: Way;
let acquirerHttp = '';
const deskSecret = secret();
const told: Told[] = [];
const addresses: string[] = [];

before(async () => {
  const smsSecret = secret();
  phones = await SmsProvider.open({ secret: smsSecret });
  desk = createServer((request, response) => {
    let text = '';
    addresses.push(String(request.url));
    request.on('data', (bytes) => {
      text += String(bytes);
    });
    request.on('end', () => {
      const verified = verifyWebhook([deskSecret], request.headers, text, Date.now());
      if (verified.ok) told.push(JSON.parse(text) as Told);
      response.writeHead(verified.ok ? 204 : 401).end();
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => desk.listen(port, '127.0.0.1', resolve));
  const notify = {
    sms: { url: phones.url, secret: smsSecret },
    desk: { url: `http://127.0.0.1:${port}/orders`, secret: deskSecret },
  };
  front = await Way.open(() => acquirerHttp);
  stand = await PairingStand.open({ seed: LINK_SEED }, 'apart', {
    'order-centre': { notify },
    acquirer: { publicUrl: front.url },
  });
  acquirerHttp = stand.all.acquirer.http;
  browser = await launchChromium();
});
after(async () => {
  await browser.close();
  await stand.close();
  await front.close();
  await phones.close();
  desk.closeAllConnections();
  await new Promise((resolve) => desk.close(resolve));
});

/** An agent makes a payer’s order, and the SMS comes. */
async function order(agent: string): Promise<{ number: string; link: string }> {
  const placed = await call(`${stand.all.http}/v1/centre/orders`, {
    ...{ bearer: agent, key: freshKey() },
    body: {
      ...{ merchant: 'lin', lines: [{ code: '2', quantity: 2 }], language: 'en' },
      phone: '138 0000 0001',
    },
  });
  assert.equal(placed.status, 201, JSON.stringify(placed.body));
  const number = String(placed.body.number);
  const sms = await until('the SMS', () => phones.sent.find(({ text }) => text.includes(number)));
  assert.equal(sms.to, RICH.phone);
  const link = /https?:\/\/\S+/.exec(sms.text)?.[0];
  assert.ok(link?.startsWith(front.url), sms.text);
  return { number, link: link ?? '' };
}

test('placed by an agent, linked by SMS, verified and paid by the payer; the desk is told once', async () => {
  const { body: made } = await call(`${stand.all.http}/v1/centre/agents`, {
    ...{ body: { agent: 'mei' }, bearer: stand.all.centre.operatorToken },
  });
  const agent = String(made.token);
  const found = await call(`${stand.all.http}/v1/centre/products?words=chive`, { bearer: agent });
  assert.equal((found.body.products as unknown[]).length, 1);
  const { number, link } = await order(agent);
  const context = await browser.newContext({ viewport: { width: 360, height: 640 }, locale: 'en' });
  const page = await context.newPage();
  page.on('request', (request) => addresses.push(request.url()));
  await page.goto(link);
  await page.locator('#phone').fill('138 0000 0001');
  await page.locator('#password').fill(PASSWORD);
  await page.locator('.pay').click();
  await page.getByRole('heading', { name: 'Paid', exact: true }).waitFor();
  const paid = await until('the desk to be told', () =>
    told.find(({ type, data }) => type === 'order.paid' && data.order === number),
  );
  assert.equal(paid.data.amount_minor, 2000);
  const seen = await call(`${stand.all.http}/v1/centre/orders/${number}`, { bearer: agent });
  assert.equal(seen.body.state, 'paid');
  assert.ok((await page.locator('main').innerText()).includes(String(seen.body.payment)));
  assert.deepEqual((await stand.all.moved(number)).kinds, ['debit', 'payment']);
  for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
  assert.equal(told.filter(({ data }) => data.order === number).length, 1);
  await context.close();
});

test('on the street, by telephone, paired: no log and no address holds a number, a PIN or a password', async () => {
  const { all, terminal, platform, way, back } = stand;
  const street = await stand.offer();
  const bearer = await bearerFor(all.http, terminal, street);
  await pay(all.http, street.number, bearer, { ...RICH, pin: '975310' });
  assert.equal((await pay(all.http, street.number, bearer, RICH)).body.outcome, 'paid');
  const phone = await stand.phone(RICH);
  await phone.pair(stand.number);
  const asked = await stand.offer();
  await phone.step('confirm');
  await phone.payAt(await phone.agree(asked));
  assert.equal((await terminal.result(asked.number)).outcome, 'paid');
  const { wires } = all;
  const urls = [
    ...[...addresses, ...way.asked, ...back.asked, ...front.asked],
    ...[...(wires?.issuer.seen ?? []), ...(wires?.acquirer.seen ?? [])],
  ];
  assert.ok(urls.some((each) => each.includes('/v1/issuer/admissions')));
  assert.ok(urls.some((each) => each.includes('/v1/permissions')));
  const everything = [
    ...[JSON.stringify(all.logged), JSON.stringify(platform.logged), JSON.stringify(told)],
    ...[JSON.stringify(terminal.heard), urls.join('\n')],
  ];
  const number = RICH.phone.slice(3);
  const secrets = [RICH.phone, number, encodeURIComponent(RICH.phone), `${number.slice(0, 3)} `];
  secrets.push(LIN.identity_number, RICH.pin, '975310', PASSWORD, ALICE.password);
  for (const text of everything) {
    for (const each of secrets) assert.ok(!text.includes(each), `${each} in ${text.slice(0, 300)}`);
  }
});
