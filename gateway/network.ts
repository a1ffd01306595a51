/** Callers told apart by where they come from. */
import { isIPv6 } from 'node:net';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * The part of an address that whoever tries things in a row can't change at will: an IPv4 address, or
 * the first 64 bits of an IPv6 one, since one caller has the rest (RFC 4291 §2.5.1). Anything else is
 * answered as it is.
 */
export function networkOf(address: string): string {
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [bare = ''] = address.split('%');
  if (!isIPv6(bare)) return address;
  const [head = '', tail] = bare.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const gap = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const [a, b, c, d] = [...before, ...gap, ...after];
  return `${a}:${b}:${c}:${d}::/64`;
}

/** Groups of 16 bits without leading zeros; an IPv4 address at the end is two of them. */
const groupsOf = (text: string): string[] =>
  text === ''
    ? []
    : text
        .split(':')
        .flatMap((group) =>
          group.includes('.') ? ['v4', 'v4'] : [parseInt(group, 16).toString(16)],
        );
