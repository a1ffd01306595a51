/** What the books have to say after a race, and at any time in it. */
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import type { Tables } from '#gateway/store/tables.ts';
import type { Books } from './way.ts';

/** Accounts of which more is frozen or taken than funds and credit allow. */
export const overdrawn = ({ ledger }: Pick<Tables, 'ledger'>): string[] =>
  ledger
    .accounts()
    .filter(
      ({ balance_minor, held_minor, floor_minor }) =>
        floor_minor !== null && balance_minor - held_minor < floor_minor,
    )
    .map(({ id }) => `${id} is overdrawn`);

/** How the vouchers ended, and all that does not agree. */
export interface Settled {
  readonly complaints: readonly string[];
  readonly ended: Readonly<Record<string, number>>;
  readonly captured_minor: number;
  /** Of it at tills. */
  readonly at_tills_minor: number;
}

/** `held` is what the accounts held at first, `spent` what was paid to merchants from them. */
export function settle(
  { bank, funds: fund }: Books,
  numbers: readonly string[],
  { held, spent }: { readonly held: number; readonly spent: number },
): Settled {
  const { funds, ledger } = fund;
  const both = [...new Set([bank, fund])];
  const complaints = both.flatMap((tables) => trialBalance(tables).complaints);
  complaints.push(...overdrawn(bank));
  const ended: Record<string, number> = {};
  let captured = 0;
  let atTills = 0;
  for (const number of numbers) {
    const row = funds.voucher(number);
    if (row === undefined) {
      complaints.push(`${number} is gone`);
      continue;
    }
    ended[row.state] = (ended[row.state] ?? 0) + 1;
    const captures = funds
      .events(number)
      .filter(({ action }) => action === 'capture_part' || action === 'capture_whole')
      .map(({ detail }) => JSON.parse(detail) as { amount_minor: number; to: string });
    const redeemed = sumOf(captures.map(({ amount_minor }) => amount_minor));
    captured += redeemed;
    const sold = captures.filter(({ to }) => to === 'acquirer');
    atTills += sumOf(sold.map(({ amount_minor }) => amount_minor));
    if (row.ended_at === null) complaints.push(`${number} is ${row.state} for ever`);
    if (row.hold !== null) complaints.push(`${number} has ended and is frozen`);
    if (redeemed > row.face_minor) complaints.push(`${number} is captured beyond its face`);
    if (redeemed !== row.captured_minor) complaints.push(`${number}: events and row differ`);
  }
  const sum = (of: Tables['ledger'], pattern: RegExp, field: 'balance_minor' | 'held_minor') =>
    sumOf(
      of
        .accounts()
        .filter(({ id }) => pattern.test(id))
        .map((row) => row[field]),
    );
  const same = (what: string, is: number, shall: number): void => {
    if (is !== shall) complaints.push(`${what}: ${is}, and not ${shall}`);
  };
  const owed = 'balance_minor';
  same('frozen', sum(bank.ledger, /^issuer:payer:/, 'held_minor'), 0);
  same('owed to the fund server', sum(bank.ledger, /^issuer:due:fund-server:/, owed), captured);
  same('owed to parties', sum(ledger, /^funds:party:/, owed), captured - atTills);
  same('owed to the acquirer', sum(ledger, /^funds:due:acquirer:/, owed), atTills);
  const left = held - captured - spent;
  same('left to payers', sum(bank.ledger, /^issuer:payer:/, owed), left);
  return { complaints, ended, captured_minor: captured, at_tills_minor: atTills };
}

const sumOf = (amounts: readonly number[]): number =>
  amounts.reduce((total, amount) => total + amount, 0);
