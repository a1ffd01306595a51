/**
 * In the deterministic simulation: services that crash over stores that outlive them, wires that lose,
 * double and delay, all in virtual time. The same seed runs the same race, message by message.
 */
import type { Core } from '#gateway/core.ts';
import type { Action } from '#gateway/funds/flow.ts';
import { remoteFunds } from '#gateway/funds/remote.ts';
import type { ActInput, CreateVoucher, VoucherView } from '#gateway/funds/schemas.ts';
import type { DebitAnswer, DebitRequest } from '#gateway/issuer/gate.ts';
import { remoteIssuer } from '#gateway/issuer/remote.ts';
import { PeerError } from '#gateway/peers/client.ts';
import type { GatewayMachine } from '#test/simulation/gateway-machine.ts';
import { reachAt } from '#test/simulation/people.ts';
import type { Planted } from '#test/simulation/plant-kit.ts';
import { Knowledge } from './knowledge.ts';
import { SimulatedHouses } from './simulated-houses.ts';
import { type Books, type Kind, type Known, payerOf, type Size, seedOf, type Way } from './way.ts';

export interface SimulatedWay extends Way {
  /** Of all that happened so far, hexadecimal. */
  digest(): string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** All must be settled so long after the last one has expired. */
const HEALING_MS = 45 * MINUTE;
const PATIENCE_MS = 15 * MINUTE;

export interface Troubles {
  /** How often a machine is killed or stopped, or both are parted from each other. */
  readonly kills: number;
  readonly seed: number;
  /** What is wrong on purpose. */
  readonly planted?: Planted;
}

export async function raceInSimulation(
  kind: Kind,
  size: Size,
  troubles: Troubles,
): Promise<SimulatedWay> {
  const { kills, seed, planted } = troubles;
  const houses = new SimulatedHouses(kind, seed, planted);
  await houses.begin(seedOf(size));
  return new Simulation(houses, kills);
}

class Simulation implements SimulatedWay {
  kills = 0;
  readonly complaints: string[];
  readonly #houses: SimulatedHouses;
  readonly #known = new Knowledge();
  readonly #killAt: number[];
  /** What tills were told that they have taken. */
  #taken = 0;

  constructor(houses: SimulatedHouses, kills: number) {
    this.#houses = houses;
    this.complaints = houses.complaints;
    this.#killAt = Array.from({ length: kills }, (_, at) => (at + 1) / (kills + 1));
  }

  now(): number {
    return this.#funds.clock.now();
  }

  lifeMs(chance: number): number {
    return MINUTE + Math.floor(chance * 3 * MINUTE);
  }

  look(number: string): Known | undefined {
    return this.#known.look(number);
  }

  digest(): string {
    return this.#houses.trace.digest();
  }

  async create(party: string, wish: CreateVoucher, key: string): Promise<Known | null> {
    const reply = await this.#ask((core) => fundsOf(core).create(party, wish, key));
    return reply === null || 'problem' in reply
      ? null
      : this.#told(party, reply.body as VoucherView);
  }

