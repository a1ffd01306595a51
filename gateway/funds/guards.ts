/** The guards of the table that a voucher itself decides, for whoever is shown it and whoever acts. */
import type { VoucherRow } from '../store/tables-funds.ts';

/** How often the account of one voucher may be changed before the fund server refuses. */
const CHANGES = 5;

/** How often the account may still be changed. */
export const changesLeft = ({ changes }: Pick<VoucherRow, 'changes'>): number => CHANGES - changes;

export const isTransferable = ({ transferable }: Pick<VoucherRow, 'transferable'>): boolean =>
  transferable === 1;
