/**
 * Who may speak to the stall: programs of this machine and the stall's own page. A page of another
 * site, which a browser on this machine has open, must not (DNS rebinding and cross-site requests).
 */
import { Problem } from './problems.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

const hostOf = (authority: string): string => authority.replace(/:\d+$/, '').toLowerCase();

/**
 * Why a request with these headers is refused, or `null` where it is welcome. `Host` must be a
 * loopback name (RFC 9110 §7.2); `Origin`, where a browser sends one, must be the host itself.
 */
export function refuse(headers: {
  host?: string | undefined;
  origin?: string | undefined;
  'sec-fetch-site'?: string | string[] | undefined;
}): Problem | null {
  const host = headers.host ?? '';
  if (!LOOPBACK.has(hostOf(host))) {
    return new Problem(
      421,
      'Wrong host',
      `The stall answers to localhost and 127.0.0.1, not to ${host || 'an empty name'}.`,
      'Host',
    );
  }
  if (headers.origin !== undefined && headers.origin !== `http://${host}`) {
    return new Problem(403, 'Wrong origin', 'The stall serves its own page alone.', 'Origin');
  }
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') {
    return new Problem(403, 'Wrong origin', 'Open the stall by its own address.', 'Sec-Fetch-Site');
  }
  return null;
}
