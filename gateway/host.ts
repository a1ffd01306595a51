/** The Host that a request names: every server here is asked for by one (RFC 9110 §7.2). */
import type { IncomingMessage } from 'node:http';

/** `uri-host [ ":" port ]`, by the characters that it may have (RFC 3986 §3.2.2). */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+,;=-]*)(?::\d*)?$/i;

/**
 * For `http.createServer`: Node itself answers a missing Host with an empty body, below any handler;
 * with this the handler is asked, which then calls {@link findHostTrouble}.
 */
export const HOST_IS_CHECKED = { requireHostHeader: false } as const;

/** What is wrong with a request's Host, or `null`; HTTP/1.0 need not name one (RFC 9112 §3.2). */
export function findHostTrouble({ httpVersion, rawHeaders }: IncomingMessage): string | null {
  const hosts = rawHeaders.filter((_, at) => rawHeaders[at - (at % 2)]?.toLowerCase() === 'host');
  const [, host, , another] = hosts;
  if (host === undefined) return httpVersion === '1.0' ? null : 'must be there';
  if (another !== undefined) return 'must be there once';
  return HOST.test(host) ? null : 'must be a host name or address, and a port if need be';
}
