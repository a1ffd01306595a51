/** The gateways of a race as processes of their own, and their clock, which leaps. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import { freePort } from '#simulators/free-port.ts';
import { sharePeerSecrets } from '#test/gateway/constellation.ts';
import { type GatewayProcess, spawnGateway } from '#test/gateway/process.ts';
import { type Books, type Kind, type Size, seedOf } from './way.ts';

/** By how much time leaps at each turn, so that a short life is over while much is done to a voucher. */
const STEP_MS = 3000;

interface House {
  readonly name: string;
  readonly args: readonly string[];
}

/** The processes of one constellation, which live and die together. */
export class Houses {
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

  /** Of the fund server. */
  get operatorToken(): string {
    const name = this.#houses.at(-1)?.name ?? '';
    return readFileSync(join(this.home, name, 'operator.token'), 'utf8').trim();
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
