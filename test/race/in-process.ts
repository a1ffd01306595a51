/** Services in this process on stores in memory, and a wire to the issuer that loses answers. */
import { askGate } from '#gateway/gate.ts';
import type { VoucherRow } from '#gateway/store/tables-funds.ts';
import type { Reply } from '#gateway/web/routes.ts';
import { type Fault, openStand } from '#test/gateway/voucher-stand.ts';
import { until } from '#test/until.ts';
import { overdrawn } from './books.ts';
import { DAY_MS, type Kind, type Known, payerOf, type Size, seedOf, type Way } from './way.ts';

const FAULTS: readonly Fault[] = ['lose_answer', 'lose_request'];

/** A wire that now and then loses a call, or its answer. */
export const losesAnswers = (chance: () => number) => (): Fault | null =>
  chance() < 0.01 ? (FAULTS[Math.floor(chance() * 2)] ?? null) : null;

export async function raceInProcess(
  kind: Kind,
  size: Size,
  trouble: () => Fault | null,
): Promise<Way> {
  const stand = await openStand(kind, { seed: seedOf(size), trouble });
  const { funds, bank, core, clock } = stand;
  const look = (number: string): Known | undefined => {
    const row = core.tables.funds.voucher(number);
    return row === undefined ? undefined : knownOf(row);
  };
  const debited = (said: Promise<{ readonly said: string }>): Promise<boolean> =>
    said.then(
      (answer) => answer.said === 'debited',
      () => false,
    );
  return {
    kills: 0,
    now: () => clock.now(),
    async create(party, wish, key) {
      const reply = await funds.create(party, wish, key);
      return look(numberIn(reply) ?? '') ?? null;
    },
    look,
    act: async (...asked) => !('problem' in (await funds.act(...asked))),
    async spend(id, at, amount_minor) {
      const { phone, pin } = payerOf(at);
      const gate = bank.issuer.gate('acquirer');
      const payer = await gate.present({ by: 'pin', phone, pin });
      const asked = { id, amount_minor, currency: 'CNY' as const, reference: id, payer };
      return debited(askGate(bank.writer, gate.debit, { ...asked, merchant: 'elsewhere' }));
    },
    async till(id, number, amount_minor) {
      const party = look(number)?.beneficiary ?? '';
      const code = funds.view(party, number)?.code;
      if (code === undefined) return false;
      const payer = { proof: { by: 'voucher' as const, number, code } };
      const asked = { id, amount_minor, currency: 'CNY' as const, reference: id, payer };
      // One whose answer was lost may still pay: the books tell it.
      return debited(askGate(core.writer, funds.gate().debit, { ...asked, merchant: 'till' }));
    },
    async pass() {
      clock.ahead += DAY_MS / 24;
      return overdrawn(bank.tables);
    },
    async end(numbers) {
      clock.ahead += 40 * DAY_MS;
      const { funds: table } = core.tables;
      // One that is touched wakes the timer, which a clock that jumps does not.
      const open = numbers.find((number) => table.voucher(number)?.ended_at === null) ?? '';
      await funds.act(table.voucher(open)?.issuing ?? '', open, 'withdraw', {}, 'last');
      const over = () => table.nextExpiry() === undefined && table.nextAsk() === undefined;
      await until('the end of every voucher', over, 60_000);
      return { bank: bank.tables, funds: core.tables, close: () => undefined };
    },
    close: async () => stand.close(),
  };
}

const knownOf = (row: VoucherRow): Known => ({
  ...{ number: row.number, state: row.state, face_minor: row.face_minor },
  ...{ issuing: row.issuing, paying: row.paying, beneficiary: row.beneficiary },
});

const numberIn = (reply: Reply): string | undefined =>
  'problem' in reply ? undefined : (reply.body as { number: string }).number;
