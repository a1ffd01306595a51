/**
 * Payment links: made for merchants' orders, opened by payers, each paid at most once. Decisions are
 * units of the store (making.ts, attempts.ts); here is what happens between them.
 */
import type { Chance, Clock } from '../../clock.ts';
import type { FundGate } from '../../funds/gate.ts';
import { type GateHere, here } from '../../gate.ts';
import type { IssuerPresents } from '../../issuer/gate.ts';
import { type GatewayKeys, keyedDigest } from '../../keys.ts';
import type { Log } from '../../log.ts';
import { roundOf, startResolver } from '../../resolver.ts';
import type { Tables } from '../../store/tables.ts';
import type { ContractRow, LinkRow } from '../../store/tables-links.ts';
import type { Transaction, Writer } from '../../store/writer.ts';
import type { Stretch } from '../../stretch.ts';
import { type AcquirerResult, type LinkVerbs, ON_ITS_WAY_MS, type TellResult } from '../gate.ts';
import { answerOf, type Payments } from '../payments.ts';
import {
  payRequest,
  stands,
  takeAnswer,
  takePassword,
  tellAttempt,
  type Verified,
  type VoucherProof,
} from './attempts.ts';
import { checkContractPassword, proofOf } from './contracts.ts';
import { closeLink, createLink, linkDigest, type Making, tokenOf } from './making.ts';
import { admitVoucher, type ByVoucher, takeVoucher } from './vouchers.ts';

export interface LinksParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: Pick<GatewayKeys, 'digest'>;
  readonly log: Log;
  readonly stretch?: Stretch | undefined;
  readonly issuer: IssuerPresents;
  readonly payments: Payments;
  /** Where vouchers are redeemed; without it none are taken. */
  readonly vouchers?: FundGate | undefined;
  /** Tells the order centre, in the unit that decides. */
  readonly tell: TellResult;
}

/** How long a payer's page waits for the issuer before it says so; the payment goes on. */
const PATIENCE_MS = 2500;
const WATCHERS = 2000;

export class Links {
  readonly #parts: LinksParts;
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #stops: (() => void)[];
  #watching = 0;
  #url: string | null = null;
  #closed = false;

