/** Whose account a party names: phone number and PIN, which the issuer compares and nobody keeps. */
import { askGate } from '../gate.ts';
import { PeerError } from '../peers/client.ts';
import { readPhone } from '../phone.ts';
import type { Reply } from '../web/routes.ts';
import type { FundParts } from './parts.ts';

export type Problem = Extract<Reply, { problem: unknown }>;

export function problemOf(problem: Problem['problem'], extras: Problem['extras'] = {}): Problem {
  return { problem, extras };
}

export interface ProvedAccount {
  /** The issuer's own name of it. */
  readonly id: string;
  readonly masked: string;
  /** E.164. */
  readonly phone: string;
}

/** Wrong PINs count at the issuer, as they do at a till. */
export async function proveAccount(
  { tables, issuer, writer }: Pick<FundParts, 'tables' | 'issuer' | 'writer'>,
  typed: { readonly phone: string; readonly pin: string },
): Promise<ProvedAccount | Problem> {
  const phone = readPhone(typed.phone, tables.settings.get('calling_code') ?? '');
  if (phone === null) {
    const errors = [{ path: 'phone', message: 'must be a phone number in E.164 form' }];
    return problemOf('malformed_request', { errors });
  }
  const payer = await issuer.present({ by: 'pin', phone, pin: typed.pin });
  const said = await askGate(writer, issuer.admit, { payer }).catch((cause: unknown) => {
    if (cause instanceof PeerError) return null;
    throw cause;
  });
  if (said === null) return problemOf('issuer_unreachable');
  if (said.said === 'declined') return problemOf('wrong_pin');
  if (said.said === 'not_admitted') {
    const { said: _, code, ...extras } = said;
    return problemOf(code, extras);
  }
  return { id: said.account, masked: said.payer, phone };
}
