/**
 * A voucher pays the order of a link. The fund server says first whether it would: whether number and
 * code are right, and whether its beneficiary has registered the phone number of the order. Only then
 * is the link bound to the phone that asked, and its payment begun.
 */
import type { Currency } from '#device/messages/money.ts';
import type { VoucherTrouble } from '#device/messages/voucher.ts';
import type { FundGate, VoucherAdmit, VoucherAdmitted } from '../../funds/gate.ts';
import { askGate } from '../../gate.ts';
import { PeerError } from '../../peers/client.ts';
import type { LinkRow } from '../../store/tables-links.ts';
import type { Transaction, Writer } from '../../store/writer.ts';
import {
  beginPaying,
  countWrong,
  type Deciding,
  failLink,
  requireLink,
  stands,
  type Verified,
  type VoucherProof,
} from './attempts.ts';

export type ByVoucher =
  | Verified
  /** It does not pay this; the link is as open as it was. */
  | {
      readonly said: 'voucher_refused';
      readonly reason: VoucherTrouble | 'unregistered' | 'unreachable';
      /** How many wrong ones the link still bears. */
      readonly tries_left?: number;
    };

/** What the fund server says of it; `null` where no answer came. Takes nothing. */
export async function admitVoucher(
  writer: Writer,
  vouchers: FundGate,
  row: LinkRow,
  payer: VoucherProof,
): Promise<VoucherAdmitted | null> {
  const { amount_minor, order_number: reference } = row;
  const currency = row.currency as Currency;
  const asked: VoucherAdmit = { payer, amount_minor, currency, reference };
  return askGate(writer, vouchers.admit, asked).catch((cause: unknown) => {
    if (cause instanceof PeerError) return null;
    throw cause;
  });
}

/** Decides inside a unit what becomes of the link. */
export function takeVoucher(
  tx: Transaction,
  deciding: Deciding,
  link: string,
  { device, by, said, now }: Asked,
): ByVoucher {
  const row = requireLink(tx, link);
  const end = stands(row, device, now);
  if (end !== null) return end;
  if (said === null) return { said: 'voucher_refused', reason: 'unreachable' };
  switch (said.said) {
    case 'admitted':
      return beginPaying(tx, deciding, row, { device, by, now });
    case 'other_phone':
      failLink(tx, deciding, row, 'other_phone', now);
      return { said: 'ended' };
    case 'unregistered':
      return { said: 'voucher_refused', reason: 'unregistered' };
    case 'voucher_refused': {
      const { reason } = said;
      // The fifth wrong one is told as the lock that it brings.
      if (reason !== 'wrong_code' && reason !== 'locked') {
        return { said: 'voucher_refused', reason };
      }
      const counted = countWrong(tx, deciding, row, now);
      if (counted.said !== 'wrong_password') return counted;
      return { said: 'voucher_refused', reason, tries_left: counted.tries_left };
    }
  }
}

interface Asked {
  readonly device: string;
  readonly by: VoucherProof;
  readonly said: VoucherAdmitted | null;
  readonly now: number;
}
