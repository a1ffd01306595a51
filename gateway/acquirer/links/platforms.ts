/**
 * Paying a link through a payment platform: permission, the platform's own page, its word. Nobody has
 * proved anything before the platform tells who paid: until then the link is as open as it was, phones
 * may be at the platform side by side, and the first right payer has it. All other money goes back.
 */
import type { Currency } from '#device/messages/money.ts';
import { post } from '../../ledger/ledger.ts';
import type {
  PaymentPlatform,
  Permission,
  PlatformMessage,
  PlatformStatus,
} from '../../pairing/platforms/platform.ts';
import { backOff, roundOf, startResolver } from '../../resolver.ts';
import type { LinkPlatformRow, LinkRow } from '../../store/tables-links.ts';
import type { PaymentRow } from '../../store/tables-money.ts';
import type { Transaction } from '../../store/writer.ts';
import { merchantTransfer } from '../accounts.ts';
import type { PayAnswer } from '../gate.ts';
import { requirePosted } from '../payments.ts';
import { requireLink, takeAnswer, tellAttempt } from './attempts.ts';
import { accountOf } from './contracts.ts';
import type { Links, LinksParts } from './links.ts';
import {
  type Asker,
  type Begun,
  beginAttempt,
  isFree,
  isOpen,
  isWanted,
  payByPlatform,
} from './side-by-side.ts';

interface Connected {
  readonly platform: PaymentPlatform;
  readonly returnUrl: string;
}

/** While the payer is at the platform's page. */
const LOOK_MS = 3000;
const PERMISSION_MS = 15 * 60_000;

export class LinkPlatforms {
  readonly #parts: LinksParts;
  readonly #links: Links;
  readonly #platforms = new Map<string, Connected>();
  readonly #working = new Map<string, Promise<void>>();
  readonly #stop: () => void;
  #closed = false;

  constructor(parts: LinksParts, links: Links) {
    this.#parts = parts;
    this.#links = links;
    const { tables, writer, clock, log } = parts;
    this.#stop = startResolver({
      ...{ writer, clock, log, place: 'acquirer/platforms' },
      nextAt: () => (this.#platforms.size === 0 ? undefined : tables.links.platformNextAt()),
      settle: async (now) => {
        const due = tables.links.duePlatforms(now, roundOf(now));
        await Promise.all(due.map(({ id }) => this.#work(id)));
      },
    });
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  /** A platform that payers may have a contract for; `returnUrl` is where it sends them back to. */
  connect(platform: PaymentPlatform, returnUrl: string): void {
    this.#platforms.set(platform.name, { platform, returnUrl });
    void this.#parts.writer.run((tx) => {
      tx.links.putMethod({ id: `platform:${platform.name}`, state: 'offered' });
      tx.note({ about: 'open' });
    });
  }

