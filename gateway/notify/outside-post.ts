/**
 * Posts to an address that somebody outside has named. What it resolves to is looked at when it is
 * called, and that very address is connected to: a name may say something else the next moment. What
 * is on this machine, in this house's network or nobody's at all is not called. Redirects are answers.
 */
import { lookup } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';
import type { Post } from './webhook-sender.ts';

/** IANA's registry of special-purpose IPv4 addresses, with multicast and what is reserved. */
const NOT_PUBLIC_4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];
/** Within 2000::/3, the only unicast that is routed: what is special there, or carries an IPv4 address. */
const NOT_PUBLIC_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const blockList = (networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList => {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
};
const SPECIAL_4 = blockList(NOT_PUBLIC_4, 'ipv4');
const SPECIAL_6 = blockList(NOT_PUBLIC_6, 'ipv6');
const ROUTED_6 = blockList(['2000::/3'], 'ipv6');

/** Whether an IP address is one of the open internet; `false` for what is none. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !SPECIAL_4.check(address, 'ipv4');
    case 6:
      // Mapped, translated and zoned ones are outside of what is routed.
      return ROUTED_6.check(address, 'ipv6') && !SPECIAL_6.check(address, 'ipv6');
    default:
      return false;
  }
}

class NotPublic extends Error {
  /** As a refused connection has one: what is logged of a call that got no answer. */
  override readonly cause = Object.assign(new Error('not public'), { code: 'NOT_PUBLIC' });
}

/** All that a name means, or nothing of it where one of them is not public. */
const lookupPublic: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) return done(error, '', 4);
    const [first] = found;
    if (first === undefined || !found.every(({ address }) => isPublicAddress(address))) {
      return done(new NotPublic(`${hostname} is not public`), '', 4);
    }
    if (options.all === true) return done(null, found);
    done(null, first.address, first.family);
  });
};

/** The host of a URL as an address: IPv6 without its brackets. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** Whether what a URL names is public just now; a name that nobody knows is `unresolved`. */
export function judgeAddress(text: string): Promise<'public' | 'private' | 'unresolved'> {
  const host = hostOf(new URL(text));
  if (isIP(host) !== 0) return Promise.resolve(isPublicAddress(host) ? 'public' : 'private');
  return new Promise((resolve) => {
    lookup(host, { all: true }, (error, found) => {
      if (error !== null || found.length === 0) return resolve('unresolved');
      resolve(found.every(({ address }) => isPublicAddress(address)) ? 'public' : 'private');
    });
  });
}

const TIMEOUT_MS = 10_000;

/** Rejects where no answer came, and for an address that is not public. */
export const postOutside: Post = (text, payload, headers) => {
  const url = new URL(text);
  const host = hostOf(url);
  if (isIP(host) !== 0 && !isPublicAddress(host)) {
    return Promise.reject(new NotPublic(`${host} is not public`));
  }
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = {
      ...{ method: 'POST', agent: false, lookup: lookupPublic },
      ...(isIPv4(host) ? { family: 4 } : {}),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
        ...headers,
      },
    };
    const call = request(url, options, (response) => {
      // Its status is all that counts.
      response.destroy();
      resolve({ status: response.statusCode ?? 0 });
    });
    call.on('error', reject);
    call.end(payload);
  });
};
