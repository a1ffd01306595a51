/**
 * A fund server in this process with in-memory stores: with the issuer in the same one, or beside an
 * issuer of its own whose answers a test may hold back or lose.
 */
import type { Currency } from '#device/messages/money.ts';
import { type Clock, systemChance } from '#gateway/clock.ts';
import { type Core, openCore } from '#gateway/core.ts';
import type { Action } from '#gateway/funds/flow.ts';
import type { Funds } from '#gateway/funds/funds.ts';
import type { ActInput, VoucherView } from '#gateway/funds/schemas.ts';
import { type AskHere, askGate, there } from '#gateway/gate.ts';
import type { IssuerGate } from '#gateway/issuer/gate.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { PeerError } from '#gateway/peers/client.ts';
import type { Role } from '#gateway/roles.ts';
import { applySeed, type Seed, seedSchema } from '#gateway/seed.ts';
import type { Reply } from '#gateway/web/routes.ts';

export const WANG = { phone: '+8613800000001', pin: '246810', name: 'Wang Lin' };
export const MEI = { phone: '+8613800000002', pin: '135790', name: 'Chen Mei' };
/** Pays out of a credit line alone. */
export const HUO = { phone: '+8613800000003', pin: '112233', name: 'Huo Jun' };
export const PARTIES = ['shop', 'fund', 'chen', 'zhao', 'stranger'] as const;
export type Party = (typeof PARTIES)[number];
export const DAY_MS = 86_400_000;

const holder = (name: string) => ({ name, identity_number: '110101199003070011' });
const cny = (amount_minor: number, credit_minor?: number) => [
  {
    ...{ currency: 'CNY' as const, amount_minor },
    ...(credit_minor === undefined ? {} : { credit_minor }),
  },
];

export const VOUCHER_SEED = {
  calling_code: '86',
  vendors: [{ id: 'lin', name: "Lin's Dumplings" }],
  terminals: [],
  payers: [
    { phone: WANG.phone, pin: WANG.pin, holder: holder(WANG.name), balances: cny(50_000) },
    { phone: MEI.phone, pin: MEI.pin, holder: holder(MEI.name), balances: cny(50_000) },
    { phone: HUO.phone, pin: HUO.pin, holder: holder(HUO.name), balances: cny(100, 30_000) },
  ],
  parties: PARTIES.map((id) => ({
    id,
    name: `The ${id}`,
    token: `token-of-party-${id}`,
    password: `password of ${id}`,
  })),
};

/** What a wire does to the next call of a verb. */
export type Fault = 'hold' | 'lose_answer' | 'lose_request';

export interface Stand {
  readonly core: Core;
  readonly funds: Funds;
  /** Where the accounts are: the same one, or beside it. */
  readonly bank: Core;
  readonly clock: Clock & { ahead: number };
  /** Does this to the next call of a verb; only where the issuer is apart. */
  next(verb: string, fault: Fault): void;
  /** Lets a held call go. */
  letGo(): void;
  create(more?: object): Promise<VoucherView>;
  act(party: Party, number: string, action: Action, input?: ActInput, key?: string): Promise<Reply>;
  /** Acts, and expects that it is done. */
  done(party: Party, number: string, action: Action, input?: ActInput): Promise<VoucherView>;
  /** Up to the state `issued`. */
  issue(more?: object, account?: typeof WANG): Promise<VoucherView>;
  /** Balance and frozen sum of an account, minor units. */
  money(payer: typeof WANG, currency?: Currency): { balance: number; held: number };
  complaints(): readonly string[];
  close(): void;
}

const opened: Stand[] = [];

/** Also those of a test that failed. */
export function closeStands(): void {
  for (const each of opened.splice(0)) each.close();
}

let keys = 0;
export const freshKey = (): string => `k-${keys++}`;
export const ACCOUNT = (payer: typeof WANG): ActInput => ({ account: payer });
export const PART = (amount_minor: number, currency: Currency = 'CNY'): ActInput => ({
  redeem: { amount_minor, currency },
});

export interface StandOptions {
  readonly seed?: Seed;
}