  async act(
    party: string,
    number: string,
    action: Action,
    input: ActInput,
    key: string,
  ): Promise<boolean> {
    const reply = await this.#ask((core) => fundsOf(core).act(party, number, action, input, key));
    if (reply === null) return false;
    if (!('problem' in reply)) {
      this.#told(party, reply.body as VoucherView);
      return true;
    }
    if (!this.#known.learnState(number, reply.extras.state)) await this.#refresh(number);
    return false;
  }

  async spend(id: string, at: number, amount_minor: number): Promise<boolean> {
    const { phone, pin } = payerOf(at);
    const payer = { proof: { by: 'pin' as const, phone, pin } };
    const { ask } = remoteIssuer(this.#houses.peer('issuer', 'acquirer')).debit;
    const asked = { ...takingOf(id, amount_minor), merchant: 'elsewhere', payer };
    return (await this.#debit(ask, asked))?.said === 'debited';
  }

  async till(id: string, number: string, amount_minor: number): Promise<boolean> {
    const beneficiary = this.#known.look(number)?.beneficiary ?? '';
    const view = await this.#ask(async (core) => fundsOf(core).reading.view(beneficiary, number));
    // It may have been passed on, or have ended.
    if (view?.code === undefined) return false;
    const payer = { proof: { by: 'voucher' as const, number, code: view.code } };
    const { ask } = remoteFunds(this.#houses.peer('fund-server', 'acquirer')).debit;
    const asked = { ...takingOf(id, amount_minor), merchant: 'till', payer };
    const answer = await this.#debit(ask, asked);
    const taken = answer?.said === 'debited';
    if (taken) this.#taken += amount_minor;
    await this.#refresh(number);
    return taken;
  }

  async pass(share: number): Promise<void> {
    if (share < (this.#killAt[0] ?? 2)) return;
    this.#killAt.shift();
    this.kills += 1;
    this.#houses.strike(`stroke ${this.kills}`);
  }

  async end(numbers: readonly string[]): Promise<Books> {
    const { time, vouchers, ledger, trace } = this.#houses;
    this.#houses.heal();
    await this.#houses.wait(this.lifeMs(1));
    const { tables } = this.#funds;
    const from = time.now;
    for (; ; await this.#houses.wait(SECOND)) {
      if (tables.funds.nextExpiry() === undefined && tables.funds.nextAsk() === undefined) break;
      if (time.now - from > HEALING_MS) {
        this.complaints.push(`stuck: ${numbers.length} vouchers are not all settled`);
        break;
      }
    }
    vouchers.judge(tables.funds, this.now(), (account) =>
      account === 'acquirer:due:voucher:CNY' ? -this.#taken : ledger.balanceMinor(account),
    );
    if (this.complaints.length > 0) this.complaints.push(...trace.lines());
    const bank = this.#houses.of('issuer').tables;
    return { bank, funds: tables, close: () => undefined };
  }

  async close(): Promise<void> {
    this.#houses.close();
  }

  get #funds(): GatewayMachine {
    return this.#houses.of('fund-server');
  }

  /** One call of a party; where no answer comes it asks again, under the same key. */
  #ask<T>(call: (core: Core) => Promise<T>): Promise<T | null> {
    const street = { time: this.#houses.time, weather: this.#houses.parties };
    return this.#insist(async () => {
      const reached = await reachAt(this.#funds, street, call);
      return reached === 'no answer' ? null : reached;
    });
  }

  /** The same between organisations. */
  #debit(debit: (asked: DebitRequest) => Promise<DebitAnswer>, asked: DebitRequest) {
    return this.#insist(() =>
      debit(asked).then(
        (said) => ({ said }),
        (error: unknown) => {
          if (error instanceof PeerError) return null;
          throw error;
        },
      ),
    );
  }

  /** Until there is an answer; that there never is one is a complaint. */
  async #insist<T>(ask: () => Promise<{ readonly said: T } | null>): Promise<T | null> {
    const { time } = this.#houses;
    const from = time.now;
    while (time.now - from < PATIENCE_MS) {
      const answer = await ask();
      if (answer !== null) return answer.said;
      await this.#houses.wait(SECOND);
    }
    this.complaints.push('stuck: somebody had no answer for a quarter of an hour');
    return null;
  }

  async #refresh(number: string): Promise<void> {
    const issuing = this.#known.look(number)?.issuing ?? '';
    const view = await this.#ask(async (core) => fundsOf(core).reading.view(issuing, number));
    if (view !== null) this.#told(issuing, view);
  }

  #told(party: string, view: VoucherView): Known {
    this.#houses.vouchers.told(party, view);
    return this.#known.learn(view);
  }
}

const takingOf = (id: string, amount_minor: number) =>
  ({ id, amount_minor, currency: 'CNY', reference: id }) as const;

function fundsOf(core: Core): NonNullable<Core['funds']> {
  if (core.funds === null) throw new Error('this is no fund server');
  return core.funds;
}
