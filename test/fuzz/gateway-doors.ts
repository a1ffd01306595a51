/** What terminals, payers and strangers send a gateway: MQTT packets, signed uplinks, HTTP. */
import { request } from 'node:http';
import { connect } from 'node:net';
import type { DatabaseSync } from 'node:sqlite';
import { base64url, concat, utf8 } from '#device/codecs/bytes.ts';
import { seal } from '#device/codecs/jws.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { downlinkTopic, uplinkTopic } from '#device/messages/topics.ts';
import { systemClock } from '#gateway/clock.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import {
  bearerFor,
  enrol,
  makeOrder,
  RICH,
  startGateway,
  Terminal,
  type TestGateway,
} from '#test/gateway/harness.ts';
import { openStand, settle } from '#test/gateway/stand.ts';
import { differing, digester, withDatabase } from './database.ts';
import { broken, type Door } from './door.ts';
import { uplinksOf } from './messages.ts';

const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

/** Sealed with the terminal's own key: only what stands in it is wrong. */
export async function uplinkDoor(): Promise<Door> {
  const [stand, database] = await withDatabase(() => openStand());
  const digest = digester(database);
  const [terminal] = stand.terminals;
  const order = makeOrder(terminal.identity);
  await terminal.say({ kind: 'order', order });
  const golden = uplinksOf(order, makeOrder(terminal.identity));
  return {
    name: 'uplink',
    shape: 'json',
    golden: golden.map(json),
    async take(input) {
      const before = digest();
      const text = new TextDecoder().decode(input);
      let payload: unknown = text;
      try {
        payload = JSON.parse(text);
      } catch {
        // Sealed as text.
      }
      const said = await stand.core.uplinks.handle(
        terminal.identity.terminal,
        utf8(seal('HS256', terminal.keys.uplink, payload)),
      );
      const after = digest();
      if (said === 'refused' && after !== before) {
        broken(`refused, and something was kept in ${differing(before, after)}`);
      }
    },
    async check() {
      await settle();
      const balance = trialBalance(stand.core.tables);
      if (!balance.balanced) broken('the books do not balance');
    },
    close: () => stand.core.close(),
  };
}

interface Said {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

interface HttpGround {
  readonly gateway: TestGateway;
  readonly terminal: Terminal;
  readonly database: DatabaseSync;
}

/** Time stands: what expires would change the store between two looks. */
async function openGround(): Promise<HttpGround> {
  const at = Date.now();
  const clock = {
    now: () => at,
    monotonic: () => performance.now(),
    after: (ms: number, then: () => void) =>
      ms < 2000 ? systemClock.after(ms, then) : () => undefined,
  };
  const [gateway, database] = await withDatabase(() => startGateway({ clock }));
  const terminal = await Terminal.connect(await enrol(gateway.http));
  return { gateway, terminal, database };
}

/** Every path that the gateway documents, with the bodies of a sale and of its refund. */
async function requests({ gateway, terminal }: HttpGround): Promise<Said[]> {
  const order = await terminal.offer(makeOrder(terminal.identity));
  const bearer = await bearerFor(gateway.http, terminal, order);
  const open = await terminal.offer(makeOrder(terminal.identity));
  const auth = (token: string) => ({ authorization: `Bearer ${token}` });
  const keyed = { 'idempotency-key': 'k-1' };
  const qr = terminal.token(open);
  const post = (path: string, body: unknown, headers = {}): Said => ({
    ...{ method: 'POST', path, body },
    headers: { 'content-type': 'application/json', ...headers },
  });
  const known = [
    post('/v1/enrolments', { code: 'CODE-0002' }),
    post('/v1/matches', { qr, latitude: 31.23012, longitude: 121.46351, accuracy_m: 8 }),
    post('/v1/matches', { qr, digits: terminal.digits(open) }),
    post('/v1/matches', { broadcast: terminal.broadcast(open) }),
    post(`/v1/orders/${order.number}/payments`, RICH, { ...auth(bearer), ...keyed }),
    post(
      `/v1/orders/${order.number}/refunds`,
      { amount_minor: 100 },
      { ...auth(gateway.operatorToken), 'idempotency-key': 'k-2' },
    ),
  ];
  const described = await fetch(`${gateway.http}/openapi.json`);
  const paths: Record<string, Record<string, unknown>> = described.ok
    ? ((await described.json()) as { paths: Record<string, Record<string, unknown>> }).paths
    : {};
  const rest = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): Said => {
      const filled = path.replaceAll(/\{[^}]+\}/g, order.number);
      const token = path.startsWith('/v1/orders/') ? bearer : gateway.operatorToken;
      const headers = { ...auth(token), 'content-type': 'application/json' };
      return { method: method.toUpperCase(), path: filled, headers, body: { ...RICH, qr } };
    }),
  );
  return [...known, ...rest.filter(({ path }) => !path.includes('events'))];
}

function send(url: string, said: Said): Promise<{ status: number; text: string } | null> {
  return new Promise((resolve, reject) => {
    let call: ReturnType<typeof request>;
    try {
      const { method, headers } = said;
      call = request(new URL(url).origin, {
        method,
        path: said.path,
        headers,
        agent: false,
        timeout: 5000,
      });
    } catch {
      // The client's own library refuses to send it.
      return resolve(null);
    }
    call.on('timeout', () => reject(new Error('no answer in five seconds')));
    call.on('error', (error: NodeJS.ErrnoException) =>
      ['ECONNRESET', 'EPIPE', 'HPE_INVALID_CONSTANT'].includes(error.code ?? '')
        ? resolve(null)
        : reject(error),
    );
    call.on('response', (response) => {
      let text = '';
      const done = (): void => resolve({ status: response.statusCode ?? 0, text });
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', done);
      response.on('error', done);
      // A stream of events does not end by itself.
      if (/event-stream/.test(response.headers['content-type'] ?? '')) {
        response.destroy();
        done();
      }
    });
    const { body } = said;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    if (said.method === 'GET' || said.method === 'HEAD' || text === undefined) call.end();
    else call.end(text);
  });
}

