/**
 * The fund server: it takes what parties do about a voucher, asks the table whether they may, and
 * freezes, captures and releases at the issuer. What was done under a key is done once.
 */

import { fromBase64url } from '#device/codecs/bytes.ts';
import { mintVoucherNumber, readVoucher } from '#device/codecs/voucher.ts';
import { type Currency, currencySchema } from '#device/messages/money.ts';
import { there } from '../gate.ts';
import type { Presented } from '../issuer/gate.ts';
import { keyedDigest } from '../keys.ts';
import type { VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import { canonical } from '../web/idempotency.ts';
import type { Reply } from '../web/routes.ts';
import { partyAccount } from './accounts.ts';
import { Asks } from './asks.ts';
import { expireLate, startVoucherExpiry } from './expiry.ts';
import { type Action, step } from './flow.ts';
import type { FundGate } from './gate.ts';
import { actorsOf, askId, type FundParts, move } from './parts.ts';
import { type Problem, problemOf, proveAccount } from './proofs.ts';
import type { AskReply } from './questions.ts';
import { beginRedemption, redeemTrouble } from './redemption.ts';
import type { ActInput, Checked, CreateVoucher, VoucherLookUp, VoucherView } from './schemas.ts';
import { Till } from './till.ts';
import { CHANGES, claimsOf, viewVoucher } from './view.ts';

const LEAST_MS = 60_000;
const LONGEST_MS = 5 * 366 * 86_400_000;
const PAGE = 50;
/** More are not made in one ms: the writer commits fewer at once. */
const ALIKE = 10_000;

type Done = { readonly row: VoucherRow } | { readonly row: VoucherRow; readonly ask: string };

/** What was found out before the unit begins, because it takes time. */
interface Prepared {
  readonly account?: { readonly id: string; readonly masked: string; readonly name: string };
  readonly payer?: Presented;
}

export class Funds {
  readonly #parts: FundParts;
  readonly #asks: Asks;
  readonly #till: Till;
  readonly #stop: () => void;

  /** Starts to look after what is open. */
  constructor(parts: FundParts) {
    this.#parts = parts;
    this.#asks = new Asks(parts);
    this.#till = new Till(parts, this.#asks);
    this.#stop = startVoucherExpiry(parts, this.#asks);
  }

  close(): void {
    this.#stop();
    this.#asks.close();
  }

  /** For the acquirer: vouchers at tills. */
  gate(): FundGate {
    const { keys } = this.#parts;
    const lookUp = there(async ({ token }: VoucherLookUp) => ({
      key: keys.public,
      voucher: token === undefined ? null : this.check(token),
    }));
    return { ...this.#till.gate(), lookUp };
  }

  /** The issuing party asks a paying party to be payer. */
  create(issuing: string, wish: CreateVoucher, key: string): Promise<Reply> {
    return this.#once(issuing, key, 'create', wish, (tx, now) => {
      const { paying, beneficiary, terms } = wish;
      const stranger = [paying, beneficiary].find((id) => tx.funds.party(id) === undefined);
      if (stranger !== undefined) return { problem: 'unknown_party', extras: { party: stranger } };
      const lasts = wish.expires_at - now;
      if (lasts < LEAST_MS || lasts > LONGEST_MS) {
        const message = 'must be at least a minute and at most five years from now';
        return problemOf('malformed_request', { errors: [{ path: 'expires_at', message }] });
      }
      const fresh: Omit<VoucherRow, 'number'> = {
        ...{ issuing, paying, beneficiary, currency: wish.currency, face_minor: wish.amount_minor },
        ...{ captured_minor: 0, state: 'asked', memo: wish.memo, expires_at: wish.expires_at },
        ...{ transferable: terms.transferable ? 1 : 0, partial: terms.partial ? 1 : 0 },
        ...{ account: null, account_masked: null, account_name: null, changes: 0, ask: null },
        ...{ hold: null, trouble: null, serial: 0, failures: 0, locked_until: 0, created_at: now },
        ...{ issued_at: null, ended_at: null },
      };
      const row = this.#add(tx, fresh);
      const event = { voucher: row.number, actor: issuing, state: row.state, at: now };
      tx.funds.addEvent({ ...event, action: 'ask', detail: '{}' });
      tx.note({ about: 'voucher', number: row.number });
      // Whoever asks itself has agreed.
      const agreed = { actor: paying, action: 'agree', now } as const;
      return { row: issuing === paying ? move(tx, row, agreed) : row };
    });
  }

  #add(tx: Transaction, fresh: Omit<VoucherRow, 'number'>): VoucherRow {
    for (let tries = 0; tries < 20; tries += 1) {
      const row = { ...fresh, number: mintVoucherNumber(this.#parts.chance.bytes(8)) };
      if (tx.funds.addVoucher(row)) return row;
    }
    throw new Error('no voucher number is free');
  }

  /** Does what a party asks for, where the table lets it; a refusal changes nothing. */
  async act(
    party: string,
    number: string,
    action: Action,
    input: ActInput,
    key: string,
  ): Promise<Reply> {
    const prepared = await this.#prepare(party, number, action, input, key);
    if ('problem' in prepared) return prepared;
    return this.#once(party, key, action, { number, input }, (tx, now) => {
      const found = tx.funds.voucher(number);
      const actors = found === undefined ? [] : actorsOf(found, party);
      if (found === undefined || actors.length === 0) return problemOf('unknown_voucher');
      const row = expireLate(tx, this.#asks, found, now);
      const taken = step(row.state, action, actors);
      if (!taken.ok) return stepProblem(taken.why, row, action);
      return this.#perform(tx, row, party, action, input, prepared, key, now);
    });
  }

  /** What takes time, and only where the action could be allowed: wrong PINs count. */
  async #prepare(
    party: string,
    number: string,
    action: Action,
    { account }: ActInput,
    key: string,
  ): Promise<Prepared | Problem> {
    const { tables } = this.#parts;
    const row = tables.funds.voucher(number);
    if (row === undefined || tables.funds.act(party, key) !== undefined) return {};
    if (!step(row.state, action, actorsOf(row, party)).ok) return {};
    if (action === 'confirm_account' && row.account !== null) {
      return { payer: await this.#asks.present(row.account, row.account_name ?? '') };
    }
    if (action !== 'name_account' || account === undefined) return {};
    const proved = await proveAccount(this.#parts, account);
    if ('problem' in proved) return proved;
    return { account: { id: proved.id, masked: proved.masked, name: account.name } };
  }

  /** Vouchers of the party pay orders of this number by link from now on. */
  async registerPhone(party: string, wish: { phone: string; pin: string }): Promise<Reply> {
    const proved = await proveAccount(this.#parts, wish);
    if ('problem' in proved) return proved;
    await this.#parts.writer.run((tx) => tx.funds.setPartyPhone(party, proved.phone));
    return { status: 200, body: { party, phone: proved.masked } };
  }

  #perform(
    tx: Transaction,
    row: VoucherRow,
    party: string,
    action: Action,
    input: ActInput,
    prepared: Prepared,
    key: string,
    now: number,
  ): Done | Problem {
    const by = { actor: party, action, now };
    switch (action) {
      case 'name_account': {
        const { account } = prepared;
        if (account === undefined) return problemOf('request_in_flight');
        const { id, masked, name } = account;
        const change = { account: id, account_masked: masked, account_name: name, trouble: null };
        return { row: move(tx, row, { ...by, change, detail: { account: masked } }) };
      }
      case 'confirm_account':
        return this.#verify(tx, row, by, prepared, key);
      case 'ask_change': {
        if (row.changes >= CHANGES) return problemOf('change_refused', { changes: row.changes });
        this.#asks.overtake(tx, row);
        const none = { account: null, account_masked: null, account_name: null, ask: null };
        return { row: move(tx, row, { ...by, change: { ...none, changes: row.changes + 1 } }) };
      }
      case 'redeem': {
        const { amount_minor = 0, currency = '' } = input.redeem ?? {};
        const reason = redeemTrouble(row, amount_minor, currency);
        if (reason !== null) return problemOf('voucher_refused', { reason });
        const wish = { to: 'party', amount_minor, caller: party, key, now } as const;
        return { row, ask: beginRedemption(tx, this.#asks, row, wish) };
      }
      case 'transfer':
        return transfer(tx, row, by, input.transfer?.beneficiary ?? '');
      default: {
        this.#asks.overtake(tx, row);
        const moved = move(tx, row, by);
        if (moved.ended_at !== null) this.#asks.release(tx, moved);
        return { row: moved };
      }
    }
  }

  /** First the name of the account, then what it has; and where both are right it is frozen. */
  #verify(
    tx: Transaction,
    row: VoucherRow,
    by: { readonly actor: string; readonly action: Action; readonly now: number },
    { payer }: Prepared,
    key: string,
  ): Done | Problem {
    // Named between the look at it and this unit: the party shall see that account first.
    const { account, account_name: name } = row;
    const proof = payer?.proof;
    const seen = proof?.by === 'account' && proof.account === account && proof.name === name;
    if (payer === undefined || account === null || name === null || !seen) {
      return problemOf('request_in_flight');
    }
    const ask = askId('freeze', by.actor, key);
    const verifying = move(tx, row, { ...by, change: { ask } });
    this.#asks.begin(tx, verifying, ask, { kind: 'freeze', account, name }, payer);
    return { row: verifying, ask };
  }

  /** Once for each key of a caller; a refusal is not kept, since it has changed nothing. */
  async #once(
    caller: string,
    key: string,
    kind: string,
    content: unknown,
    unit: (tx: Transaction, now: number) => Done | Problem,
  ): Promise<Reply> {
    const { writer, keys, clock } = this.#parts;
    const fingerprint = keyedDigest(keys, `${kind}\n${canonical(content)}`);
    const begun = await writer.run(
      (tx): Reply | { ask: string; number: string; again: boolean } => {
        const earlier = tx.funds.act(caller, key);
        if (earlier !== undefined) {
          if (earlier.fingerprint !== fingerprint) return problemOf('idempotency_key_reused');
          if (earlier.ask !== null) {
            return { ask: earlier.ask, number: earlier.voucher ?? '', again: true };
          }
          return replayed(JSON.parse(earlier.reply ?? '') as Reply);
        }
        const now = Math.floor(clock.now());
        const made = unit(tx, now);
        if ('problem' in made) return made;
        const { number } = made.row;
        const ask = 'ask' in made ? made.ask : null;
        const status = kind === 'create' ? 201 : 200;
        const reply = { status, body: this.#show(tx, made.row, caller) };
        tx.funds.addAct({
          ...{ caller, key, fingerprint, kind, of_key: null, voucher: number, amount_minor: 0 },
          ...{ ask, reply: ask === null ? JSON.stringify(reply) : null, at: now },
        });
        return ask === null ? reply : { ask, number, again: false };
      },
    );
    if (!('ask' in begun)) return begun;
    const answer = this.#answer(caller, begun.number, await this.#asks.settle(begun.ask));
    return begun.again ? replayed(answer) : answer;
  }

  #answer(party: string, number: string, reply: AskReply | null): Reply {
    const row = this.#row(number);
    if (reply === null) return { status: 202, body: this.#show(this.#parts.tables, row, party) };
    if (reply.said === 'rejected') {
      return problemOf('account_refused', { reason: reply.reason });
    }
    if (reply.said === 'overtaken') return stepProblem('wrong_state', row, 'freeze');
    return { status: 200, body: this.#show(this.#parts.tables, row, party) };
  }

  #row(number: string): VoucherRow {
    const row = this.#parts.tables.funds.voucher(number);
    if (row === undefined) throw new Error(`voucher ${number} is gone`);
    return row;
  }

  #show(tables: Pick<Transaction, 'funds'>, row: VoucherRow, party: string): VoucherView {
    const view = viewVoucher(tables, this.#parts.keys, row, party);
    // Whoever passed it on sees the last of it.
    return view ?? { ...this.#foreign(tables, row), may: [] };
  }

  #foreign(tables: Pick<Transaction, 'funds'>, row: VoucherRow): VoucherView {
    const view = viewVoucher(tables, this.#parts.keys, row, row.beneficiary);
    if (view === null) throw new Error(`voucher ${row.number} has no beneficiary`);
    const { code: _code, token: _token, qr: _qr, ...rest } = view;
    return rest;
  }

  /** `null` for a stranger, as for a number that there is not. */
  view(party: string, number: string): VoucherView | null {
    const { tables, keys } = this.#parts;
    const row = tables.funds.voucher(number);
    return row === undefined ? null : viewVoucher(tables, keys, row, party);
  }

  /** The newest first; `before` is ms since 1970. Those of one moment are never parted. */
  list(party: string, before: number, limit = PAGE): { vouchers: VoucherView[]; next?: number } {
    const { tables } = this.#parts;
    const rows = tables.funds.ofParty(party, before, limit);
    const show = (each: readonly VoucherRow[]) => each.map((row) => this.#show(tables, row, party));
    const last = rows.length === limit ? rows.at(-1)?.created_at : undefined;
    if (last === undefined) return { vouchers: show(rows) };
    const newer = rows.filter(({ created_at }) => created_at > last);
    const alike = tables.funds
      .ofParty(party, last + 1, ALIKE)
      .filter((row) => row.created_at === last);
    return { vouchers: show([...newer, ...alike]), next: last };
  }

  balances(party: string): { currency: Currency; amount_minor: number }[] {
    const { ledger } = this.#parts.tables;
    return currencySchema.options.flatMap((currency) => {
      const account = ledger.account(partyAccount(party, currency));
      return account === undefined ? [] : [{ currency, amount_minor: account.balance_minor }];
    });
  }

  /** What is true of a signed voucher now; whoever has it may ask. */
  check(token: string): Checked {
    const { tables, keys, clock } = this.#parts;
    const key = fromBase64url(keys.public) ?? new Uint8Array();
    const read = readVoucher(key, token, clock.now());
    const row = read.ok ? tables.funds.voucher(read.claims.number) : undefined;
    if (!read.ok || row === undefined) return { said: 'forged' };
    const superseded = claimsOf(tables, row).serial !== read.claims.serial;
    const late = row.expires_at <= clock.now() && step(row.state, 'expire', ['fund_server']).ok;
    const state = late ? 'expired' : row.state;
    const open = ['issued', 'redeeming', 'refilling', 'cancel_asked'].includes(state);
    const left_minor = open ? row.face_minor - row.captured_minor : 0;
    return { said: 'genuine', claims: read.claims, state, left_minor, superseded };
  }
}

const replayed = (reply: Reply): Reply =>
  'status' in reply ? { ...reply, replayed: true } : reply;

function transfer(
  tx: Transaction,
  row: VoucherRow,
  by: { readonly actor: string; readonly action: Action; readonly now: number },
  beneficiary: string,
): Done | Problem {
  if (row.transferable === 0) return problemOf('not_transferable');
  if (tx.funds.party(beneficiary) === undefined || beneficiary === row.beneficiary) {
    return problemOf('unknown_party', { party: beneficiary });
  }
  const change = { beneficiary, serial: row.serial + 1, failures: 0, locked_until: 0 };
  return { row: move(tx, row, { ...by, change, detail: { to: beneficiary } }) };
}

const stepProblem = (
  why: 'wrong_party' | 'wrong_state',
  { state }: VoucherRow,
  action: Action,
): Problem =>
  why === 'wrong_party'
    ? problemOf('wrong_party', { action })
    : problemOf('wrong_voucher_state', { action, state });
