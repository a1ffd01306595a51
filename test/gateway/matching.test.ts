import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeMerchantPresented } from '#device/codecs/emvco.ts';
import type { Order } from '#device/messages/order.ts';
import {
  type Answer,
  call,
  enrol,
  makeOrder,
  match,
  operator,
  PLACE,
  pay,
  RICH,
  shiftedClock,
  startGateway,
  Terminal,
  type TestGateway,
} from './harness.ts';

/** Metres north of the stall; a degree of latitude is about 111,195 m. */
const north = (metres: number, accuracy_m = 10) => ({
  latitude: PLACE.latitude + metres / 111_195,
  longitude: PLACE.longitude,
  accuracy_m,
});

describe('matching', () => {
  const clock = shiftedClock();
  let gateway: TestGateway;
  let terminal: Terminal;
  let stranger: Terminal;
  let order: Order;
  const ask = (body: unknown): Promise<Answer> => match(gateway.http, body);
  const fresh = () => terminal.offer(makeOrder(terminal.identity));
  const refused = (answer: Answer, status: number, code: string): void => {
    assert.equal(answer.body.code, code);
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    assert.equal(typeof answer.body.detail, 'string');
  };

  before(async () => {
    gateway = await startGateway({ clock });
    terminal = await Terminal.connect(await enrol(gateway.http));
    stranger = await Terminal.connect(await enrol(gateway.http, 'CODE-0002'));
    order = await fresh();
  });
  after(async () => {
    await terminal.close();
    await stranger.close();
    await gateway.close();
  });

  test('by position within the radius and the phone’s own accuracy', async () => {
    const qr = `${terminal.identity.pay_url}${terminal.token(order)}`;
    const near = await ask({ qr, position: north(25) });
    assert.equal(near.status, 200);
    assert.equal(typeof near.body.bearer, 'string');
    assert.equal((await ask({ qr, position: north(75, 48) })).status, 200);
    assert.equal((await ask({ qr, position: north(42, 10) })).body.code, 'elsewhere');
  });

  test('elsewhere: the QR was carried away, however vague the phone is', async () => {
    const answer = await ask({ qr: terminal.token(order), position: north(5000, 1e6) });
    refused(answer, 403, 'elsewhere');
    assert.equal(answer.body.distance_m, 5000);
    assert.equal(answer.body.allowed_m, 80);
  });

  test('by the two digits, of now and of a moment ago', async () => {
    const [qr, now] = [terminal.token(order), Date.now()];
    assert.equal((await ask({ qr, digits: terminal.digits(order, now) })).status, 200);
    assert.equal((await ask({ qr, digits: terminal.digits(order, now - 15_000) })).status, 200);
  });

  test('three wrong digits close the QR path of that order, and leave the broadcast', async () => {
    const own = await fresh();
    const [qr, now] = [terminal.token(own), Date.now()];
    const right = [-1, 0, 1].map((steps) => terminal.digits(own, now + steps * 30_000));
    const wrong = ['00', '01', '02', '03'].find((digits) => !right.includes(digits)) ?? '';
    const first = await ask({ qr, digits: wrong });
    refused(first, 403, 'wrong_digits');
    assert.equal(first.body.tries_left, 2);
    assert.equal((await ask({ qr, digits: wrong })).body.tries_left, 1);
    refused(await ask({ qr, digits: wrong }), 403, 'too_many_tries');
    refused(await ask({ qr, digits: terminal.digits(own) }), 403, 'too_many_tries');
    refused(await ask({ qr, position: north(0) }), 403, 'too_many_tries');
    assert.equal((await ask({ broadcast: terminal.broadcast(own) })).status, 200);
  });

  test('many guesses at once are counted one by one', async () => {
    const own = await fresh();
    const qr = terminal.token(own);
    const right = [-1, 0, 1].map((steps) => terminal.digits(own, Date.now() + steps * 30_000));
    const guesses = Array.from({ length: 12 }, (_, at) => String(at + 10)).filter(
      (digits) => !right.includes(digits),
    );
    const answers = await Promise.all(guesses.map((digits) => ask({ qr, digits })));
    const codes = answers.map(({ body }) => body.code);
    assert.equal(codes.filter((code) => code === 'wrong_digits').length, 2);
    assert.equal(codes.filter((code) => code === 'too_many_tries').length, guesses.length - 2);
  });

  test('a QR without presence', async () => {
    refused(await ask({ qr: terminal.token(order) }), 403, 'presence_missing');
  });

  test('an EMVCo payload, and one that names another amount', async () => {
    const payload = (amount_minor: number) =>
      writeMerchantPresented({
        token: terminal.token(order),
        amount_minor,
        currency: 'CNY',
        merchant: 'Lin',
        city: 'Shanghai',
        country: 'CN',
        category: '5814',
        bill: order.number,
      });
    const digits = terminal.digits(order);
    assert.equal((await ask({ qr: payload(order.amount_minor), digits })).status, 200);
    refused(await ask({ qr: payload(1), digits }), 403, 'forged');
    refused(await ask({ qr: payload(1250).replace('12.50', '12.51'), digits }), 422, 'not_ours');
  });

  test('by broadcast alone', async () => {
    const answer = await ask({ broadcast: terminal.broadcast(order) });
    assert.equal(answer.status, 200);
    const { number } = answer.body.order as Order;
    assert.equal(number, order.number);
  });

  test('a broadcast with a wrong authenticator, or kept for later', async () => {
    const good = terminal.broadcast(order);
    const flipped = good.slice(0, -1) + (good.endsWith('0') ? '1' : '0');
    refused(await ask({ broadcast: flipped }), 403, 'forged');
    refused(await ask({ broadcast: stranger.broadcast(order) }), 403, 'forged');
    const old = terminal.broadcast(order, Date.now() - 90_000);
    refused(await ask({ broadcast: old }), 410, 'too_old');
    refused(await ask({ broadcast: 'ffff00' }), 422, 'not_ours');
  });

  test('a QR that is forged, of another stall’s key, place or order, or kept for later', async () => {
    const digits = terminal.digits(order);
    refused(await ask({ qr: stranger.token(order), digits }), 403, 'forged');
    const moved = { ...order, place: { ...order.place, latitude: 31.3 } };
    refused(await ask({ qr: terminal.token(moved), digits }), 403, 'forged');
    const photo = terminal.token(order, Date.now() - 120_000);
    refused(await ask({ qr: photo, digits }), 410, 'too_old');
    const ahead = terminal.token(order, Date.now() + 120_000);
    refused(await ask({ qr: ahead, digits }), 422, 'too_early');
    refused(await ask({ qr: 'https://example.com/', digits }), 422, 'not_ours');
  });

  test('an order that has not arrived', async () => {
    const unsent = makeOrder(terminal.identity);
    const answer = await ask({ qr: terminal.token(unsent), digits: '11' });
    refused(answer, 404, 'unknown_order');
    assert.equal(answer.headers.get('retry-after'), '1');
  });

  test('an order that has ended', async () => {
    const own = await fresh();
    await terminal.say({ kind: 'close', close: { order: own.number, because: 'cancelled' } });
    const answer = await ask({ qr: terminal.token(own), digits: terminal.digits(own) });
    refused(answer, 409, 'closed');
    assert.equal(answer.body.state, 'cancelled');
    refused(await ask({ broadcast: terminal.broadcast(own) }), 409, 'closed');
  });

  test('the bearer opens its own order, for a while, and is what a payment needs', async () => {
    const other = await fresh();
    const { body } = await ask({ broadcast: terminal.broadcast(order) });
    const bearer = String(body.bearer);
    const look = (number: string, text?: string) =>
      call(`${gateway.http}/v1/orders/${number}`, text === undefined ? {} : { bearer: text });
    assert.equal((await look(order.number, bearer)).status, 200);
    refused(await look(other.number, bearer), 401, 'bearer_invalid');
    refused(await look(order.number), 401, 'bearer_missing');
    refused(await look(order.number, `${bearer.slice(0, -2)}AA`), 401, 'bearer_invalid');
    refused(await pay(gateway.http, other.number, bearer, RICH), 401, 'bearer_invalid');
    clock.ahead = 11 * 60_000;
    refused(await look(order.number, bearer), 401, 'bearer_expired');
    clock.ahead = 0;
  });

  test('the trail says how each phone was matched, and names nobody', async () => {
    const { body } = await operator(gateway, `/v1/orders/${order.number}/trail`);
    const events = body.events as { kind: string; detail: { via?: string } }[];
    const ways = new Set(events.flatMap(({ detail }) => detail.via ?? []));
    assert.deepEqual([...ways].sort(), ['broadcast', 'digits', 'position']);
    assert.doesNotMatch(JSON.stringify(body), /127\.0\.0\.1|138000/);
  });
});
