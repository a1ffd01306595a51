/** Session cookies (RFC 6265bis): HttpOnly, SameSite=Lax, and over https Secure under `__Host-`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './problems.ts';

const nameOn = (request: FastifyRequest, name: string): string =>
  request.protocol === 'https' ? `__Host-${name}` : name;

/** The token in the cookie, or `null`. */
export function readCookie(request: FastifyRequest, name: string): string | null {
  const wanted = nameOn(request, name);
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === wanted && value !== undefined && /^[\w-]{20,100}$/.test(value)) return value;
  }
  return null;
}

/** Sets the cookie for `seconds`; with an empty token it is forgotten. */
export function writeCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  token: string,
  seconds: number,
): void {
  const secure = request.protocol === 'https' ? '; Secure' : '';
  const age = token === '' ? 0 : seconds;
  const text = `${nameOn(request, name)}=${token}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax`;
  reply.header('set-cookie', text + secure);
}

/** Whether a form was sent by a page of this very site; browsers tell where a form came from. */
export function sameSite(request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site'];
  if (typeof site === 'string') return site === 'same-origin' || site === 'none';
  const { origin, host } = request.headers;
  // `null` is what a page under Referrer-Policy no-referrer says of itself.
  if (origin === undefined || origin === 'null') return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Throws `foreign_form` where a form was not sent by a page of this very site. */
export function requireOwnForm(request: FastifyRequest): void {
  if (!sameSite(request)) throw new Problem('foreign_form');
}
