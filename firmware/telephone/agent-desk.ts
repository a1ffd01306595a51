/**
 * The agents' page: a login with the agent's own token, a socket for calls and their sound, and the
 * recordings. Listens where it is told: on loopback, or behind something that brings TLS.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import type { Chance, Clock } from '#device/ports/clock.ts';
import { AgentCalls } from './agent-calls.ts';
import { CONTENT_SECURITY_POLICY, deskPage, type Language, loginPage } from './agent-pages.ts';
import { AgentSession } from './agent-session.ts';
import { HttpOrderCentre } from './centre.ts';
import { type DeskEvent, maskNumber } from './desk.ts';
import type { Recordings } from './recordings.ts';

export interface AgentDeskParts {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  /** Of the order centre. */
  readonly url: URL;
  readonly merchant: string;
  readonly recordings: Pick<Recordings, 'list' | 'file' | 'find'>;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly tell: (event: DeskEvent) => void;
}

export interface AgentDesk {
  readonly url: string;
  readonly handler: AgentCalls;
  close(): Promise<void>;
}

const COOKIE = 'hawker_desk';
/** A shift; whoever stays longer logs in again. */
const SESSION_MS = 12 * 3_600_000;
const LONGEST_FORM = 2048;
/** Wrong tokens in a minute, from anybody. */
const MOST_TRIES = 10;
const MOST_RECORDINGS = 30;

const FILES: Readonly<Record<string, string>> = {
  '/desk.css': 'text/css; charset=utf-8',
  '/desk.js': 'text/javascript; charset=utf-8',
  '/parts.js': 'text/javascript; charset=utf-8',
  '/recordings.js': 'text/javascript; charset=utf-8',
  '/sound.js': 'text/javascript; charset=utf-8',
  '/worklet.js': 'text/javascript; charset=utf-8',
};

