/**
 * The auditor's own books: kept from what was committed, apart from the ledger's balances, and
 * compared with them at each commit.
 */
import type { AccountRow, HoldRow } from '#gateway/store/tables.ts';
import type { Write } from './watched-engine.ts';

interface Account {
  readonly floor_minor: number | null;
  balance_minor: number;
  held_minor: number;
}

export class Books {
  readonly #accounts = new Map<string, Account>();
  readonly #holds = new Map<string, HoldRow>();
  readonly #references = new Set<string>();

  /** Enters one commit; the answer is what is wrong with it. */
  enter(writes: readonly Write[]): string[] {
    const wrong: string[] = [];
    const sums = new Map<number, { reference: string; total: number }>();
    for (const write of writes) {
      switch (write.is) {
        case 'account':
          this.#open(write.row);
          break;
        case 'transfer':
          if (this.#references.has(write.row.reference)) {
            wrong.push(`value: ${write.row.reference} was posted twice`);
          }
          this.#references.add(write.row.reference);
          sums.set(write.id, { reference: write.row.reference, total: 0 });
          break;
        case 'posting': {
          const { account, amount_minor, balance_after_minor, transfer } = write.row;
          const known = this.#accounts.get(account);
          const sum = sums.get(transfer);
          if (known === undefined || sum === undefined) {
            wrong.push(`value: a posting to ${account} of nothing`);
            break;
          }
          sum.total += amount_minor;
          known.balance_minor += amount_minor;
          if (known.balance_minor !== balance_after_minor) {
            wrong.push(
              `value: ${account} has ${balance_after_minor}, its postings are ${known.balance_minor}`,
            );
          }
          break;
        }
        case 'hold':
          this.#holds.set(write.row.id, write.row);
          this.#held(write.row.account, write.row.amount_minor);
          break;
        case 'hold_ended': {
          const hold = this.#holds.get(write.row.id);
          if (hold?.state !== 'held') wrong.push(`frozen: ${write.row.id} ended twice`);
          this.#holds.set(write.row.id, write.row);
          this.#held(write.row.account, -write.row.amount_minor);
          break;
        }
      }
    }
    for (const { reference, total } of sums.values()) {
      if (total !== 0) wrong.push(`value: ${reference} is out of balance by ${total}`);
    }
    return [...wrong, ...this.#overdrawn(writes)];
  }

  has(reference: string): boolean {
    return this.#references.has(reference);
  }

  balanceMinor(account: string): number {
    return this.#accounts.get(account)?.balance_minor ?? 0;
  }

  #open(row: Omit<AccountRow, 'balance_minor' | 'held_minor'>): void {
    this.#accounts.set(row.id, {
      floor_minor: row.floor_minor,
      balance_minor: 0,
      held_minor: 0,
    });
  }

  #held(account: string, amountMinor: number): void {
    const known = this.#accounts.get(account);
    if (known !== undefined) known.held_minor += amountMinor;
  }

  /** Frozen money is not there to be spent. */
  #overdrawn(writes: readonly Write[]): string[] {
    const touched = new Set(
      writes.flatMap((write) =>
        write.is === 'posting' || write.is === 'hold' ? [write.row.account] : [],
      ),
    );
    return [...touched].flatMap((id) => {
      const account = this.#accounts.get(id);
      if (account === undefined || account.floor_minor === null) return [];
      const { balance_minor, held_minor, floor_minor } = account;
      const left = balance_minor - held_minor - floor_minor;
      return left >= 0 ? [] : [`frozen: ${id} spent ${-left} that were frozen or not there`];
    });
  }
}
