/**
 * Parties that race for the same money: they ask, change accounts, issue, spend elsewhere, redeem, pass
 * on, cancel and let expire, all at once and in any order. Then the books have to agree.
 */

import { type Action, actionsIn, isEnded } from '#gateway/funds/flow.ts';
import { PARTY_ACTIONS } from '#gateway/funds/http.ts';
import { actorsOf } from '#gateway/funds/parts.ts';
import type { ActInput } from '#gateway/funds/schemas.ts';
import { type Settled, settle } from './books.ts';
import { ACCOUNTS, fundsOfAll, payerOf, type Size, type Way } from './way.ts';

export interface Race extends Size {
  /** How often one of all acts makes a new voucher: the fewer, the more is done to each. */
  readonly fresh?: number;
  /** Told of each new one, how many there are. */
  readonly say?: (made: number) => void;
  /** Numbers from 0 to below 1. */
  readonly chance: () => number;
}

export interface Raced extends Settled {
  readonly acts: number;
  readonly refused: number;
  readonly spent_elsewhere: number;
  readonly kills: number;
}

/** Runs one race to its end, looks whether everything agrees, and closes the way. */
export async function race(way: Way, asked: Race): Promise<Raced> {
  try {
    return await new Runners(way, asked).run();
  } finally {
    await way.close();
  }
}

const FRESH = 0.007;
/** Vouchers that something is done to: the last ones. */
const AT_ONCE = 60;

class Runners {
  readonly #way: Way;
  readonly #race: Race;
  readonly #numbers: string[] = [];
  readonly #counts = { acts: 0, refused: 0, spent_elsewhere: 0 };
  #made = 0;
  /** Turns that are left after the last voucher was made. */
  #left: number;

  constructor(way: Way, asked: Race) {
    this.#way = way;
    this.#race = asked;
    // So much was done to the first ones.
    this.#left = Math.min(AT_ONCE, asked.vouchers) / (asked.fresh ?? FRESH);
  }

  async run(): Promise<Raced> {
    const { vouchers, parties } = this.#race;
    for (let first = 0; first < Math.min(30, vouchers); first += 1) await this.#create();
    await Promise.all(Array.from({ length: parties }, (_, worker) => this.#work(worker)));
    const books = await this.#way.end(this.#numbers);
    try {
      const spent = this.#counts.spent_elsewhere;
      const settled = settle(books, this.#numbers, { held: fundsOfAll(this.#race), spent });
      const complaints = [...this.#way.complaints, ...settled.complaints];
      return { ...settled, complaints, ...this.#counts, kills: this.#way.kills };
    } finally {
      books.close();
    }
  }

  async #work(worker: number): Promise<void> {
    const { chance, vouchers, fresh = FRESH } = this.#race;
    while (this.#left > 0 && this.#way.complaints.length === 0) {
      const pick = chance();
      if (this.#made >= vouchers) this.#left -= 1;
      if (pick < fresh && this.#made < vouchers) await this.#create();
      else if (pick < fresh + 0.013) await this.#spend();
      else if (pick < fresh + 0.02) await this.#sell();
      else await this.#act(worker);
      if (worker === 0) await this.#way.pass(this.#made / vouchers);
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#race.chance() * limit);
  }

  #party(): string {
    return `p${this.#below(this.#race.parties)}`;
  }

  async #create(): Promise<void> {
    const { chance } = this.#race;
    this.#made += 1;
    this.#race.say?.(this.#made);
    const wish = {
      ...{ paying: this.#party(), beneficiary: this.#party(), currency: 'CNY' as const },
      ...{ amount_minor: 100 + this.#below(20_000), memo: '' },
      terms: { transferable: chance() < 0.7, partial: chance() < 0.7 },
      expires_at: Math.floor(this.#way.now() + this.#way.lifeMs(chance())),
    };
    const made = await this.#way.create(this.#party(), wish, `new-${this.#made}`);
    if (made !== null) this.#numbers.push(made.number);
  }

  /** Few at a time, so that many meet at the same one. */
  #anyNumber(): string {
    const lately = this.#numbers.slice(-AT_ONCE);
    return lately[this.#below(lately.length)] ?? '';
  }

  /** What one of its parties could do, or now and then what anybody may not. */
  async #act(worker: number): Promise<void> {
    const { chance } = this.#race;
    const number = this.#anyNumber();
    const row = this.#way.look(number);
    // What has ended is tried again now and then alone.
    if (row === undefined || (isEnded(row.state) && chance() < 0.9)) return;
    const of = [row.issuing, row.paying, row.beneficiary, `p${worker}`];
    const may = of.filter((party) => actionsIn(row.state, actorsOf(row, party)).length > 0);
    const likely = chance() < 0.9 && may.length > 0;
    const party = (likely ? may[this.#below(may.length)] : of[this.#below(of.length)]) ?? '';
    const from = likely ? actionsIn(row.state, actorsOf(row, party)) : PARTY_ACTIONS;
    const action = from[this.#below(from.length)] ?? 'agree';
    if (!isLikely(action, chance())) return;
    const key = `${worker}-${this.#counts.acts}`;
    const input = this.#inputOf(action, row.face_minor);
    const twice = chance() < 0.05 ? 2 : 1;
    this.#counts.acts += twice;
    const done = await Promise.all(
      Array.from({ length: twice }, () => this.#way.act(party, number, action, input, key)),
    );
    this.#counts.refused += done.filter((each) => !each).length;
  }

  #inputOf(action: Action, face: number): ActInput {
    const { chance } = this.#race;
    if (action === 'name_account') {
      const account = payerOf(this.#below(ACCOUNTS));
      return { account: chance() < 0.9 ? account : { ...account, name: 'Nobody' } };
    }
    if (action === 'transfer') return { transfer: { beneficiary: this.#party() } };
    if (action !== 'redeem') return {};
    const amount_minor = chance() < 0.3 ? face : 1 + this.#below(face);
    return { redeem: { amount_minor, currency: 'CNY' } };
  }

  async #spend(): Promise<void> {
    const amount = 1 + this.#below(3000);
    const id = `spend-${this.#counts.acts}-${this.#below(1e9)}`;
    const did = await this.#way.spend(id, this.#below(ACCOUNTS), amount);
    if (did) this.#counts.spent_elsewhere += amount;
  }

  /** A sale that a voucher shall pay. */
  async #sell(): Promise<void> {
    const good = this.#numbers
      .slice(-AT_ONCE)
      .filter((number) => this.#way.look(number)?.state === 'issued');
    const number = good[this.#below(good.length)] ?? '';
    const row = this.#way.look(number);
    if (row === undefined) return;
    const whole = this.#race.chance() < 0.3;
    const amount = whole ? row.face_minor : 1 + this.#below(row.face_minor);
    await this.#way.till(`till-${this.#counts.acts}-${this.#below(1e9)}`, number, amount);
  }
}

/** Ends and ways back are made rare, so that vouchers live to meet what races for them. */
const RARE: Partial<Record<Action, number>> = {
  ...{ withdraw: 0.004, refuse: 0.004, agree_cancel: 0.01, give_up: 0.004 },
  ...{ ask_change: 0.2, ask_cancel: 0.2, transfer: 0.4 },
};

const isLikely = (action: Action, chance: number): boolean => chance < (RARE[action] ?? 1);
