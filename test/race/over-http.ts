/**
 * The same over HTTP: gateways as processes on loopback, parties that each bring their own token over a
 * connection of their own. The processes are killed with -9 and started again, days later by their
 * clocks; whoever waited asks again under the same Idempotency-Key.
 */
import { Agent } from 'node:http';
import type { Action } from '#gateway/funds/flow.ts';
import { overviewSchema } from '#gateway/funds/overview.ts';
import type { ActInput, VoucherView } from '#gateway/funds/schemas.ts';
import { until } from '#test/until.ts';
import { overdrawn } from './books.ts';
import { type Answer, ask, insist } from './calls.ts';
import { type Elsewhere, openPeers, openTerminal } from './elsewhere.ts';
import { Knowledge } from './knowledge.ts';
import { Houses } from './processes.ts';
import { type Books, DAY_MS, type Kind, type Known, type Size, tokenOf, type Way } from './way.ts';

export interface Troubles {
  /** How often all processes are killed, and are off for some days. */
  readonly kills: number;
}

/** How long nobody waits in vain for the last of all. */
const END_MS = 120_000;
/** What half of them live, least and how much more at most. */
const SHORT_MS = 90_000;
const SHORT_LEFT_MS = 240_000;

export async function raceOverHttp(kind: Kind, size: Size, { kills }: Troubles): Promise<Way> {
  const houses = await Houses.open(kind, size);
  const { home, bankUrl, fundUrl } = houses;
  const elsewhere =
    kind === 'together'
      ? await openTerminal(bankUrl, houses)
      : openPeers({ home, bankUrl, fundUrl, clock: houses });
  return new HttpWay(houses, kills, elsewhere);
}

class HttpWay implements Way {
  readonly #houses: Houses;
  readonly #known = new Knowledge();
  readonly #agents = new Map<string, Agent>();
  readonly #killAt: number[];
  readonly #elsewhere: Elsewhere;
  kills = 0;
  readonly complaints: string[] = [];

  constructor(houses: Houses, kills: number, elsewhere: Elsewhere) {
    this.#elsewhere = elsewhere;
    this.#houses = houses;
    this.#killAt = Array.from({ length: kills }, (_, at) => (at + 1) / (kills + 1));
  }

  now(): number {
    return this.#houses.now();
  }

  lifeMs(chance: number): number {
    const days = Math.floor(chance * 40) - 20;
    return days < 0 ? SHORT_MS + chance * 2 * SHORT_LEFT_MS : (1 + days) * DAY_MS;
  }

  look(number: string): Known | undefined {
    return this.#known.look(number);
  }

  async create(party: string, wish: object, key: string): Promise<Known | null> {
    const answer = await this.#call(party, 'vouchers', wish, key);
    return answer.status === 201 ? this.#known.learn(viewIn(answer)) : null;
  }

  async act(
    party: string,
    number: string,
    action: Action,
    { account, redeem, transfer }: ActInput,
    key: string,
  ): Promise<boolean> {
    const path = `vouchers/${number}/${action.replaceAll('_', '-')}`;
    const answer = await this.#call(party, path, account ?? redeem ?? transfer ?? {}, key);
    if (answer.status === 200 || answer.status === 202) {
      this.#known.learn(viewIn(answer));
      return true;
    }
    if (!this.#known.learnState(number, answer.body.state)) await this.#refresh(number);
    return false;
  }

  async spend(id: string, at: number, amountMinor: number): Promise<boolean> {
    return this.#elsewhere.spend(id, at, amountMinor);
  }

  async till(id: string, number: string, amountMinor: number): Promise<boolean> {
    const beneficiary = this.#known.look(number)?.beneficiary ?? '';
    const { status, body } = await this.#call(beneficiary, `vouchers/${number}`);
    const { code } = body;
    // It may have been passed on, or have ended.
    if (status !== 200 || typeof code !== 'string') return false;
    const paid = await this.#elsewhere.till(id, number, code, amountMinor);
    await this.#refresh(number);
    return paid;
  }

  async pass(share: number): Promise<void> {
    this.#houses.forward();
    if (share < (this.#killAt[0] ?? 2)) return;
    this.#killAt.shift();
    this.kills += 1;
    await this.#restart('SIGKILL', 3 * DAY_MS);
  }

  /** Its books are read while it is dead. */
  async #restart(signal: NodeJS.Signals, offMs: number): Promise<void> {
    await this.#houses.stop(signal);
    const books = this.#houses.books();
    this.complaints.push(...overdrawn(books.bank));
    books.close();
    this.#houses.leap(offMs);
    await this.#houses.start();
  }

  async end(numbers: readonly string[]): Promise<Books> {
    await this.#elsewhere.close();
    await this.#restart('SIGTERM', 40 * DAY_MS);
    for (const number of numbers) {
      const over = async () => {
        if (!this.#known.isOver(number)) await this.#refresh(number);
        return this.#known.isOver(number);
      };
      await until(`the end of ${number}`, over, END_MS);
    }
    // What has ended is let go by questions that may still be on their way.
    await until('an answer to every question', () => this.#isSettled(), END_MS);
    await this.#houses.stop('SIGTERM');
    return this.#houses.books();
  }

  /** As the fund server's operator sees it. */
  async #isSettled(): Promise<boolean> {
    const { fundUrl, operatorToken: bearer } = this.#houses;
    const agent = this.#agentOf('operator');
    const { body } = await insist(() => ask(`${fundUrl}/v1/funds/overview`, { agent, bearer }));
    const { standing, questions } = overviewSchema.parse(body);
    return standing.length === 0 && questions.open === 0;
  }

  async close(): Promise<void> {
    await this.#elsewhere.close();
    for (const agent of this.#agents.values()) agent.destroy();
    await this.#houses.end();
  }

  async #refresh(number: string): Promise<void> {
    const issuing = this.#known.look(number)?.issuing ?? '';
    const answer = await this.#call(issuing, `vouchers/${number}`);
    if (answer.status === 200) this.#known.learn(viewIn(answer));
  }

  #agentOf(caller: string): Agent {
    const agent = this.#agents.get(caller) ?? new Agent({ keepAlive: true, maxSockets: 4 });
    this.#agents.set(caller, agent);
    return agent;
  }

  #call(party: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    const agent = this.#agentOf(party);
    const url = `${this.#houses.fundUrl}/v1/funds/${path}`;
    return insist(() => ask(url, { agent, bearer: tokenOf(party), body, key }));
  }
}

const viewIn = ({ body }: Answer): VoucherView => body as unknown as VoucherView;
