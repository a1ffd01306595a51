/** What the fund server asks the issuer, and what became of it. */
import type { VoucherRow } from '../store/tables-funds.ts';

export type Question =
  | { readonly kind: 'freeze'; readonly account: string; readonly name: string }
  | {
      readonly kind: 'capture';
      readonly authorisation: string;
      readonly amount_minor: number;
      /** What the rest is held by. */
      readonly rest: string;
      /** Who gets it: the beneficiary's account, or a till's order through the acquirer. */
      readonly to: 'party' | 'acquirer';
      readonly party: string;
      readonly reference: string;
    }
  | { readonly kind: 'release'; readonly authorisation: string }
  | {
      /** What a till took goes back: to the voucher, where it can, else to the paying account. */
      readonly kind: 'give_back';
      /** The authorisation that was captured. */
      readonly of: string;
      readonly amount_minor: number;
      /** What holds it from now on, with the rest of the voucher; `null` where nothing does. */
      readonly frozen: { readonly id: string; readonly instead_of: string | null } | null;
      /** Who redeemed: theirs, where the paying account is closed. */
      readonly party: string;
      readonly posted: 'refund' | 'reversal';
      readonly reference: string;
    }
  | { readonly kind: 'undo'; readonly of: string };

/** What became of a question, for whoever waits for it; kept with it. */
export type AskReply =
  /** `voucher` is what it was by that, for whoever asks under the key again; earlier ones have none. */
  | { readonly said: 'issued'; readonly voucher?: VoucherRow }
  | { readonly said: 'rejected'; readonly reason: string }
  /** Somebody changed the account, or ended the voucher, meanwhile. */
  | { readonly said: 'overtaken' }
  | {
      readonly said: 'captured';
      readonly amount_minor: number;
      readonly at: number;
      readonly voucher?: VoucherRow;
    }
  /** `to` is the voucher, the paying account, or the party that redeemed. */
  | {
      readonly said: 'given_back';
      readonly amount_minor: number;
      readonly at: number;
      readonly to: 'voucher' | 'payer' | 'party';
    }
  | { readonly said: 'done' };