  get platforms(): readonly PaymentPlatform[] {
    return [...this.#platforms.values()].map(({ platform }) => platform);
  }

  /** Asks the platform for permission; who pays there is told by the platform alone. */
  async begin(link: string, from: Asker, name: string): Promise<Begun> {
    if (!this.#platforms.has(name)) return { said: 'no_platform' };
    const { writer, clock, chance } = this.#parts;
    const said = await writer.run((tx) =>
      beginAttempt(tx, chance, { link, from, name, now: Math.floor(clock.now()) }),
    );
    if (said.said === 'begun') await this.#links.soon(this.#work(said.attempt));
    return said;
  }

  /** Takes a webhook, or what a payer brought back; `null` where the platform did not say so. */
  async take(name: string, message: PlatformMessage): Promise<LinkPlatformRow | null> {
    const { tables, writer, clock } = this.#parts;
    const result = await this.#platforms.get(name)?.platform.verifyResult(message);
    if (result === null || result === undefined) return null;
    const row = tables.links.platform(result.id);
    if (row?.platform !== name) return null;
    const own = await this.#payerOf(row, result.status);
    await writer.run((tx) => this.#takeStatus(tx, row.id, result.status, own, clock.now()));
    return tables.links.platform(result.id) ?? null;
  }

  /** Asks at once, such as when the payer is back before the webhook. */
  async ask(row: LinkPlatformRow): Promise<void> {
    if (row.next_at !== null) await this.#work(row.id);
  }

  /** Gives money back through the platform that took it; rejects where it gives no answer. */
  async refund(
    through: string,
    wish: { readonly id: string; readonly of: string; readonly amount_minor: number },
    currency: Currency,
  ): Promise<'refunded' | 'refused'> {
    const connected = this.#platforms.get(through.replace(/^platform:/, ''));
    if (connected === undefined) throw new Error(`${through} is not connected`);
    return (await connected.platform.refund({ ...wish, currency })).said;
  }

  #work(id: string): Promise<void> {
    const running = this.#working.get(id);
    if (running !== undefined) return running;
    const work = this.#question(id).finally(() => this.#working.delete(id));
    this.#working.set(id, work);
    return work;
  }

  async #question(id: string): Promise<void> {
    const { tables, writer, clock, log } = this.#parts;
    const row = tables.links.platform(id);
    if (row === undefined || row.next_at === null || this.#closed) return;
    const heard = await this.#ask(row)
      .then(async (said) => {
        if (!('status' in said)) return said;
        const { status } = said;
        if (status.state === 'paid' && status.account === undefined) {
          throw new Error('it does not say whose account paid');
        }
        return { status, own: await this.#payerOf(row, status) };
      })
      .catch((cause: unknown) => ({ cause }));
    if (this.#closed) return;
    await writer.run((tx) => {
      const now = Math.floor(clock.now());
      if ('permission' in heard) this.#takePermission(tx, id, heard.permission, now);
      else if ('status' in heard) this.#takeStatus(tx, id, heard.status, heard.own, now);
      else if ('refunded' in heard && heard.refunded) {
        tx.links.putPlatform({ ...requireRow(tx, id), state: 'refunded', next_at: null });
      } else this.#takeSilence(tx, id, now);
    });
    if ('cause' in heard && row.tries % 10 === 0) {
      const says = `${row.platform} gave no answer about ${id}: ${String(heard.cause)}`;
      log({ level: 'warn', place: 'acquirer/platforms', says });
    }
  }

  async #ask(row: LinkPlatformRow): Promise<Heard> {
    const connected = this.#platforms.get(row.platform);
    if (connected === undefined) throw new Error(`${row.platform} is not connected`);
    const { platform, returnUrl } = connected;
    const { tables, clock } = this.#parts;
    const link = tables.links.find(row.link);
    if (link === undefined) throw new Error(`link ${row.link} is gone`);
    const amount = { amount_minor: link.amount_minor, currency: link.currency as Currency };
    // What nobody can pay any more is called off rather than given back.
    if (isOpen(row) && !isWanted(tables, row, link)) {
      return { status: await platform.withdraw(row.id) };
    }
    switch (row.state) {
      case 'requesting': {
        const merchant = tables.links.merchant(link.merchant)?.name ?? link.merchant;
        const expires_at = Math.min(link.expires_at, row.made_at + PERMISSION_MS);
        if (expires_at <= clock.now()) return { status: await platform.withdraw(row.id) };
        const wish = { id: row.id, merchant, order: link.order_number, ...amount };
        return {
          permission: await platform.requestPermission({
            ...{ ...wish, return_url: returnUrl, expires_at },
          }),
        };
      }
      case 'refund_due': {
        const refund = await platform.refund({ id: `${row.id}-r`, of: row.id, ...amount });
        return { refunded: refund.said === 'refunded' };
      }
      default:
        return { status: await platform.status(row.id) };
    }
  }

  #takePermission(tx: Transaction, id: string, permission: Permission, now: number): void {
    const row = requireRow(tx, id);
    if (row.state !== 'requesting') return;
    if (permission.said === 'refused') {
      this.#fail(tx, row, permission.reason, now);
      return;
    }
    const { page_url } = permission;
    tx.links.putPlatform({
      ...row,
      state: 'permitted',
      page_url,
      tries: 0,
      next_at: now + LOOK_MS,
    });
    tx.note({ about: 'link', id: row.link });
    tx.note({ about: 'open' });
  }

  /** The contract's account, sealed, where it is the one that paid: by its digest, since masks repeat. */
  async #payerOf(row: LinkPlatformRow, status: PlatformStatus): Promise<string | null> {
    if (status.state !== 'paid' || status.account === undefined) return null;
    const { tables, keys } = this.#parts;
    const contract = tables.links.contract(row.contract);
    const account = contract === undefined ? null : accountOf(keys, contract);
    const platform = this.#platforms.get(row.platform)?.platform;
    if (contract === undefined || account === null || platform === undefined) return null;
    const same = (await platform.digestAccount(account)) === status.account;
    return same ? contract.secret : null;
  }

  #takeStatus(
    tx: Transaction,
    id: string,
    status: PlatformStatus,
    own: string | null,
    now: number,
  ): void {
    const row = requireRow(tx, id);
    switch (status.state) {
      case 'requested':
        this.#takeSilence(tx, id, now);
        break;
      case 'unknown':
        if (row.state === 'permitted') this.#fail(tx, row, 'platform_refused', now);
        break;
      case 'failed':
        this.#fail(tx, row, status.reason, now);
        break;
      case 'paid':
        this.#takePaid(tx, row, status, own, now);
    }
  }

