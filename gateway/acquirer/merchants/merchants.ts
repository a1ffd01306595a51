/**
 * What a merchant's own system asks for. Each question is about that merchant alone: what belongs to
 * another is answered as what is not there. The ids behind the gates are derived from the caller and
 * its Idempotency-Key, so that a repetition is the same request.
 */
import type { z } from 'zod';
import type { Currency } from '#device/messages/money.ts';
import type { Clock } from '../../clock.ts';
import { askGate } from '../../gate.ts';
import { type GatewayKeys, keyedDigest } from '../../keys.ts';
import type { judgeAddress } from '../../notify/outside-post.ts';
import type { PairedGate, PairedQuestion } from '../../pairing/merchant-payments.ts';
import { PeerError } from '../../peers/client.ts';
import { readPhone } from '../../phone.ts';
import type { Tables } from '../../store/tables.ts';
import type { LinkRow, MerchantRow } from '../../store/tables-links.ts';
import type { PaymentRow } from '../../store/tables-money.ts';
import type { Writer } from '../../store/writer.ts';
import type { Reply } from '../../web/routes.ts';
import type { AcquirerGate } from '../gate.ts';
import type { Links } from '../links/links.ts';
import { isOwnOrder, ownOrder, shownOrder } from './own-orders.ts';
import {
  complainOfUrl,
  type linkRequestSchema,
  type merchantPaymentSchema,
  type ownOrderViewSchema,
} from './schemas.ts';
import { webhookSalt, webhookSecret } from './webhooks.ts';

export interface MerchantsParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Pick<Clock, 'now'>;
  readonly keys: Pick<GatewayKeys, 'digest'>;
  readonly links: Links;
  readonly acquirer: AcquirerGate;
  /** What the order centre knows of payments that never came here. */
  readonly paired: PairedGate;
  /** Whether results may be told over plain http: where the acquirer itself is on no https. */
  readonly insecure: () => boolean;
  /** Whether what a URL names is on the open internet. */
  readonly judge: typeof judgeAddress;
}

const UNREACHABLE: Reply = { problem: 'centre_unreachable', extras: {} };

type OwnOrderView = z.output<typeof ownOrderViewSchema>;
type PaymentView = z.output<typeof merchantPaymentSchema>;

export class Merchants {
  readonly #parts: MerchantsParts;

  constructor(parts: MerchantsParts) {
    this.#parts = parts;
  }

  async createLink(
    merchant: MerchantRow,
    wish: z.output<typeof linkRequestSchema>,
    key: string,
  ): Promise<Reply> {
    const { tables, writer, links } = this.#parts;
    if (wish.merchant_number !== merchant.number) {
      return { problem: 'merchant_refused', extras: { field: 'merchant_number' } };
    }
    const phone = readPhone(wish.phone, tables.settings.get('calling_code') ?? '');
    if (phone === null) {
      const errors = [{ path: 'phone', message: 'must be a phone number in E.164 form' }];
      return { problem: 'malformed_request', extras: { errors } };
    }
    const { merchant_number: _, order, ...rest } = wish;
    const said = await askGate(writer, links.gate().createLink, {
      ...{ ...rest, phone, merchant: merchant.id, order: ownOrder(merchant.id, order) },
      id: this.#id('link', merchant, key),
    });
    switch (said.said) {
      case 'created':
        return { status: 201, body: { order, link: said.link, expires_at: said.expires_at } };
      case 'conflict':
        return { problem: 'idempotency_key_reused', extras: {} };
      case 'refused':
        return { problem: said.code, extras: said.code === 'closed' ? { order } : {} };
    }
  }

  async closeLink(merchant: MerchantRow, order: string, key: string): Promise<Reply> {
    const { writer, links } = this.#parts;
    const said = await askGate(writer, links.gate().closeLink, {
      ...{ merchant: merchant.id, order: ownOrder(merchant.id, order) },
      id: this.#id('close', merchant, key),
    });
    if (said.said === 'conflict') return { problem: 'idempotency_key_reused', extras: {} };
    if (said.said === 'closed') return this.order(merchant, order);
    const { code } = said;
    return code === 'paying'
      ? { problem: 'being_paid', extras: {} }
      : { problem: 'closed', extras: { state: code } };
  }

