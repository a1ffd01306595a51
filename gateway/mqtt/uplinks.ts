/** What a terminal says, whichever broker carried it: verified, decoded, recorded, answered. */
import { open } from '#device/codecs/jws.ts';
import { type Uplink, uplinkSchema } from '#device/messages/order.ts';
import type { VoucherLook, VoucherPayment, VoucherTrouble } from '#device/messages/voucher.ts';
import type { Clock } from '../clock.ts';
import type { Days } from '../days/days.ts';
import { decode, writeComplaints } from '../decode.ts';
import type { Checked, VoucherLookedUp, VoucherLookUp } from '../funds/schemas.ts';
import type { Log } from '../log.ts';
import type { CardKeyTeller } from '../notify/card-keys.ts';
import type { Downlinks } from '../notify/downlinks.ts';
import type { OrderCards } from '../orders/cards.ts';
import { closeOrder, markRefundSeen, markSeen, recordOrder } from '../orders/orders.ts';
import type { Paid, PayInstruction } from '../orders/payment-answers.ts';
import type { RelayDesk } from '../relay/desk.ts';
import { markWebPaidSeen } from '../shop/machine.ts';
import type { Tables } from '../store/tables.ts';
import { StoreError, type Writer } from '../store/writer.ts';
import type { Registry } from '../terminals/registry.ts';
import { findCardData } from '../web/card-data.ts';

/** Fifty lines of long names fit four times. */
export const UPLINK_LIMIT = 64 * 1024;

export interface UplinksParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly downlinks: Downlinks;
  readonly log: Log;
  /** Ends the pairing where it is this terminal's and lasts. */
  readonly unpair: (terminal: string, pairing: string) => Promise<void>;
  readonly relay: Pick<RelayDesk, 'wanted' | 'answer' | 'declined'>;
  /** Pays an order as whoever keyed it in tells. */
  readonly pay: (instruction: PayInstruction) => Promise<Paid>;
  /** What vouchers are verified with, and what is true of one. */
  readonly lookUpVoucher: (asked: VoucherLookUp) => Promise<VoucherLookedUp>;
  /** `null` where there is no settlement. */
  readonly cards: Pick<OrderCards, 'take' | 'concludeWaiting'> | null;
  /** `null` where there is no settlement. */
  readonly cardKeys: Pick<CardKeyTeller, 'kept'> | null;
  readonly days: Pick<Days, 'take'>;
}

/** `committed` also where there was nothing new; `refused` was logged with the reason. */
export type Handled = 'committed' | 'refused';

export class Uplinks {
  readonly #parts: UplinksParts;

  constructor(parts: UplinksParts) {
    this.#parts = parts;
  }

