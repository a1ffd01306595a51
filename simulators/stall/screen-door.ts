/**
 * The terminal's screen under the stall's own address, so that one port is enough to see all of it,
 * through an SSH tunnel too. What the terminal serves on loopback is passed on as it is.
 */
import { request } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Stall } from './stall.ts';

/** The screen's page, and the stream that its script follows at the root of its address. */
const DOORS: readonly [from: string, to: string][] = [
  ['/screen/', '/'],
  ['/events', '/events'],
];

export function addScreen(server: FastifyInstance, stall: Stall): void {
  for (const [from, to] of DOORS) {
    server.get(from, (asked, reply) => pass(stall, to, asked, reply));
  }
}

function pass(stall: Stall, path: string, asked: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const { raw } = reply;
  const address = stall.screenAddress;
  const refuse = (): void => {
    if (!raw.headersSent) raw.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' });
    raw.end();
  };
  if (address === null) {
    refuse();
    return;
  }
  const { hostname, port, host } = new URL(address);
  const headers = { host, 'sec-fetch-site': 'same-origin' };
  const passed = request({ hostname, port, path, headers }, (answer) => {
    raw.writeHead(answer.statusCode ?? 502, answer.headers);
    raw.socket?.setNoDelay(true);
    answer.pipe(raw);
    answer.on('error', () => raw.destroy());
  });
  passed.on('error', refuse);
  asked.raw.on('close', () => passed.destroy());
  raw.on('close', () => passed.destroy());
  passed.end();
}
