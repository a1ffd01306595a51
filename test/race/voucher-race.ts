/**
 * Parties that race for the same money: they ask, change accounts, issue, spend elsewhere, redeem, pass
 * on, cancel and let expire, all at once and in any order. Then the books have to agree.
 */

import { type Action, actionsIn } from '#gateway/funds/flow.ts';
import { PARTY_ACTIONS } from '#gateway/funds/http.ts';
import { actorsOf } from '#gateway/funds/parts.ts';
import type { ActInput } from '#gateway/funds/schemas.ts';
import { askGate } from '#gateway/gate.ts';
import type { Seed } from '#gateway/seed.ts';
import { type Fault, openStand, type Stand } from '#test/gateway/voucher-stand.ts';
import { until } from '#test/until.ts';

export interface Race {
  readonly kind: 'together' | 'apart';
  readonly vouchers: number;
  readonly parties: number;
  readonly seed: number;
}

export interface Raced {
  /** What does not agree, in a sentence each. */
  readonly complaints: readonly string[];
  /** How the vouchers ended. */
  readonly ended: Readonly<Record<string, number>>;
  readonly acts: number;
  readonly refused: number;
  readonly spent_elsewhere: number;
  readonly captured_minor: number;
}

const ACCOUNTS = 20;
const FUNDS_MINOR = 60_000;
const CREDIT_MINOR = 20_000;
const DAY_MS = 86_400_000;

const payerOf = (at: number) => ({
  ...{ phone: `+86138${String(10_000_000 + at)}`, pin: '246810', name: `Payer ${at}` },
});

function seedOf(parties: number): Seed {
  return {
    ...{ calling_code: '86', vendors: [], terminals: [] },
    payers: Array.from({ length: ACCOUNTS }, (_, at) => {
      const { phone, pin, name } = payerOf(at);
      const funds = { amount_minor: FUNDS_MINOR, credit_minor: CREDIT_MINOR };
      const holder = { name, identity_number: '110101199003070011' };
      return { phone, pin, holder, balances: [{ currency: 'CNY' as const, ...funds }] };
    }),
    parties: Array.from({ length: parties }, (_, at) => ({
      ...{ id: `p${at}`, name: `Party ${at}`, token: `token-of-party-number-${at}` },
    })),
  };
}

/** Numbers below 1 out of a seed (mulberry32). */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs one race to its end, and looks whether everything agrees. */
export async function race({ kind, vouchers, parties, seed }: Race): Promise<Raced> {
  const chance = chanceOf(seed);
  const below = (limit: number): number => Math.floor(chance() * limit);
  const troubles: readonly Fault[] = ['lose_answer', 'lose_request'];
  const trouble = (): Fault | null => (chance() < 0.01 ? (troubles[below(2)] ?? null) : null);
  const stand = await openStand(kind, { seed: seedOf(parties), trouble });
  const numbers: string[] = [];
  const complaints: string[] = [];
  const counts = { acts: 0, refused: 0, spent_elsewhere: 0 };
  let made = 0;

  const wish = () => ({
    ...{
      paying: `p${below(parties)}`,
      beneficiary: `p${below(parties)}`,
      currency: 'CNY' as const,
    },
    ...{ amount_minor: 100 + below(20_000), memo: '' },
    terms: { transferable: chance() < 0.7, partial: chance() < 0.7 },
    expires_at: stand.clock.now() + (1 + below(20)) * DAY_MS,
  });
  const create = async (): Promise<void> => {
    made += 1;
    const reply = await stand.funds.create(`p${below(parties)}`, wish(), `new-${made}`);
    if ('status' in reply) numbers.push((reply.body as { number: string }).number);
  };
  /** What one of its parties could do, or now and then what anybody may not. */
  const act = async (worker: number): Promise<void> => {
    // Few at a time, so that many meet at the same one.
    const number = numbers[Math.max(0, numbers.length - 60) + below(Math.min(60, numbers.length))];
    const row = number === undefined ? undefined : stand.core.tables.funds.voucher(number);
    if (number === undefined || row === undefined) return;
    const of = [row.issuing, row.paying, row.beneficiary, `p${worker}`];
    const may = of.filter((party) => actionsIn(row.state, actorsOf(row, party)).length > 0);
    const likely = chance() < 0.9 && may.length > 0;
    const party = (likely ? may[below(may.length)] : of[below(of.length)]) ?? '';
    const from = likely ? actionsIn(row.state, actorsOf(row, party)) : PARTY_ACTIONS;
    const action = from[below(from.length)] ?? 'agree';
    if (!isLikely(action, chance())) return;
    const key = `${worker}-${counts.acts}`;
    const input = inputOf(action, row.face_minor);
    const twice = chance() < 0.05 ? 2 : 1;
    counts.acts += twice;
    const replies = await Promise.all(
      Array.from({ length: twice }, () => stand.funds.act(party, number, action, input, key)),
    );
    counts.refused += replies.filter((reply) => 'problem' in reply).length;
  };
  const inputOf = (action: Action, face: number): ActInput => {
    if (action === 'name_account') {
      const account = payerOf(below(ACCOUNTS));
      return { account: chance() < 0.9 ? account : { ...account, name: 'Nobody' } };
    }
    if (action === 'transfer') return { transfer: { beneficiary: `p${below(parties)}` } };
    if (action !== 'redeem') return {};
    const amount_minor = chance() < 0.3 ? face : 1 + below(face);
    return { redeem: { amount_minor, currency: 'CNY' } };
  };
  const spend = async (): Promise<void> => {
    const { phone, pin } = payerOf(below(ACCOUNTS));
    const gate = stand.bank.issuer.gate('acquirer');
    const payer = await gate.present({ by: 'pin', phone, pin });
    const amount_minor = 1 + below(3000);
    const id = `spend-${counts.acts}-${below(1e9)}`;
    const said = await askGate(stand.bank.writer, gate.debit, {
      ...{ id, amount_minor, currency: 'CNY', merchant: 'elsewhere', reference: id, payer },
    });
    if (said.said === 'debited') counts.spent_elsewhere += amount_minor;
  };
  const work = async (worker: number): Promise<void> => {
    while (made < vouchers) {
      const pick = chance();
      if (pick < 0.007) await create();
      else if (pick < 0.02) await spend();
      else await act(worker);
      if (worker === 0) {
        complaints.push(...overdrawn(stand));
        stand.clock.ahead += DAY_MS / 24;
      }
    }
  };

  for (let first = 0; first < Math.min(30, vouchers); first += 1) await create();
  await Promise.all(Array.from({ length: parties }, (_, worker) => work(worker)));
  stand.clock.ahead += 40 * DAY_MS;
  const { funds } = stand.core.tables;
  // One that is touched wakes the timer, which a clock that jumps does not.
  const open = numbers.find((number) => funds.voucher(number)?.ended_at === null) ?? '';
  await stand.funds.act(funds.voucher(open)?.issuing ?? '', open, 'withdraw', {}, 'last');
  const over = () => funds.nextExpiry() === undefined && funds.nextAsk() === undefined;
  await until('the end of every voucher', over, 60_000);
  complaints.push(...settle(stand, numbers, counts.spent_elsewhere));
  const ended: Record<string, number> = {};
  let captured_minor = 0;
  for (const number of numbers) {
    const state = funds.voucher(number)?.state ?? 'gone';
    ended[state] = (ended[state] ?? 0) + 1;
    captured_minor += funds.voucher(number)?.captured_minor ?? 0;
  }
  stand.close();
  return { complaints, ended, captured_minor, ...counts };
}