class DeskServer {
  readonly #parts: AgentDeskParts;
  readonly #calls = new AgentCalls();
  readonly #sessions = new Map<
    string,
    { readonly session: AgentSession; readonly until: number }
  >();
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 });
  readonly #server: Server;
  #tries: number[] = [];

  constructor(parts: AgentDeskParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        parts.tell({ event: 'log', what: `desk: ${String(error)}` });
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
    this.#server.on('upgrade', (request, socket, head) => {
      const session = this.#sessionOf(request);
      if (request.url !== '/socket' || session === null || !isOwnPage(request)) {
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (opened) => session.connect(opened));
    });
  }

  open(): Promise<AgentDesk> {
    const { host, port } = this.#parts;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        const at = typeof address === 'object' && address !== null ? address.port : port;
        const name = host.includes(':') ? `[${host}]` : host;
        const close = (): Promise<void> => this.#close();
        resolve({ url: `http://${name}:${at}/`, handler: this.#calls, close });
      });
    });
  }

  async #close(): Promise<void> {
    for (const { session } of this.#sessions.values()) session.close('restart');
    this.#sockets.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://desk');
    const language = languageOf(request, url);
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'same-origin');
    response.setHeader('cache-control', 'no-store');
    response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
    if (request.method === 'POST') return this.#post(url, request, response, language);
    if (request.method !== 'GET') return end(response, 405, 'GET or POST');
    const type = FILES[url.pathname];
    if (type !== undefined) {
      response.setHeader('content-type', type);
      return end(response, 200, readFileSync(join(import.meta.dirname, 'page', url.pathname)));
    }
    const session = this.#sessionOf(request);
    if (url.pathname === '/') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      const wrong = url.searchParams.get('wrong');
      if (session === null) return end(response, 200, loginPage(language, wrong));
      return end(response, 200, deskPage(language, session.name));
    }
    if (session === null) return end(response, 401, 'log in first');
    if (url.pathname === '/recordings') return this.#listRecordings(response);
    const id = /^\/recordings\/([\w-]{1,60})\.wav$/.exec(url.pathname)?.[1];
    if (id !== undefined) return this.#sendRecording(id, session, request, response);
    return end(response, 404, 'no such page');
  }

  async #post(
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
    language: Language,
  ): Promise<void> {
    // A form of another page may not log anybody in or out.
    if (!isOwnPage(request)) return end(response, 403, 'foreign form');
    const back = (query: string): void => {
      response.writeHead(303, { location: `/?lang=${language}${query}` }).end();
    };
    if (url.pathname === '/logout') {
      const cookie = cookieOf(request);
      this.#sessions.get(cookie)?.session.close();
      this.#sessions.delete(cookie);
      response.setHeader('set-cookie', `${COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict`);
      return back('');
    }
    if (url.pathname !== '/login') return end(response, 404, 'no such page');
    const form = new URLSearchParams(await readBody(request));
    const now = this.#parts.clock.monotonic();
    this.#tries = this.#tries.filter((at) => now - at < 60_000);
    if (this.#tries.length >= MOST_TRIES) return back('&wrong=slow_down');
    const made = await this.#logIn((form.get('token') ?? '').trim());
    if (made === 'wrong') this.#tries.push(now);
    if (made === 'wrong' || made === 'away') return back(`&wrong=${made}`);
    response.setHeader('set-cookie', `${COOKIE}=${made.cookie}; Path=/; HttpOnly; SameSite=Strict`);
    return back('');
  }

  async #logIn(token: string): Promise<'wrong' | 'away' | { readonly cookie: string }> {
    const { url, merchant, clock, chance, tell } = this.#parts;
    if (!/^[\w-]{20,200}$/.test(token)) return 'wrong';
    const centre = new HttpOrderCentre({ url, merchant, token, clock });
    const name = await centre.agent().catch(() => undefined);
    if (name === undefined) return 'away';
    if (name === null) return 'wrong';
    const cookie = Buffer.from(chance.bytes(24)).toString('base64url');
    const session = new AgentSession({ name, centre, calls: this.#calls, clock, tell });
    this.#sessions.set(cookie, { session, until: clock.monotonic() + SESSION_MS });
    tell({ event: 'agent', agent: name, is: 'in' });
    return { cookie };
  }

  #sessionOf(request: IncomingMessage): AgentSession | null {
    const cookie = cookieOf(request);
    const found = this.#sessions.get(cookie);
    if (found === undefined) return null;
    if (found.until > this.#parts.clock.monotonic()) return found.session;
    found.session.close();
    this.#sessions.delete(cookie);
    return null;
  }

  async #listRecordings(response: ServerResponse): Promise<void> {
    const all = await this.#parts.recordings.list();
    const recordings = all.slice(0, MOST_RECORDINGS).map(({ number, ...info }) => ({
      ...{ id: info.id, at: info.started_at, length_ms: info.length_ms, ended: info.ended },
      from: maskNumber(number),
    }));
    response.setHeader('content-type', 'application/json');
    end(response, 200, JSON.stringify({ recordings }));
  }

  /** Who listened is told, as recordings are other people's. */
  async #sendRecording(
    id: string,
    { name }: AgentSession,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const file = await this.#parts.recordings.file(id);
    if (file === null) return end(response, 404, 'no such recording');
    try {
      const { size } = await file.stat();
      const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
      const from = Number(asked?.[1] ?? 0);
      const to = Math.min(size - 1, Number(asked?.[2] || size - 1));
      if (from > to) {
        response.setHeader('content-range', `bytes */${size}`);
        return end(response, 416, '');
      }
      if (from === 0) this.#parts.tell({ event: 'played', id, agent: name });
      response.writeHead(asked === null ? 200 : 206, {
        ...{ 'content-type': 'audio/wav', 'accept-ranges': 'bytes' },
        'content-length': to - from + 1,
        ...(asked === null ? {} : { 'content-range': `bytes ${from}-${to}/${size}` }),
      });
      const stream = file.createReadStream({ start: from, end: to, autoClose: false });
      for await (const part of stream) {
        if (!response.write(part))
          await new Promise((go) => response.once('drain', go).once('close', go));
        if (response.destroyed) break;
      }
      response.end();
    } finally {
      await file.close();
    }
  }
}

/** Rejects where the address can't be listened on. */
export const openAgentDesk = (parts: AgentDeskParts): Promise<AgentDesk> =>
  new DeskServer(parts).open();

function end(response: ServerResponse, status: number, body: string | Buffer): void {
  response.statusCode = status;
  response.end(body);
}

const cookieOf = (request: IncomingMessage): string =>
  new RegExp(`(?:^|; )${COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? '')?.[1] ?? '';

/** Whether what asks is a page of this very address. */
function isOwnPage({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  return origin !== undefined && URL.parse(origin)?.host === host;
}

function languageOf(request: IncomingMessage, url: URL): Language {
  const asked = url.searchParams.get('lang') ?? request.headers['accept-language'] ?? '';
  return asked.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LONGEST_FORM) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
