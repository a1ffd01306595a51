/**
 * The same over HTTP: gateways as processes on loopback, parties that each bring their own token over a
 * connection of their own. The processes are killed with -9 and started again, days later by their
 * clocks; whoever waited asks again under the same Idempotency-Key.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action } from '#gateway/funds/flow.ts';
import type { ActInput, VoucherView } from '#gateway/funds/schemas.ts';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import { freePort } from '#simulators/free-port.ts';
import { sharePeerSecrets } from '#test/gateway/constellation.ts';
import { type GatewayProcess, spawnGateway } from '#test/gateway/process.ts';
import { until } from '#test/until.ts';
import { overdrawn } from './books.ts';
import { type Answer, ask, insist } from './calls.ts';
import { type Elsewhere, openPeers, openTerminal } from './elsewhere.ts';
import { Knowledge } from './knowledge.ts';
import {
  type Books,
  DAY_MS,
  type Kind,
  type Known,
  type Size,
  seedOf,
  tokenOf,
  type Way,
} from './way.ts';

export interface Troubles {
  /** How often all processes are killed, and are off for some days. */
  readonly kills: number;
}

/** How long nobody waits in vain for the last of all. */
const END_MS = 120_000;
const FIRST_PAUSE_MS = 100;
/** By how much time leaps at each turn, so that a short life is over while much is done to a voucher. */
const STEP_MS = 3000;
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

interface House {
  readonly name: string;
  readonly args: readonly string[];
}

/** The processes of one constellation, which live and die together. */
class Houses {
  readonly home: string;
  readonly kind: Kind;
  readonly fundUrl: string;
  readonly bankUrl: string;
  readonly #houses: readonly House[];
  /** Says how far ahead all clocks are. */
  readonly #ahead: string;
  #running: readonly GatewayProcess[] = [];
  #over = false;
  #aheadMs = 0;

  private constructor(home: string, kind: Kind, houses: readonly House[], urls: readonly string[]) {
    this.home = home;
    this.kind = kind;
    this.#ahead = join(home, 'ahead');
    this.#houses = houses;
    const [bank = '', fund = bank] = urls;
    this.bankUrl = bank;
    this.fundUrl = fund;
  }

  static async open(kind: Kind, size: Size): Promise<Houses> {
    const home = mkdtempSync(join(tmpdir(), 'hawker-race-'));
    sharePeerSecrets(home);
    const seed = join(home, 'seed.json');
    writeFileSync(seed, JSON.stringify(withTerminal(seedOf(size))));
    const [bank, fund] = [await freePort(), await freePort()];
    const urlOf = (port: number) => `http://127.0.0.1:${port}`;
    const house = (name: string, port: number, ...more: string[]): House => ({
      name,
      args: [
        ...['--data', join(home, name), '--seed', seed, '--http', `127.0.0.1:${port}`],
        ...more,
      ],
    });
    const all =
      kind === 'together'
        ? [house('all', bank, '--plain-mqtt', `127.0.0.1:${await freePort()}`)]
        : [
            house('issuer', bank, '--role', 'issuer'),
            house('fund-server', fund, '--role', 'fund-server', '--peer', `issuer=${urlOf(bank)}`),
          ];
    const urls = kind === 'together' ? [urlOf(bank)] : [urlOf(bank), urlOf(fund)];
    const houses = new Houses(home, kind, all, urls);
    houses.leap(0);
    await houses.start();
    return houses;
  }

  /** By their clocks, which are all the same. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  async start(): Promise<void> {
    const later = new URL(`later.ts?file=${encodeURIComponent(this.#ahead)}`, import.meta.url).href;
    this.#running = await Promise.all(
      this.#houses.map(({ args }) => spawnGateway(args, ['--import', later])),
    );
    // The race has failed meanwhile.
    if (this.#over) await this.stop('SIGKILL');
  }

  /** Those that start after this are so much later. */
  leap(ms: number): void {
    this.#aheadMs += ms;
    writeFileSync(`${this.#ahead}.new`, String(this.#aheadMs));
    renameSync(`${this.#ahead}.new`, this.#ahead);
  }

  /** A moment later, by all clocks. */
  forward(): void {
    this.leap(STEP_MS);
    for (const { pid } of this.#running) process.kill(pid, 'SIGUSR2');
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await Promise.all(this.#running.map((each) => each.end(signal)));
    this.#running = [];
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.stop('SIGKILL');
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Only while none of them runs: a store has one process. */
  books(): Books {
    const engines = this.#houses.map(({ name }) =>
      openSqlite(join(this.home, name, 'gateway.sqlite')),
    );
    const [bank, funds = bank] = engines;
    if (bank === undefined || funds === undefined) throw new Error('there are no houses');
    const close = (): void => {
      for (const engine of engines) engine.close();
    };
    return { bank: bank.tables, funds: funds.tables, close };
  }
}

/** With a stall for `together`: there accounts are spent by buying there. */
const withTerminal = (seed: ReturnType<typeof seedOf>): ReturnType<typeof seedOf> => ({
  ...seed,
  vendors: [{ id: 'lin', name: "Lin's Dumplings" }],
  terminals: [
    {
      ...{ id: 't-0001', vendor: 'lin', enrolment_code: 'CODE-0001', currency: 'CNY' },
      place: { name: 'Stall 12', latitude: 31.23, longitude: 121.46, radius_m: 30 },
      ...{ language: 'en', order_lifetime_s: 120, catalogue: [] },
    },
  ],
});

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
    // What has ended is let go by questions that may still be on their way. The books tell, and can be
    // read only while nobody runs; each time they are given longer.
    const deadline = performance.now() + END_MS;
    for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
      await this.#houses.stop('SIGTERM');
      const books = this.#houses.books();
      const { funds } = books.funds;
      const settled = funds.nextExpiry() === undefined && funds.nextAsk() === undefined;
      if (settled || performance.now() > deadline) return books;
      books.close();
      await this.#houses.start();
      await this.#call('p0', 'vouchers');
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
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

  #call(party: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    const agent = this.#agents.get(party) ?? new Agent({ keepAlive: true, maxSockets: 4 });
    this.#agents.set(party, agent);
    const url = `${this.#houses.fundUrl}/v1/funds/${path}`;
    return insist(() => ask(url, { agent, bearer: tokenOf(party), body, key }));
  }
}

const viewIn = ({ body }: Answer): VoucherView => body as unknown as VoucherView;