  constructor(parts: LinksParts) {
    this.#parts = parts;
    const { tables, writer, clock, log } = parts;
    this.#stops = [
      writer.listen((note) => {
        if (note.about !== 'link') return;
        for (const tell of this.#watchers.get(note.id) ?? []) tell();
      }),
      startResolver({
        ...{ writer, clock, log, place: 'acquirer/links' },
        nextAt: () => tables.links.nextAt(),
        settle: (now) => this.#settle(now),
      }),
    ];
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stops) stop();
  }

  /** What payers' phones reach the pages by, without a slash at its end; before, no link is made. */
  reachAt(url: string): void {
    this.#url = url;
  }

  get publicUrl(): string {
    if (this.#url === null) throw new Error('the address of payment links is not known yet');
    return this.#url;
  }

  gate(): GateHere<LinkVerbs> {
    const { keys, chance, clock } = this.#parts;
    const making: Making = { keys, chance, publicUrl: () => this.publicUrl };
    const now = (): number => Math.floor(clock.now());
    return {
      createLink: here((tx, request) => createLink(tx, making, request, now())),
      closeLink: here((tx, request) => closeLink(tx, making, request, now())),
    };
  }

  /** The link of a token. */
  find(token: string): LinkRow | undefined {
    const { tables, keys } = this.#parts;
    return tables.links.byDigest(linkDigest(keys, token));
  }

  /** The token of a link that is known; derived, not stored. */
  tokenOf(id: string): string {
    const { tables, keys } = this.#parts;
    return tokenOf(keys, id, tables.links.find(id)?.salt ?? '');
  }

  /** How a device is kept. */
  deviceDigest(secret: string): string {
    return keyedDigest(this.#parts.keys, `pay device\n${secret}`);
  }

  /** Pays by password, where phone and password are right and the phone is the order's. */
  async payByPassword(
    link: string,
    device: string,
    phone: string,
    password: string,
  ): Promise<Verified> {
    const { tables, keys, stretch } = this.#parts;
    const checked = await checkContractPassword(tables, keys, phone, password, stretch);
    return this.decide((tx, now) => takePassword(tx, this.#parts, link, device, checked, now));
  }

  /** Whether vouchers are taken here. */
  get takesVouchers(): boolean {
    return this.#parts.vouchers !== undefined;
  }

  /** Pays by voucher, where the fund server would take it for an order of that phone number. */
  async payByVoucher(
    link: string,
    device: string,
    typed: { readonly number: string; readonly code: string },
  ): Promise<ByVoucher> {
    const { tables, writer, clock, vouchers } = this.#parts;
    const row = tables.links.find(link);
    if (row === undefined || vouchers === undefined) return { said: 'ended' };
    const end = stands(row, device, clock.now());
    if (end !== null) return end;
    const by: VoucherProof = { by: 'voucher', ...typed, phone: row.phone };
    const said = await admitVoucher(writer, vouchers, row, by);
    return this.decide<ByVoucher>((tx, now) =>
      takeVoucher(tx, this.#parts, link, { device, by, said, now }),
    );
  }

  /** Takes a decision, and makes the payment that it calls for. */
  async decide<V extends { readonly said: string }>(
    unit: (tx: Transaction, now: number) => V | Verified,
  ): Promise<V | Verified> {
    const { writer, clock, log } = this.#parts;
    const verified = await writer.run((tx) => unit(tx, Math.floor(clock.now())));
    if (!begins(verified)) return verified;
    const paid = this.#pay(verified.payment, verified.by).catch((error: unknown) => {
      // The resolver takes it up.
      if (!this.#closed) log({ level: 'error', place: 'acquirer/links', says: String(error) });
    });
    await this.soon(paid);
    return verified;
  }

  async #pay(payment: string, by: ContractRow | VoucherProof): Promise<void> {
    const { tables, keys, issuer, payments, writer } = this.#parts;
    const row = tables.links.byAttempt(payment);
    if (row === undefined) throw new Error(`the link of ${payment} is gone`);
    const payer = 'method' in by ? await issuer.present(proofOf(tables, keys, by)) : { proof: by };
    await payments.pay(payRequest(row, payment, payer), 'always');
    // Nothing is told of a payment that ended before it began.
    await writer.run((tx) => this.#look(tx, row.id, 0));
  }

  /** Resolves with it, or when a page should no longer wait. */
  soon(work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(PATIENCE_MS, resolve);
      void work.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** A result of the acquirer's own, in the unit that knows it. */
  take(tx: Transaction, result: AcquirerResult): void {
    if (result.kind !== 'payment') return;
    takeAnswer(tx, result.id, result.answer, Math.floor(this.#parts.clock.now()));
  }

  /** Calls `tell` after each change; the answer ends it, `null` where there are too many. */
  watch(id: string, tell: () => void): (() => void) | null {
    if (this.#watching >= WATCHERS) return null;
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers);
    watchers.add(tell);
    this.#watching += 1;
    return () => {
      if (!watchers.delete(tell)) return;
      this.#watching -= 1;
      if (watchers.size === 0) this.#watchers.delete(id);
    };
  }

  async #settle(now: number): Promise<void> {
    const { tables, writer } = this.#parts;
    for (const { id } of tables.links.due(now, roundOf(now))) {
      await writer.run((tx) => this.#look(tx, id, 1));
    }
  }

  /** Compares an attempt with its payment; one that nobody began, and that is `due`, is given up. */
  #look(tx: Transaction, id: string, due: 0 | 1): void {
    const row = tx.links.find(id);
    if (row?.state !== 'paying' || row.attempt === null) return;
    const now = Math.floor(this.#parts.clock.now());
    const payment = tx.payments.find(row.attempt);
    if (tx.links.platform(row.attempt) !== undefined) {
      // Its own desk looks after it.
      if (due === 1) tx.links.change(id, { next_at: now + ON_ITS_WAY_MS });
      return;
    }
    if (payment === undefined) {
      if (due === 1) this.#giveUp(tx, row, now);
      return;
    }
    if (payment.state === 'asking') {
      if (due === 1) tx.links.change(id, { next_at: now + ON_ITS_WAY_MS });
      return;
    }
    const answer = answerOf(payment);
    takeAnswer(tx, payment.id, answer, now);
    tellAttempt(tx, this.#parts, row, payment.id, answer, now);
  }

  /** The process ended between the two units: nothing was asked, and must not be later. */
  #giveUp(tx: Transaction, row: LinkRow, now: number): void {
    const payment = row.attempt ?? '';
    tx.payments.putAction({
      ...{ id: `undo:${payment}`, kind: 'void', payment, amount_minor: row.amount_minor },
      ...{ state: 'done', answer: JSON.stringify({ said: 'voided', at: now }), tries: 0 },
      ...{ next_at: null, begun_at: now, ended_at: now },
    });
    takeAnswer(tx, payment, { said: 'not_made' }, now);
    tellAttempt(tx, this.#parts, row, payment, { said: 'not_made' }, now);
  }
}

const begins = (
  verified: Verified | { readonly said: string },
): verified is Extract<Verified, { said: 'pay' }> => verified.said === 'pay';
