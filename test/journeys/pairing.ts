/**
 * Rows E1–E6, every organ on its wire: a phone types the number on the screen, is asked when the vendor
 * keys an amount, pays on the platform's own page, and the terminal says so.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { PairedView } from '#simulators/phone/paired.ts';
import type { TestStall } from './stall.ts';

const RICH = { account: 'alice', password: 'lotus-alice-1' };
const POOR = { account: 'bob', password: 'lotus-bob-1' };

interface Told {
  readonly ok: boolean;
  readonly view: PairedView;
  readonly refusal?: { readonly code: string };
}

export function tellPairing(open: () => TestStall): void {
  describe('a phone that is paired', () => {
    let stall: TestStall;
    before(async () => {
      stall = open();
      await stall.begin();
    });

    const call = (name: string, what: string, body: object = {}): Promise<Told> =>
      stall.client.call('POST', `phones/${name}/${what}`, body);
    const look = (name: string, step: PairedView['step']): Promise<Told> =>
      stall.client.call('GET', `phones/${name}/paired?step=${step}`);

    function pair(name: string, at: number): Promise<Told> {
      const payer = stall.client.state.payers[at];
      assert.ok(payer);
      return call(name, 'pair', { phone: payer.phone, pin: payer.pin });
    }

    async function agree(name: string): Promise<void> {
      assert.equal((await look(name, 'confirm')).view.step, 'confirm');
      const said = await call(name, 'answer', { answer: 'yes' });
      assert.equal(said.view.step, 'pay', JSON.stringify(said));
    }

    test('paired by the number on the screen, refused once, then paid and spoken', async () => {
      await stall.key('\u001b', /Terminal \d{3} \d{3}/);
      const paired = await pair('Alice', 0);
      assert.equal(paired.view.step, 'wait', JSON.stringify(paired));
      await stall.waitForScreen(/Phone •••• 0001 is connected/);
      await stall.key('12.50\n', /The phone is asked/);
      await agree('Alice');
      await stall.waitForScreen(/Paying/);
      await call('Alice', 'platform', POOR);
      await stall.waitForScreen(/Payment failed[\s\S]*not enough money/);
      assert.equal((await look('Alice', 'confirm')).view.attempt?.reason, 'insufficient_funds');
      assert.equal((await stall.spoken(0)).length, 0, 'nothing final has happened');
      await agree('Alice');
      await call('Alice', 'platform', RICH);
      await stall.waitForScreen(/Paid/);
      assert.deepEqual(await stall.spoken(1), ['received twelve yuan fifty']);
      assert.equal((await look('Alice', 'paid')).view.order?.amount_minor, 1250);
      const books = await stall.trialBalance();
      assert.deepEqual(books.complaints, []);
    });

    test('the next customer takes the place; a second one at the same time does not', async () => {
      await stall.key('\n', /Terminal \d{3} \d{3}/);
      const bob = await pair('Bob', 1);
      assert.equal(bob.ok, true, JSON.stringify(bob));
      await stall.waitForScreen(/Phone •••• 0002 is connected/);
      const refused = await pair('Alice', 0);
      assert.equal(refused.refusal?.code, 'terminal_taken');
    });

    test('cancelled while paying: called off, no money is taken, and it is said', async () => {
      await stall.key('8\n', /The phone is asked/);
      await agree('Bob');
      await stall.waitForScreen(/Paying/);
      await stall.key('\u001b', /Cancelled/);
      assert.equal((await look('Bob', 'ended')).view.order?.state, 'cancelled');
    });

    test('the vendor sends the phone away with Cancel on the empty screen', async () => {
      await stall.key('\n', /is connected/);
      await stall.key('\u001b');
      await stall.client.until('no phone on the screen', () => !/is connected/.test(stall.screen));
      assert.equal((await look('Bob', 'pair')).view.unpaired, 'terminal');
    });

    test('no log and no wire but the messages names a payer, after a sale by the code, too', async () => {
      await stall.key('9.50\n', /9.50/);
      const [payer] = stall.client.state.payers;
      assert.ok(payer);
      await stall.client.until('the QR', () => stall.client.state.screen.qr);
      await stall.client.call('POST', 'phones/Alice/scan', {});
      const { phone, pin } = payer;
      await stall.client.call('POST', 'phones/Alice/pay', { phone, pin });
      await stall.waitForScreen(/Paid/);
      const said = () => stall.client.state.spoken.at(-1)?.text === 'received nine yuan fifty';
      await stall.client.until('the sentence', said);
      const wires = stall.client.wires.filter(({ wire }) => wire !== 'sms' && wire !== 'mail');
      assert.ok(wires.some(({ wire }) => wire === 'mqtt'));
      const all = [...stall.said, JSON.stringify(wires), stall.screen].join('\n');
      const phones = stall.client.state.payers.flatMap((each) => [each.phone, each.phone.slice(3)]);
      for (const secret of [...phones, RICH.password, POOR.password]) {
        assert.ok(!all.includes(secret), secret);
      }
    });
  });
}