  /**
   * Takes what came on the uplink topic of `terminal`. Resolves after the commit; rejects with a
   * `StoreError` where the store took nothing, so that the door does not acknowledge it.
   */
  async handle(terminal: string, message: Uint8Array): Promise<Handled> {
    const read = this.#read(terminal, message);
    if (!read.ok) {
      this.#parts.log({
        level: 'warn',
        place: `mqtt hawker/1/${terminal}/up`,
        says: `refused: ${read.says}`,
        mend: read.mend,
      });
      return 'refused';
    }
    switch (read.uplink.kind) {
      case 'voucher_look':
        return this.#lookUp(terminal, read.uplink.look);
      case 'order':
        return this.#order(terminal, read.uplink.order);
      case 'close':
        return this.#close(terminal, read.uplink.close);
      case 'seen': {
        const { order } = read.uplink.seen;
        const { writer, clock } = this.#parts;
        await writer.run((tx) => markSeen(tx, terminal, order, clock.now()));
        return 'committed';
      }
      case 'refund_seen': {
        const { order, refund } = read.uplink.seen;
        const { writer, clock } = this.#parts;
        await writer.run((tx) => markRefundSeen(tx, terminal, order, refund, clock.now()));
        return 'committed';
      }
      case 'unpair':
        await this.#parts.unpair(terminal, read.uplink.unpair.pairing);
        return 'committed';
      case 'relay_wanted':
        this.#parts.relay.wanted(terminal, read.uplink.wanted);
        return 'committed';
      case 'relay_answer':
        this.#parts.relay.answer(terminal, read.uplink.answer);
        return 'committed';
      case 'relay_declined':
        this.#parts.relay.declined(terminal, read.uplink.declined.invite);
        return 'committed';
      case 'voucher':
        return this.#voucher(terminal, read.uplink.voucher);
      case 'card_payment':
      case 'card_unknown':
        return this.#card(terminal, read.uplink);
      case 'web_paid_seen': {
        const { order } = read.uplink.seen;
        const { writer, clock } = this.#parts;
        await writer.run((tx) => markWebPaidSeen(tx, terminal, order, clock.now()));
        return 'committed';
      }
      case 'card_keys_kept':
        await this.#parts.cardKeys?.kept(terminal, read.uplink.kept);
        return 'committed';
      case 'day': {
        const taken = await this.#parts.days.take(terminal, read.uplink.day);
        return taken === 'refused' ? 'refused' : 'committed';
      }
    }
  }

  #read(terminal: string, message: Uint8Array): ReadUplink {
    if (message.length > UPLINK_LIMIT) {
      return bad(`${message.length} bytes`, `send at most ${UPLINK_LIMIT}`);
    }
    const keys = this.#parts.registry.keys(terminal);
    if (keys === undefined) return bad('terminal is not enrolled', 'enrol it with a new code');
    const opened = open('HS256', keys.uplink, new TextDecoder().decode(message));
    if (!opened.ok) {
      return bad(opened.why.replaceAll('_', ' '), 'enrol the terminal anew if its secret is lost');
    }
    const card = findCardData(opened.payload);
    if (card !== null) return bad(`card data at ${card}`, 'never key a card number in');
    const decoded = decode(uplinkSchema, opened.payload);
    if (!decoded.ok) {
      return bad(writeComplaints(decoded.complaints), 'update whichever of the two is older');
    }
    const uplink = decoded.value;
    if (uplink.kind === 'order' && uplink.order.terminal !== terminal) {
      return bad(`order.terminal: is ${uplink.order.terminal}`, 'send it from its own terminal');
    }
    return { ok: true, uplink };
  }

  async #order(terminal: string, order: Extract<Uplink, { kind: 'order' }>['order']) {
    const { tables, writer, clock, downlinks, log } = this.#parts;
    const row = tables.terminals.find(terminal);
    if (row === undefined) return 'refused' as const;
    const { cards } = this.#parts;
    const receipt = await writer.run((tx) => {
      const said = recordOrder(tx, row, order, clock.now());
      if (said.said === 'recorded') cards?.concludeWaiting(tx, order.number);
      return said;
    });
    if (receipt.said !== 'recorded') downlinks.answer(terminal, receipt);
    if (receipt.said === 'conflicts') {
      log({
        level: 'warn',
        place: `mqtt hawker/1/${terminal}/up`,
        says: `order ${order.number} conflicts in ${receipt.field}`,
        mend: 'the first one recorded stands; make a new order',
      });
    }
    return 'committed' as const;
  }

  /** Answered by the order's result, or by a refusal; a terminal that hears neither asks again. */
  #voucher(terminal: string, { id, order, number, code }: VoucherPayment): Handled {
    const { tables, downlinks, log, pay } = this.#parts;
    if (tables.orders.find(order)?.terminal !== terminal) return 'refused';
    const refuse = (reason: VoucherTrouble): void =>
      void downlinks.tell(terminal, { kind: 'voucher_refused', refused: { id, order, reason } });
    pay({ order, key: `voucher:${id}`, voucher: number, code }).then(
      (paid) => {
        if (!paid.ok) return refuse('busy');
        const { answer } = paid;
        if (answer.kind === 'voucher_refused') return refuse(answer.reason);
        // All else ends the order, or has ended it: then its result says so.
        if (answer.kind === 'not_made') refuse('busy');
      },
      (error: unknown) => {
        const place = `mqtt hawker/1/${terminal}/up`;
        log({ level: 'warn', place, says: `voucher for ${order}: ${String(error)}` });
        refuse('busy');
      },
    );
    return 'committed';
  }

  /** Whoever hears nothing scans again: it is asked for once. */
  #lookUp(terminal: string, { id, token }: VoucherLook): Handled {
    const { downlinks, log, lookUpVoucher } = this.#parts;
    lookUpVoucher(token === undefined ? {} : { token }).then(
      ({ key, voucher }) => {
        const told =
          voucher === null || voucher.said === 'forged' ? voucher : withoutClaims(voucher);
        downlinks.tell(terminal, { kind: 'voucher_looked', looked: { id, key, voucher: told } });
      },
      (error: unknown) => {
        const place = `mqtt hawker/1/${terminal}/up`;
        log({ level: 'warn', place, says: `a voucher can't be looked up: ${String(error)}` });
      },
    );
    return 'committed';
  }

  /** Without a settlement, or an answer of it, the terminal keeps what it told, and tells it again. */
  async #card(terminal: string, uplink: Parameters<OrderCards['take']>[1]): Promise<Handled> {
    const { cards, tables, log } = this.#parts;
    const row = tables.terminals.find(terminal);
    if (cards === null || row === undefined) return 'refused';
    try {
      await cards.take(row, uplink);
      return 'committed';
    } catch (error) {
      if (error instanceof StoreError) throw error;
      const says = `the settlement did not answer: ${String(error)}`;
      log({ level: 'warn', place: `mqtt hawker/1/${terminal}/up`, says });
      return 'refused';
    }
  }

  async #close(terminal: string, close: Extract<Uplink, { kind: 'close' }>['close']) {
    const { writer, clock, log } = this.#parts;
    const said = await writer.run((tx) => closeOrder(tx, terminal, close, clock.now()));
    if (said !== 'not_its_own') return 'committed' as const;
    log({
      level: 'warn',
      place: `mqtt hawker/1/${terminal}/up`,
      says: `refused: order ${close.order} is another terminal's`,
      mend: 'close it from its own terminal',
    });
    return 'refused' as const;
  }
}

const withoutClaims = ({
  claims: _claims,
  ...told
}: Extract<Checked, { said: 'genuine' }>): Omit<typeof told, 'claims'> => told;

type ReadUplink =
  | { readonly ok: true; readonly uplink: Uplink }
  | { readonly ok: false; readonly says: string; readonly mend: string };

const bad = (says: string, mend: string): ReadUplink => ({ ok: false, says, mend });