  async order(merchant: MerchantRow, order: string): Promise<Reply> {
    const row = this.#parts.tables.links.ofOrder(merchant.id, ownOrder(merchant.id, order));
    if (row === undefined) return { problem: 'unknown_order', extras: {} };
    return { status: 200, body: await this.#view(row) };
  }

  async #view(row: LinkRow): Promise<OwnOrderView> {
    const { tables, clock } = this.#parts;
    const payment = row.attempt === null ? undefined : tables.payments.find(row.attempt);
    const voided = payment?.state === 'voided' && row.state === 'paid';
    const expired = row.state === 'open' && row.expires_at <= clock.now();
    return {
      order: shownOrder(row.order_number),
      state: voided ? 'voided' : expired ? 'expired' : row.state,
      ...(row.digest === null
        ? {}
        : { amount_minor: row.amount_minor, currency: row.currency as Currency }),
      ...{ made_at: row.made_at, expires_at: row.expires_at },
      ...(row.reason === null ? {} : { reason: row.reason }),
      ...(row.state === 'paid' && row.attempt !== null ? { payment: row.attempt } : {}),
      ...(row.paid_from === null ? {} : { payer: row.paid_from }),
      refunded_minor: payment === undefined ? 0 : await this.#refunded(payment.id),
    };
  }