const QUIET_MS = 200;

/** A request with anything wrong in it is refused in words, and leaves the books as they were. */
export async function httpDoor(): Promise<Door> {
  const ground = await openGround();
  const { gateway, terminal, database } = ground;
  const digest = digester(database);
  const golden = await requests(ground);
  /** What came before it may still have been on its way: it is sent again when all is quiet. */
  const changesAgain = async (said: Said): Promise<string> => {
    for (let known = ''; known !== digest(); ) {
      known = digest();
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
    const before = digest();
    await send(gateway.http, said);
    return differing(before, digest());
  };
  return {
    name: 'http',
    shape: 'json',
    golden: golden.map(json),
    async take(input) {
      let said: Said;
      try {
        said = JSON.parse(new TextDecoder().decode(input));
      } catch {
        said = { ...POSTED, body: new TextDecoder().decode(input) };
      }
      if (typeof said?.path !== 'string' || typeof said.method !== 'string') return;
      const before = digest();
      const answer = await send(gateway.http, said);
      if (answer === null) return;
      const { status, text } = answer;
      const where = `${said.method} ${said.path.slice(0, 80)}`;
      if (status === 500) {
        const why = gateway.logged.findLast(({ level }) => level === 'error')?.says ?? '';
        broken(`${where} answers 500: ${why}`);
      }
      if (status >= 400 && digest() !== before) {
        const changed = await changesAgain(said);
        if (changed !== '') broken(`${where}: ${status}, and something was kept in ${changed}`);
      }
      if (status >= 400 && said.path.startsWith('/v1/') && said.method !== 'HEAD') {
        const problem: unknown = JSON.parse(text);
        if (typeof problem !== 'object') broken(`${where}: ${text.slice(0, 80)} is no problem`);
      }
    },
    async check() {
      const books = await send(gateway.http, {
        ...{ method: 'GET', path: '/v1/ledger/trial-balance', body: undefined },
        headers: { authorization: `Bearer ${gateway.operatorToken}` },
      });
      if (JSON.parse(books?.text ?? '{}').balanced !== true) broken('the books do not balance');
    },
    async close() {
      await terminal.close();
      await gateway.close();
    },
  };
}

const POSTED: Omit<Said, 'body'> = {
  ...{ method: 'POST', path: '/v1/matches' },
  headers: { 'content-type': 'application/json' },
};

// ── MQTT packets, as they are on the wire (OASIS MQTT 3.1.1) ────────────────────────────────────

const field = (bytes: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes);

/** Fixed header and remaining length, § 2.2. */
function packet(head: number, ...parts: Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  const length: number[] = [];
  for (let rest = body.length; rest > 0 || length.length === 0; rest >>= 7) {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
  }
  return concat(Uint8Array.of(head, ...length), body);
}

/** Bytes to the broker, mostly after a good CONNECT: the gateway goes on, and the books hold. */
export async function mqttDoor(): Promise<Door> {
  const { gateway, terminal, database } = await openGround();
  const { identity } = terminal;
  const address = new URL(gateway.mqtt);
  const id = utf8(identity.terminal);
  const password = utf8(base64url(deriveKeys(identity.secret).broker));
  const connected = packet(
    0x10,
    field(utf8('MQTT')),
    Uint8Array.of(4, 0xc2, 0, 30),
    ...[utf8('fuzz'), id, password].map(field),
  );
  const order = makeOrder(identity);
  const body = utf8(terminal.seal({ kind: 'order', order }));
  const number = Uint8Array.of(0, 1);
  const golden = [
    connected,
    packet(0x82, number, field(utf8(downlinkTopic(identity.terminal))), Uint8Array.of(1)),
    packet(0x32, field(utf8(uplinkTopic(identity.terminal))), number, body),
    packet(0x34, field(utf8(uplinkTopic(identity.terminal))), number, body),
    packet(0x40, number),
    packet(0x62, number),
    packet(0xa2, number, field(utf8(downlinkTopic(identity.terminal)))),
    packet(0xc0),
    packet(0xe0),
  ];
  return {
    name: 'mqtt',
    shape: 'bytes',
    golden,
    async take(input) {
      const socket = connect(Number(address.port), address.hostname);
      socket.on('error', () => undefined);
      const heard = new Promise((resolve) => {
        socket.once('data', resolve);
        socket.once('close', resolve);
        setTimeout(resolve, 25).unref();
      });
      if (input[0] !== 0x10) socket.write(connected);
      socket.end(input);
      await heard;
      socket.destroy();
      await settle();
      const failed = gateway.logged.find(({ level }) => level === 'error');
      if (failed !== undefined) broken(`logs ${failed.says}`);
    },
    async check() {
      const health = await send(gateway.http, {
        ...POSTED,
        method: 'GET',
        path: '/v1/health',
        body: '',
      });
      if (health?.status !== 200) broken(`health is ${health?.status}`);
      // The order may have come whole; what its signature covers did not change on the way.
      const kept = database.prepare('SELECT body FROM orders').all();
      const changed = kept.find(({ body }) => body !== JSON.stringify(order));
      if (changed !== undefined) broken(`${changed.body} was recorded`);
    },
    async close() {
      await terminal.close();
      await gateway.close();
    },
  };
}
