/** Who a payer is: name and identity number as they are compared, kept and shown. */
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import type { PayerRow } from '../store/tables.ts';

/** Letters and digits alone, in one form: neither width, case, spaces nor unseen marks make another person. */
const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{Z}\p{P}\p{Cf}]/gu, '');

/** Under a key outside the database: identity numbers are few enough to be tried one by one. */
export const identityDigest = (keys: Pick<GatewayKeys, 'digest'>, number: string): string =>
  keyedDigest(keys, `identity number\n${plain(number)}`);

/** The last four: enough for its owner, nothing for anybody else. */
export const maskIdentity = (number: string): string => `•••• ${plain(number).slice(-4)}`;

/** Whether the account is in this name; one that names nobody is in no name. */
export const isNamed = (payer: Pick<PayerRow, 'holder_name'>, name: string): boolean =>
  plain(name) !== '' && payer.holder_name !== null && plain(payer.holder_name) === plain(name);

/** Whether this is the holder of the account; an account that names nobody is nobody's. */
export function isHolder(
  payer: Pick<PayerRow, 'holder_name' | 'identity_digest'>,
  name: string,
  digest: string,
): boolean {
  return isNamed(payer, name) && payer.identity_digest === digest;
}