/** Ends are made rare, so that vouchers live to meet what races for them. */
const isLikely = (action: Action, chance: number): boolean =>
  action === 'withdraw' || action === 'refuse' || action === 'agree_cancel' ? chance < 0.004 : true;

/** Accounts of which more is frozen or taken than funds and credit allow. */
const overdrawn = ({ bank }: Stand): string[] =>
  bank.tables.ledger
    .accounts()
    .filter(
      ({ balance_minor, held_minor, floor_minor }) =>
        floor_minor !== null && balance_minor - held_minor < floor_minor,
    )
    .map(({ id }) => `${id} is overdrawn`);

function settle(stand: Stand, numbers: readonly string[], spent: number): string[] {
  const { funds, ledger } = stand.core.tables;
  const complaints = [...stand.complaints(), ...overdrawn(stand)];
  let captured = 0;
  for (const number of numbers) {
    const row = funds.voucher(number);
    if (row === undefined) throw new Error(`${number} is gone`);
    const redeemed = funds
      .events(number)
      .filter(({ action }) => action === 'capture_part' || action === 'capture_whole')
      .reduce((sum, { detail }) => sum + (JSON.parse(detail).amount_minor as number), 0);
    captured += redeemed;
    if (row.ended_at === null) complaints.push(`${number} is ${row.state} for ever`);
    if (row.hold !== null) complaints.push(`${number} has ended and is frozen`);
    if (redeemed > row.face_minor) complaints.push(`${number} is captured beyond its face`);
    if (redeemed !== row.captured_minor) complaints.push(`${number}: events and row differ`);
  }
  const sum = (tables: typeof ledger, pattern: RegExp, field: 'balance_minor' | 'held_minor') =>
    tables
      .accounts()
      .filter(({ id }) => pattern.test(id))
      .reduce((total, row) => total + row[field], 0);
  const bank = stand.bank.tables.ledger;
  const same = (what: string, is: number, shall: number): void => {
    if (is !== shall) complaints.push(`${what}: ${is}, and not ${shall}`);
  };
  same('frozen', sum(bank, /^issuer:payer:/, 'held_minor'), 0);
  same('owed to the fund server', sum(bank, /^issuer:due:fund-server:/, 'balance_minor'), captured);
  same('owed to parties', sum(ledger, /^funds:party:/, 'balance_minor'), captured);
  const left = ACCOUNTS * FUNDS_MINOR - captured - spent;
  same('left to payers', sum(bank, /^issuer:payer:/, 'balance_minor'), left);
  return complaints;
}
