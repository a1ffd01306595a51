/**
 * The gateway's engine as the auditor sees it: each write is told when it is committed, and forgotten
 * where it is undone. Here a store also fills up, and a gateway dies just before or after a commit.
 */
import type {
  AccountRow,
  Ending,
  Engine,
  HoldRow,
  OrderRow,
  PostingRow,
  TransferRow,
} from '#gateway/store/tables.ts';
import type { MovementRow, TelephoneOrderRow } from '#gateway/store/tables-centre.ts';
import type { DayDifferenceRow, DayVerdictRow } from '#gateway/store/tables-days.ts';
import type {
  FundActRow,
  FundAskRow,
  VoucherEventRow,
  VoucherRow,
} from '#gateway/store/tables-funds.ts';
import type { IssuedRow, PaymentRow } from '#gateway/store/tables-money.ts';
import type { AttemptRow } from '#gateway/store/tables-pairing.ts';

export type Write =
  | { readonly is: 'order'; readonly row: OrderRow }
  | { readonly is: 'ended'; readonly number: string; readonly ending: Ending }
  | { readonly is: 'ended_by_card'; readonly number: string; readonly ending: Ending }
  | { readonly is: 'issued'; readonly row: IssuedRow }
  | { readonly is: 'payment'; readonly row: PaymentRow }
  | { readonly is: 'account'; readonly row: Omit<AccountRow, 'balance_minor' | 'held_minor'> }
  | { readonly is: 'transfer'; readonly id: number; readonly row: Omit<TransferRow, 'id'> }
  | { readonly is: 'posting'; readonly row: PostingRow }
  | { readonly is: 'hold'; readonly row: HoldRow }
  | { readonly is: 'hold_ended'; readonly row: HoldRow }
  | { readonly is: 'telephone'; readonly row: TelephoneOrderRow }
  | { readonly is: 'movement'; readonly row: MovementRow }
  | { readonly is: 'voucher'; readonly row: VoucherRow }
  | { readonly is: 'voucher_event'; readonly row: VoucherEventRow }
  | { readonly is: 'fund_ask'; readonly row: FundAskRow }
  | { readonly is: 'fund_act'; readonly row: FundActRow }
  | { readonly is: 'paired_attempt'; readonly row: AttemptRow }
  | { readonly is: 'day_verdict'; readonly row: DayVerdictRow }
  | { readonly is: 'day_difference'; readonly row: DayDifference };

export type DayDifference = Omit<DayDifferenceRow, 'id' | 'healed_at'>;

export interface EngineEvents {
  committed(writes: readonly Write[]): void;
  /** `dies_before` and `dies_after`: this commit is the last of this life. `full`: it is refused. */
  beforeCommit(): 'commits' | 'full' | 'dies_before' | 'dies_after';
  died(): void;
}

/** One life of a gateway on `engine`, which outlives it. */
export function watchEngine(engine: Engine, events: EngineEvents): Engine {
  let writes: Write[] = [];
  let mark = 0;
  let dead = false;
  const alive = (): void => {
    if (dead) throw Object.assign(new Error('the process is gone'), { errcode: 10 });
  };
  const die = (): never => {
    dead = true;
    events.died();
    throw Object.assign(new Error('the process is gone'), { errcode: 10 });
  };
  return {
    ...engine,
    tables: watchTables(engine, (write) => writes.push(write)),
    begin() {
      alive();
      writes = [];
      engine.begin();
    },
    savepoint() {
      mark = writes.length;
      engine.savepoint();
    },
    undo() {
      writes.length = mark;
      engine.undo();
    },
    commit() {
      const fate = events.beforeCommit();
      if (fate === 'full') throw Object.assign(new Error('disk is full'), { errcode: 13 });
      if (fate === 'dies_before') die();
      engine.commit();
      const done = writes;
      writes = [];
      events.committed(done);
      if (fate === 'dies_after') die();
    },
    abandon() {
      writes = [];
      engine.abandon();
    },
    close: () => undefined,
  };
}

function watchTables({ tables }: Engine, tell: (write: Write) => void): Engine['tables'] {
  const { orders, issued, payments, ledger, days, funds, telephone, products } = tables;
  const { pairings } = tables;
  return {
    ...tables,
    orders: {
      ...orders,
      add(row) {
        orders.add(row);
        tell({ is: 'order', row });
      },
      end(number, ending) {
        orders.end(number, ending);
        tell({ is: 'ended', number, ending });
      },
      endByCard(number, ending) {
        orders.endByCard(number, ending);
        tell({ is: 'ended_by_card', number, ending });
      },
    },
    issued: {
      ...issued,
      add(row) {
        issued.add(row);
        tell({ is: 'issued', row });
      },
    },
    payments: {
      ...payments,
      put(row) {
        payments.put(row);
        tell({ is: 'payment', row });
      },
    },
    pairings: {
      ...pairings,
      addAttempt(row) {
        pairings.addAttempt(row);
        tell({ is: 'paired_attempt', row });
      },
      putAttempt(row) {
        pairings.putAttempt(row);
        tell({ is: 'paired_attempt', row });
      },
    },
    days: {
      ...days,
      addVerdict(row) {
        days.addVerdict(row);
        tell({ is: 'day_verdict', row });
      },
      addDifference(row) {
        days.addDifference(row);
        tell({ is: 'day_difference', row });
      },
    },
    ledger: {
      ...ledger,
      addAccount(row) {
        ledger.addAccount(row);
        tell({ is: 'account', row });
      },
      addTransfer(row) {
        const id = ledger.addTransfer(row);
        if (id !== null) tell({ is: 'transfer', id, row });
        return id;
      },
      addPosting(row) {
        ledger.addPosting(row);
        tell({ is: 'posting', row });
      },
      addHold(row, heldMinor) {
        ledger.addHold(row, heldMinor);
        tell({ is: 'hold', row });
      },
      endHold(row, heldMinor) {
        ledger.endHold(row, heldMinor);
        tell({ is: 'hold_ended', row });
      },
    },
    telephone: {
      ...telephone,
      add(row) {
        telephone.add(row);
        tell({ is: 'telephone', row });
      },
      change(number, change) {
        telephone.change(number, change);
        const row = telephone.find(number);
        if (row !== undefined) tell({ is: 'telephone', row });
      },
    },
    products: {
      ...products,
      move(row) {
        products.move(row);
        tell({ is: 'movement', row });
      },
    },
    funds: {
      ...funds,
      addVoucher(row) {
        const added = funds.addVoucher(row);
        if (added) tell({ is: 'voucher', row });
        return added;
      },
      change(number, change) {
        const row = funds.change(number, change);
        tell({ is: 'voucher', row });
        return row;
      },
      addEvent(row) {
        funds.addEvent(row);
        tell({ is: 'voucher_event', row });
      },
      putAsk(row) {
        funds.putAsk(row);
        tell({ is: 'fund_ask', row });
      },
      addAct(row) {
        funds.addAct(row);
        tell({ is: 'fund_act', row });
      },
    },
  };
}