  #takeSilence(tx: Transaction, id: string, now: number): void {
    const row = requireRow(tx, id);
    if (row.next_at === null) return;
    const pause = row.state === 'permitted' ? LOOK_MS : backOff(row.tries);
    tx.links.putPlatform({ ...row, tries: row.tries + 1, next_at: Math.floor(now + pause) });
    tx.note({ about: 'open' });
  }

  /** Only the phone that was there is told why: whose account it was is not known. */
  #fail(tx: Transaction, row: LinkPlatformRow, reason: string, now: number): void {
    if (!isOpen(row)) return;
    tx.links.putPlatform({ ...row, state: 'failed', reason, next_at: null });
    tx.note({ about: 'link', id: row.link });
    const declined = reason === 'insufficient_funds' || reason === 'account_blocked';
    this.#endEarlier(tx, row, declined ? { said: 'declined', reason } : { said: 'not_made' }, now);
  }

  #takePaid(
    tx: Transaction,
    row: LinkPlatformRow,
    paid: PaidStatus,
    account: string | null,
    now: number,
  ): void {
    if (!isOpen(row) && row.state !== 'failed') return;
    // What a payer carries back does not say whose account it was: the platform is asked.
    if (paid.account === undefined) {
      tx.links.putPlatform({ ...row, next_at: Math.floor(now) });
      tx.note({ about: 'open' });
      return;
    }
    const link = requireLink(tx, row.link);
    const { payment } = paid;
    const right = paid.amount_minor === link.amount_minor && paid.currency === link.currency;
    const contract = tx.links.contract(row.contract);
    // What the account was compared with may have been ended, or changed, since.
    const own =
      account !== null &&
      contract?.secret === account &&
      contract.phone === link.phone &&
      contract.state === 'active';
    if (right && own && isFree(row, link)) {
      tx.links.putPlatform({ ...row, state: 'paid', reason: null, payment, next_at: null });
      this.#takeIn(tx, link, row, paid.payer ?? '', Math.floor(now));
      return;
    }
    const reason = own ? 'closed_paid' : 'other_account';
    tx.links.putPlatform({
      ...row,
      state: 'refund_due',
      reason,
      payment,
      next_at: Math.floor(now),
    });
    tx.note({ about: 'link', id: link.id });
    tx.note({ about: 'open' });
    this.#endEarlier(tx, row, { said: 'declined', reason: 'payer_not_verified' }, now);
  }

  /** What the platform owes us from now on, and we the merchant. */
  #takeIn(tx: Transaction, link: LinkRow, row: LinkPlatformRow, payer: string, at: number): void {
    const { merchant, order_number, amount_minor, currency } = link;
    const answer = { said: 'paid', payer, at } as const;
    const payment: PaymentRow = {
      ...{ id: row.id, fingerprint: row.platform, merchant, order_number, amount_minor, currency },
      capture: 'now',
      state: 'paid',
      ...{ answer: JSON.stringify(answer), tell: 0, tries: 0 },
      ...{ captured_minor: amount_minor, next_at: null, begun_at: row.made_at, ended_at: at },
      through: `platform:${row.platform}`,
    };
    tx.payments.put(payment);
    const reference = `pay:${row.id}`;
    requirePosted(post(tx, merchantTransfer(payment, 'payment', reference, amount_minor, at)));
    payByPlatform(tx, link, row, payer, at);
    tellAttempt(tx, this.#parts, link, row.id, answer, at);
  }

  /** One of before attempts were side by side has the link to itself, and gives it free. */
  #endEarlier(tx: Transaction, row: LinkPlatformRow, answer: PayAnswer, at: number): void {
    const link = requireLink(tx, row.link);
    if (link.state !== 'paying' || link.attempt !== row.id) return;
    const now = Math.floor(at);
    takeAnswer(tx, row.id, answer, now);
    tellAttempt(tx, this.#parts, link, row.id, answer, now);
  }
}

type PaidStatus = Extract<PlatformStatus, { state: 'paid' }>;
type Heard =
  | { readonly permission: Permission }
  | { readonly status: PlatformStatus }
  | { readonly refunded: boolean };

function requireRow(tx: Transaction, id: string): LinkPlatformRow {
  const row = tx.links.platform(id);
  if (row === undefined) throw new Error(`attempt ${id} is gone`);
  return row;
}
