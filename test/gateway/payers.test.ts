/** Payers look after their ways to pay: registered, changed, ended, and nobody else's. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '#simulators/free-port.ts';
import { Authenticator, type Deed } from './authenticator.ts';
import { ALSO_RICH, BLOCKED, POOR, RICH } from './harness.ts';
import {
  LIN,
  LINK_SEED,
  type LinkStand,
  MEI,
  openLinkStand,
  PASSWORD,
  payByPassword,
} from './link-stand.ts';
import { ALICE, BareBrowser, CODE, startPlatform, type TestPlatform } from './platform-stand.ts';

const NEW = 'a window of my own';

for (const kind of ['together', 'apart'] as const) {
  describe(`a payer’s own ways to pay, the organisations ${kind}`, () => {
    let stand: LinkStand;
    let platform: TestPlatform;
    let base: string;
    let deed: Omit<Deed, 'challenge'>;

    before(async () => {
      platform = await startPlatform();
      const port = await freePort();
      base = `http://localhost:${port}`;
      deed = { origin: base, rpId: 'localhost' };
      // Only Lin has contracts from the start.
      const [lin] = LINK_SEED.contracts ?? [];
      const seed = { ...LINK_SEED, contracts: lin === undefined ? [] : [lin] };
      const acquirer = {
        http: { host: '127.0.0.1', port },
        publicUrl: base,
        platforms: [{ kind: 'lotus', title: 'Lotus Pay', url: platform.url, secret: CODE }],
      } as const;
      stand = await openLinkStand(kind, { seed, peerTimeoutMs: 500 }, { acquirer });
    });
    after(async () => {
      for (const book of await stand.all.books()) assert.deepEqual(book.complaints, []);
      await stand.close();
      await platform.close();
    });

    const send = async (browser: BareBrowser, what: string, fields: Record<string, string>) => {
      const sent = await browser.post(`${base}/payer/${what}?lang=en`, fields);
      return sent.status === 303 ? browser.get(new URL(sent.location, base).href) : sent;
    };
    const logIn = (browser: BareBrowser, { phone, pin }: typeof RICH) =>
      send(browser, 'log-in', { phone, pin });
    /** Posts JSON as the page's script does. */
    const call = async (browser: BareBrowser, url: string, body: unknown) => {
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { 'content-type': 'application/json', cookie };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
      const text = await response.text();
      const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
      return { status: response.status, body: json };
    };
    const addPasskey = async (browser: BareBrowser, authenticator: Authenticator) => {
      const { body } = await call(browser, `${base}/payer/registration-options`, {});
      const made = authenticator.create({ ...deed, challenge: String(body.challenge) });
      return { made, added: await call(browser, `${base}/payer/registration`, made) };
    };
    const contractIn = (page: string, after: string): string => {
      const rest = page.slice(page.indexOf(after));
      return /name="contract" value="([\w-]+)"/.exec(rest)?.[1] ?? '';
    };
    const order = (phone: string) => stand.order({ phone, lines: [{ code: '2', quantity: 1 }] });
    const paidBy = async (phone: string, password: string): Promise<boolean> => {
      const { link } = await order(phone);
      const page = await payByPassword(new BareBrowser(), link, phone, password);
      return page.text.includes('<h1>Paid</h1>');
    };

    test('a new payer is compared with the account once, and pays by what they registered', async () => {
      const mei = new BareBrowser();
      assert.match((await mei.get(`${base}/payer`)).text, /Log in/);
      const who = await logIn(mei, ALSO_RICH);
      assert.match(who.text, /Who are you\?/);
      assert.match(who.text, /•••• 0002/);
      const short = await send(mei, 'identity', { ...MEI, password: 'short' });
      assert.match(short.text, /has at least 8 characters/);
      const wrong = await send(mei, 'identity', { ...LIN, password: NEW });
      assert.deepEqual([wrong.status, /not those of the account/.test(wrong.text)], [422, true]);
      assert.ok(!wrong.text.includes(LIN.identity_number));
      assert.equal(await paidBy(ALSO_RICH.phone, NEW), false);
      const ways = await send(mei, 'identity', { ...MEI, password: NEW });
      assert.match(ways.text, /Your ways to pay/);
      assert.equal(await paidBy(ALSO_RICH.phone, NEW), true);
      assert.match((await logIn(new BareBrowser(), ALSO_RICH)).text, /Your ways to pay/);
    });

    test('a password is changed, ended, and set again; the old ones pay nothing', async () => {
      const lin = new BareBrowser();
      await logIn(lin, RICH);
      const changed = await send(lin, 'password', { password: NEW });
      assert.match(changed.text, /Done\./);
      assert.equal(await paidBy(RICH.phone, PASSWORD), false);
      assert.equal(await paidBy(RICH.phone, NEW), true);
      const contract = contractIn(changed.text, 'Password');
      const mei = new BareBrowser();
      await logIn(mei, ALSO_RICH);
      await send(mei, 'end', { contract });
      assert.equal(await paidBy(RICH.phone, NEW), true, 'nobody ends what is another’s');
      await send(lin, 'account', { platform: 'lotus', account: ALICE.account });
      const ended = await send(lin, 'end', { contract });
      assert.match(ended.text, /Not set/);
      assert.equal(await paidBy(RICH.phone, NEW), false);
      await send(lin, 'password', { password: PASSWORD });
      assert.equal(await paidBy(RICH.phone, PASSWORD), true);
    });

    test('an account at a platform pays, and after it was ended no more', async () => {
      const lin = new BareBrowser();
      await logIn(lin, RICH);
      const named = await send(lin, 'account', { platform: 'lotus', account: ALICE.account });
      assert.match(named.text, /al•••/);
      const { number, link } = await order(RICH.phone);
      const phone = new BareBrowser();
      await phone.get(link);
      const method = { method: 'platform:lotus' };
      const sent = await phone.post(`${link}/platform?lang=en`, method);
      assert.ok(sent.location.startsWith(`${platform.url}/pay/`), sent.location || sent.text);
      await new BareBrowser().post(sent.location, { ...ALICE, act: 'pay' });
      await stand.state(number, 'paid');
      await send(lin, 'end', { contract: contractIn(named.text, 'Lotus Pay') });
      const again = await order(RICH.phone);
      const other = new BareBrowser();
      await other.get(again.link);
      const refused = await other.post(`${again.link}/platform?lang=en`, method);
      assert.match(refused.text, /is not registered there/);
    });

    test('a passkey is added once, pays, and when it is removed pays nothing', async () => {
      const lin = new BareBrowser();
      await logIn(lin, RICH);
      const finger = new Authenticator();
      const { made, added } = await addPasskey(lin, finger);
      assert.deepEqual(added, { status: 200, body: { said: 'registered' } });
      const again = await call(lin, `${base}/payer/registration`, made);
      assert.equal(again.status, 403, 'a challenge is good once');
      const unverified = new Authenticator();
      unverified.verified = false;
      assert.equal((await addPasskey(lin, unverified)).added.status, 403);
      const elsewhere = new Authenticator();
      const { body } = await call(lin, `${base}/payer/registration-options`, {});
      const foreign = { ...deed, origin: 'http://evil.example', challenge: String(body.challenge) };
      const phished = await call(lin, `${base}/payer/registration`, elsewhere.create(foreign));
      assert.equal(phished.status, 403);
      const pay = async () => {
        const { number, link } = await order(RICH.phone);
        const phone = new BareBrowser();
        await phone.get(link);
        const options = await call(phone, `${link}/passkey-options`, {});
        const challenge = String(options.body.challenge);
        const said = await call(phone, `${link}/passkey`, finger.get({ ...deed, challenge }));
        return { number, status: said.status };
      };
      const paid = await pay();
      assert.equal(paid.status, 200);
      await stand.state(paid.number, 'paid');
      finger.verified = false;
      assert.equal((await pay()).status, 403);
      finger.verified = true;
      finger.counter = 0;
      const copy = await pay();
      assert.equal(copy.status, 403, 'a counter that goes back is a copy');
      const { added: second } = await addPasskey(lin, new Authenticator());
      assert.equal(second.status, 200);
      const page = await lin.get(`${base}/payer`);
      assert.equal([...page.text.matchAll(/name="passkey"/g)].length, 1, 'the copied one is gone');
      const passkey = /name="passkey" value="([\w-]+)"/.exec(page.text)?.[1] ?? '';
      const after = await send(lin, 'remove-passkey', { passkey });
      assert.doesNotMatch(after.text, /name="passkey"/);
    });

    test('who is not logged in, whose session is over, or comes from another site does nothing', async () => {
      const nobody = new BareBrowser();
      for (const what of ['password', 'account', 'end', 'identity', 'remove-passkey']) {
        assert.match((await send(nobody, what, { password: NEW })).text, /Log in/);
      }
      const options = await call(nobody, `${base}/payer/registration-options`, {});
      assert.equal(options.status, 401);
      const lin = new BareBrowser();
      await logIn(lin, RICH);
      const foreign = { 'sec-fetch-site': 'cross-site' };
      const sent = await lin.post(`${base}/payer/password`, { password: NEW }, foreign);
      assert.equal(sent.status, 403);
      const kept = new Map(lin.cookies);
      await send(lin, 'log-out', {});
      for (const [name, value] of kept) lin.cookies.set(name, value);
      assert.match((await lin.get(`${base}/payer`)).text, /Log in/, 'a session ends for good');
      assert.equal(await paidBy(RICH.phone, PASSWORD), true);
    });

    test('five wrong PINs lock the account; guessing who somebody is ends the session', async () => {
      const huo = new BareBrowser();
      await logIn(huo, POOR);
      for (let n = 0; n < 4; n += 1) {
        assert.match((await send(huo, 'identity', { ...MEI, password: NEW })).text, /not those/);
      }
      assert.match((await send(huo, 'identity', { ...MEI, password: NEW })).text, /log in again/);
      assert.match((await huo.get(`${base}/payer`)).text, /Log in/);
      const wrong = { ...BLOCKED, pin: '111111' };
      for (let n = 0; n < 4; n += 1) {
        assert.match((await logIn(huo, wrong)).text, /is wrong/);
      }
      assert.match((await logIn(huo, wrong)).text, /locked/);
      assert.match((await logIn(huo, BLOCKED)).text, /locked/);
      const zh = await huo.post(`${base}/payer/log-in?lang=zh-CN`, { phone: '1', pin: '1' });
      assert.match(zh.text, /手机号码不正确/);
    });

    if (kind === 'apart') {
      test('an issuer that gives no answer is told so, and nothing is counted as wrong', async () => {
        const issuer = stand.all.wires?.issuer;
        if (issuer === undefined) throw new Error('no wire');
        issuer.next('/admissions', 'lose_request');
        const lin = new BareBrowser();
        assert.match((await logIn(lin, RICH)).text, /can’t be asked just now/);
        assert.match((await logIn(lin, RICH)).text, /Your ways to pay/);
      });
    }

    test('no page is heavy, and none has a whole phone or identity number', async () => {
      const mei = new BareBrowser();
      for (const page of [await mei.get(`${base}/payer`), await logIn(mei, ALSO_RICH)]) {
        assert.ok(page.bytes < 20_000, `${page.bytes} bytes`);
        for (const secret of [ALSO_RICH.phone.slice(3), MEI.identity_number]) {
          assert.ok(!page.text.includes(secret));
        }
      }
      const logged = JSON.stringify(stand.all.logged);
      for (const secret of [ALSO_RICH.phone, MEI.identity_number, LIN.identity_number, NEW]) {
        assert.ok(!logged.includes(secret), secret);
      }
    });
  });
}