  async payments(merchant: MerchantRow, after: string, limit: number): Promise<Reply> {
    const rows = this.#parts.tables.payments.ofMerchant(merchant.id, after, limit);
    const asked = { about: 'page', merchant: merchant.id, after, limit } as const;
    const paired = await this.#paired(asked);
    if (paired === null) return UNREACHABLE;
    const own = await Promise.all(
      rows.map(async (row) => ({ at: row.order_number, view: await this.#viewPayment(row) })),
    );
    const all = [...own, ...paired.map((view) => ({ at: view.order, view }))]
      .sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
      .slice(0, limit);
    const next = all.length < limit ? {} : { next: all.at(-1)?.at };
    return { status: 200, body: { payments: all.map(({ view }) => view), ...next } };
  }

  async payment(merchant: MerchantRow, id: string): Promise<Reply> {
    const row = this.#own(merchant, id);
    if (row !== undefined) return { status: 200, body: await this.#viewPayment(row) };
    const paired = await this.#paired({ about: 'payment', merchant: merchant.id, payment: id });
    if (paired === null) return UNREACHABLE;
    const [view] = paired;
    if (view === undefined) return { problem: 'unknown_payment', extras: {} };
    return { status: 200, body: view };
  }

  async refund(
    merchant: MerchantRow,
    payment: string,
    amount_minor: number,
    key: string,
  ): Promise<Reply> {
    const refusal = await this.#refusal(merchant, payment);
    if (refusal !== null) return refusal;
    const { writer, acquirer } = this.#parts;
    const refund = this.#id('refund', merchant, key);
    const wish = { id: refund, payment, amount_minor };
    const said = await askGate(writer, acquirer.refund, wish);
    switch (said.said) {
      case 'refunded':
        return { status: 201, body: { refund, outcome: 'refunded', amount_minor } };
      case 'pending':
        return { status: 202, body: { refund, outcome: 'pending', amount_minor } };
      case 'conflict':
        return { problem: 'idempotency_key_reused', extras: {} };
      case 'refused': {
        const { code, left_minor } = said;
        if (code === 'unknown_payment' || code === 'not_paid') return { problem: code, extras: {} };
        return { problem: 'refund_refused', extras: { reason: code, left_minor } };
      }
    }
  }

  async void(merchant: MerchantRow, payment: string, key: string): Promise<Reply> {
    const refusal = await this.#refusal(merchant, payment);
    if (refusal !== null) return refusal;
    const { writer, acquirer } = this.#parts;
    const wish = { id: this.#id('void', merchant, key), payment };
    const said = await askGate(writer, acquirer.void, wish);
    if (said.said === 'conflict') return { problem: 'idempotency_key_reused', extras: {} };
    if (said.said === 'refused')
      return { problem: 'refund_refused', extras: { reason: said.code } };
    return this.payment(merchant, payment);
  }

  /** Where results are told from now on; a secret of its own for each registration. */
  async registerWebhook(merchant: MerchantRow, url: string, key: string): Promise<Reply> {
    const { writer, keys, clock, insecure, judge } = this.#parts;
    const complaint = complainOfUrl(url, insecure());
    if (complaint !== null) {
      const errors = [{ path: 'url', message: complaint }];
      return { problem: 'malformed_request', extras: { errors } };
    }
    // Looked at again when it is called: what a name means may change.
    const why = await judge(url);
    if (why !== 'public') return { problem: 'address_refused', extras: { why } };
    const fingerprint = keyedDigest(keys, `webhook url\n${url}`);
    const scope = `acquirer webhook ${merchant.id}`;
    return writer.run((tx): Reply => {
      const now = Math.floor(clock.now());
      const row = { merchant: merchant.id, url, salt: webhookSalt(keys, merchant.id, key) };
      const body = { url, secret: webhookSecret(keys, { ...row, since: now }) };
      const kept = tx.answers.find(scope, key);
      if (kept !== undefined) {
        if (kept.fingerprint === fingerprint) return { status: 201, body };
        return { problem: 'idempotency_key_reused', extras: {} };
      }
      tx.merchantWebhooks.put({ ...row, since: now });
      tx.answers.add(scope, key, { fingerprint, answer: '{}' }, now);
      return { status: 201, body };
    });
  }

  /** Where results are told, without the secret. */
  webhook(merchant: MerchantRow): Reply {
    const row = this.#parts.tables.merchantWebhooks.find(merchant.id);
    return { status: 200, body: row === undefined ? {} : { url: row.url, since: row.since } };
  }

  /** Tells nothing any more, also nothing that waits. */
  async endWebhook(merchant: MerchantRow): Promise<Reply> {
    await this.#parts.writer.run((tx) => tx.merchantWebhooks.end(merchant.id));
    return this.webhook(merchant);
  }

  /** Of this merchant, or not at all. */
  #own(merchant: MerchantRow, id: string): PaymentRow | undefined {
    const row = this.#parts.tables.payments.find(id);
    return row?.merchant === merchant.id ? row : undefined;
  }

  /** The order centre keeps the state of its own orders, and has to be the one that refunds them. */
  async #refusal(merchant: MerchantRow, id: string): Promise<Reply | null> {
    const row = this.#own(merchant, id);
    if (row === undefined) {
      const paired = await this.#paired({ about: 'payment', merchant: merchant.id, payment: id });
      if (paired === null) return UNREACHABLE;
      const [view] = paired;
      if (view === undefined) return { problem: 'unknown_payment', extras: {} };
      return { problem: 'order_of_the_centre', extras: { order: view.order } };
    }
    if (isOwnOrder(row.order_number)) return null;
    return { problem: 'order_of_the_centre', extras: { order: row.order_number } };
  }

  /** `null` where the order centre gives no answer. */
  async #paired(asked: PairedQuestion): Promise<PaymentView[] | null> {
    const { writer, paired } = this.#parts;
    try {
      const { payments } = await askGate(writer, paired.payments, asked);
      return payments.map((each) => ({ ...each, of: 'centre' }));
    } catch (error) {
      if (error instanceof PeerError) return null;
      throw error;
    }
  }

  async #viewPayment(row: PaymentRow): Promise<PaymentView> {
    return {
      payment: row.id,
      order: shownOrder(row.order_number),
      of: isOwnOrder(row.order_number) ? 'own' : 'centre',
      state: row.state,
      amount_minor: row.amount_minor,
      currency: row.currency as Currency,
      refunded_minor: await this.#refunded(row.id),
      begun_at: row.begun_at,
      ...(row.ended_at === null ? {} : { ended_at: row.ended_at }),
    };
  }

  async #refunded(payment: string): Promise<number> {
    const { writer, acquirer } = this.#parts;
    const status = await askGate(writer, acquirer.status, payment);
    return status.said === 'answered' ? status.refunded_minor : 0;
  }

  #id(what: string, merchant: MerchantRow, key: string): string {
    return `m:${keyedDigest(this.#parts.keys, `${what}\n${merchant.id}\n${key}`)}`;
  }
}
