/** Passwords of parties: hard to guess, and no stranger keeps a party from its pages. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { systemChance } from '#gateway/clock.ts';
import { openCore } from '#gateway/core.ts';
import { deriveGatewayKeys, keyedDigest } from '#gateway/keys.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { openWeb } from '#gateway/web/server.ts';
import { closeStands, openStand, type Stand, VOUCHER_SEED } from './voucher-stand.ts';

const MINUTE_MS = 60_000;
const PASSWORD = 'password of chen';

let stand: Stand;
beforeEach(async () => {
  stand = await openStand('together');
});
afterEach(closeStands);

/** What is said to a log-in from an address. */
const logIn = async (client: string, password = 'a guess', party = 'chen'): Promise<string> =>
  (await stand.core.parties.logIn(party, password, client)).said;

/** What a guess from each of so many addresses is told. */
async function guessFrom(addresses: number, party = 'chen', each = 5): Promise<string[]> {
  const said: string[] = [];
  for (let client = 0; client < addresses; client += 1) {
    for (let guess = 0; guess < each; guess += 1) {
      said.push(await logIn(`stranger ${client}`, 'a guess', party));
    }
  }
  return said;
}

describe('a party’s password', () => {
  test('five wrong ones lock the name for their address, with the right one too, and nowhere else', async () => {
    const four = Array<string>(4).fill('wrong_password');
    assert.deepEqual(await guessFrom(1), [...four, 'locked']);
    assert.equal(await logIn('stranger 0', PASSWORD), 'locked');
    assert.equal(await logIn('stranger 0', 'password of zhao', 'zhao'), 'in');
    assert.equal(await logIn('office', PASSWORD), 'in');
    stand.clock.ahead += 15 * MINUTE_MS;
    assert.equal(await logIn('stranger 0', PASSWORD), 'in');
  });

  test('the right one begins the count anew, and so does a quarter of an hour', async () => {
    await guessFrom(1, 'chen', 4);
    assert.equal(await logIn('stranger 0', PASSWORD), 'in');
    assert.deepEqual(new Set(await guessFrom(1, 'chen', 4)), new Set(['wrong_password']));
    stand.clock.ahead += 15 * MINUTE_MS;
    assert.equal((await guessFrom(1, 'chen', 4)).at(-1), 'wrong_password');
  });

  test('fifty from everywhere lock it for all but where the party was, a quarter of an hour', async () => {
    assert.equal(await logIn('office', PASSWORD), 'in');
    const said = await guessFrom(10);
    assert.equal(said.filter((each) => each === 'wrong_password').length, 40);
    assert.equal(await logIn('another', PASSWORD), 'locked');
    assert.equal(await logIn('office', PASSWORD), 'in');
    assert.equal(await logIn('another', 'password of zhao', 'zhao'), 'in');
    // Where the party was, five are enough as anywhere.
    for (let guess = 0; guess < 5; guess += 1) await logIn('office');
    assert.equal(await logIn('office', PASSWORD), 'locked');
    stand.clock.ahead += 15 * MINUTE_MS;
    assert.equal(await logIn('another', PASSWORD), 'in');
    assert.equal(await logIn('office', PASSWORD), 'in');
  });

  test('fifty over a longer time lock nobody, and nothing of them is kept', async () => {
    for (let quarter = 0; quarter < 3; quarter += 1) {
      await guessFrom(9);
      stand.clock.ahead += 15 * MINUTE_MS;
    }
    assert.equal(await logIn('office', PASSWORD), 'in');
    assert.equal(await logIn('another'), 'wrong_password');
    const name = keyedDigest(stand.core.keys, 'party name\nchen');
    const { funds } = stand.core.tables;
    assert.equal(funds.partyTries(name, 'another')?.failures, 1);
    assert.equal(funds.partyTries(name, 'stranger 0'), undefined);
  });

  test('a month later an address is anybody’s again', async () => {
    assert.equal(await logIn('office', PASSWORD), 'in');
    stand.clock.ahead += 31 * 24 * 60 * MINUTE_MS;
    await guessFrom(10);
    assert.equal(await logIn('office', PASSWORD), 'locked');
  });

  test('a name that there is not is answered the same', async () => {
    assert.deepEqual(await guessFrom(11, 'ghost'), await guessFrom(11, 'chen'));
  });

  test('the operator’s renewal ends all locks, and what addresses were the party’s', async () => {
    await logIn('office', PASSWORD);
    await guessFrom(10);
    await stand.core.parties.renew('chen', 'another window');
    assert.equal(await logIn('stranger 0', 'another window'), 'in');
    await guessFrom(11);
    assert.equal(await logIn('office', 'another window'), 'locked');
  });

  test('a lock outlasts a restart', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hawker-log-in-'));
    const keys = deriveGatewayKeys(systemChance.bytes(32));
    const open = () =>
      openCore({
        ...{ database: join(directory, 'gateway.sqlite'), clock: stand.clock, keys },
        ...{ chance: systemChance, log: () => undefined, defer: (then) => setImmediate(then) },
        stretch: async (secret) => secret.slice(0, 32),
      });
    const first = open();
    await applySeed(first, seedSchema.parse(VOUCHER_SEED));
    for (let guess = 0; guess < 5; guess += 1) await first.parties.logIn('chen', 'a guess', 'here');
    first.close();
    const second = open();
    assert.equal((await second.parties.logIn('chen', PASSWORD, 'here')).said, 'locked');
    assert.equal((await second.parties.logIn('chen', PASSWORD, 'there')).said, 'in');
    second.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('on the page, an address of IPv6 is its whole network, and one behind a proxy its own', async () => {
    const web = await openWeb(stand.core, {
      ...{ host: '127.0.0.1', port: 0, broker: 'mqtt://127.0.0.1:1' },
      ...{ operatorToken: 'operator', agentToken: 'agent' },
    });
    const post = async (from: string, password: string) => {
      const body = new URLSearchParams({ party: 'chen', password });
      const headers = { 'x-forwarded-for': from };
      const sent = { method: 'POST', body, headers, redirect: 'manual' } as const;
      const answer = await fetch(`${web.url}/vouchers/log-in?lang=en`, sent);
      return `${answer.status} ${/data-code="(\w+)">[^<]*/.exec(await answer.text())?.[0] ?? ''}`;
    };
    for (let guess = 0; guess < 4; guess += 1) {
      assert.match(
        await post(`2001:db8::${guess}`, 'a guess'),
        /^422 .*Party or password is wrong/,
      );
    }
    const locked = /^422 data-code="account_locked">Too many wrong passwords/;
    assert.match(await post('2001:db8::5', 'a guess'), locked);
    assert.match(await post('2001:db8::6', PASSWORD), locked);
    assert.match(await post('2001:db8:0:1::6', PASSWORD), /^303/);
    assert.match(await post('192.0.2.7', PASSWORD), /^303/);
    await web.close();
  });
});