export async function openStand(
  kind: 'together' | 'apart',
  { seed: sown = VOUCHER_SEED }: StandOptions = {},
): Promise<Stand> {
  const clock = shifted();
  const faults: { verb: string; fault: Fault }[] = [];
  const held: (() => void)[] = [];
  const open = (roles: readonly Role[] | null, issuer?: IssuerGate): Core =>
    openCore({
      ...{ database: ':memory:', clock, chance: systemChance, log: () => undefined },
      keys: deriveGatewayKeys(systemChance.bytes(32)),
      stretch: async (secret) => secret.slice(0, 32),
      defer: (then) => setImmediate(then),
      ...(roles === null ? {} : { roles }),
      ...(issuer === undefined ? {} : { gates: { issuer } }),
    });
  const seed = seedSchema.parse(sown);
  const bank = open(kind === 'together' ? null : ['issuer']);
  const core = kind === 'together' ? bank : open(['fund-server'], wired(bank, faults, held));
  await applySeed(bank, seed);
  if (core !== bank) await applySeed(core, seed);
  const { funds } = core;
  if (funds === null) throw new Error('this is no fund server');
  const act: Stand['act'] = (party, number, action, input = {}, key = freshKey()) =>
    funds.act(party, number, action, input, key);
  const done: Stand['done'] = async (party, number, action, input) =>
    viewIn(await act(party, number, action, input));
  const create: Stand['create'] = async (more = {}) =>
    viewIn(await funds.create('shop', { ...wish(clock.now()), ...more }, freshKey()));
  const stand: Stand = {
    ...{ core, bank, funds, clock, create, act, done },
    next: (verb, fault) => void faults.push({ verb, fault }),
    letGo() {
      for (const each of held.splice(0)) each();
    },
    async issue(more, account = WANG) {
      const { number } = await create(more);
      await done('fund', number, 'agree');
      await done('shop', number, 'request_issue');
      await done('fund', number, 'name_account', ACCOUNT(account));
      return done('shop', number, 'confirm_account');
    },
    money(payer, currency = 'CNY') {
      const id = bank.tables.payers.byPhone(payer.phone)?.id ?? '';
      const row = bank.tables.ledger.account(`issuer:payer:${id}:${currency}`);
      return { balance: row?.balance_minor ?? 0, held: row?.held_minor ?? 0 };
    },
    complaints: () =>
      [...new Set([bank, core])].flatMap(({ tables }) => trialBalance(tables).complaints),
    close() {
      core.close();
      if (bank !== core) bank.close();
    },
  };
  opened.push(stand);
  return stand;
}

export const wish = (now: number) => ({
  ...{ paying: 'fund', beneficiary: 'chen', amount_minor: 20_000, currency: 'CNY' as const },
  ...{ terms: { transferable: true, partial: true }, memo: '', expires_at: now + DAY_MS },
});

export function viewIn(reply: Reply): VoucherView {
  if ('problem' in reply) throw new Error(JSON.stringify(reply));
  return reply.body as VoucherView;
}

function shifted(): Clock & { ahead: number } {
  const clock = {
    ahead: 0,
    now: () => Date.now() + clock.ahead,
    monotonic: () => performance.now(),
    after(ms: number, then: () => void) {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
  };
  return clock;
}

/** The issuer's gate as calls that may be held back or lost. */
function wired(
  bank: Core,
  faults: { verb: string; fault: Fault }[],
  held: (() => void)[],
): IssuerGate {
  const gate = bank.issuer.gate('fund-server');
  const over = <Q, A>(verb: string, ask: AskHere<Q, A>) =>
    there(async (question: Q): Promise<A> => {
      const at = faults.findIndex((each) => each.verb === verb);
      const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
      if (fault === 'lose_request') throw new PeerError('nobody answered');
      if (fault === 'hold') await new Promise<void>((resolve) => held.push(resolve));
      const answer = await askGate(bank.writer, ask, question);
      if (fault === 'lose_answer') throw new PeerError('nobody answered');
      return answer;
    });
  return {
    present: (proof) => gate.present(proof),
    admit: over('admit', gate.admit),
    authorise: over('authorise', gate.authorise),
    capture: over('capture', gate.capture),
    release: over('release', gate.release),
    debit: over('debit', gate.debit),
    reverse: over('reverse', gate.reverse),
    refund: over('refund', gate.refund),
    status: over('status', gate.status),
  };
}
