import { mintVoucherNumber } from '#device/codecs/voucher.ts';
import { there } from '../gate.ts';
import { keyedDigest } from '../keys.ts';
import type { VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import { canonical } from '../web/idempotency.ts';
import type { Reply } from '../web/routes.ts';
import { Asks } from './asks.ts';
import { expireLate, startVoucherExpiry } from './expiry.ts';
import { type Action, step } from './flow.ts';
import type { FundGate } from './gate.ts';
import { actorsOf, type FundParts, move } from './parts.ts';
import { type Problem, problemOf, proveAccount } from './proofs.ts';
import type { AskReply } from './questions.ts';
import { Reading } from './reading.ts';
import type { ActInput, CreateVoucher, VoucherLookUp } from './schemas.ts';
import { type Done, type Prepared, perform } from './steps.ts';
import { Till } from './till.ts';

const LEAST_MS = 60_000;
const LONGEST_MS = 5 * 366 * 86_400_000;

/** What parties ask of the fund server: each request decided once, in one unit, by the table. */
export class Funds {
  readonly reading: Reading;
  readonly #parts: FundParts;
  readonly #asks: Asks;
  readonly #till: Till;
  readonly #stop: () => void;

  /** Starts to look after what is open. */
  constructor(parts: FundParts) {
    this.#parts = parts;
    this.reading = new Reading(parts);
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
      voucher: token === undefined ? null : this.reading.check(token),
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
      return perform(tx, this.#asks, row, { party, action, input, prepared, key, now });
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
        const reply = { status, body: this.reading.show(tx, made.row, caller) };
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
    if (reply === null)
      return { status: 202, body: this.reading.show(this.#parts.tables, row, party) };
    if (reply.said === 'rejected') {
      return problemOf('account_refused', { reason: reply.reason });
    }
    if (reply.said === 'overtaken') return stepProblem('wrong_state', row, 'freeze');
    // As it was by that: what was done since is another answer, and perhaps another party's.
    const then = 'voucher' in reply ? reply.voucher : undefined;
    return { status: 200, body: this.reading.show(this.#parts.tables, then ?? row, party) };
  }

  #row(number: string): VoucherRow {
    const row = this.#parts.tables.funds.voucher(number);
    if (row === undefined) throw new Error(`voucher ${number} is gone`);
    return row;
  }
}

const replayed = (reply: Reply): Reply =>
  'status' in reply ? { ...reply, replayed: true } : reply;

const stepProblem = (
  why: 'wrong_party' | 'wrong_state',
  { state }: VoucherRow,
  action: Action,
): Problem =>
  why === 'wrong_party'
    ? problemOf('wrong_party', { action })
    : problemOf('wrong_voucher_state', { action, state });
