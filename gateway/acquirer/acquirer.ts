/** The acquirer as a whole: its gate, and the resolver of what the issuer has not answered. */
import type { VoucherLookUp } from '../funds/schemas.ts';
import { askGate, type GateHere, type GateThere, here, there } from '../gate.ts';
import type { PayerProof } from '../issuer/gate.ts';
import { backOff, roundOf, startResolver } from '../resolver.ts';
import type { Tables } from '../store/tables.ts';
import type { Transaction } from '../store/writer.ts';
import { refundedMinor } from './action-beginnings.ts';
import { Actions } from './actions.ts';
import type { AcquirerGate, AcquirerStatus, AcquirerVerbs } from './gate.ts';
import { type AcquirerParts, answerOf, Payments, sourceOf } from './payments.ts';

type PaymentVerbs = Omit<AcquirerVerbs, 'lookUpVoucher'>;

export class Acquirer {
  readonly payments: Payments;
  readonly actions: Actions;
  readonly #parts: AcquirerParts;
  readonly #stop: () => void;

  /** Starts to look after what is open. */
  constructor(parts: AcquirerParts) {
    this.#parts = parts;
    this.payments = new Payments(parts);
    this.actions = new Actions(parts);
    const { tables, writer, clock, log } = parts;
    this.#stop = startResolver({
      writer,
      clock,
      log,
      place: 'acquirer/resolver',
      nextAt: () => tables.payments.nextAt(),
      settle: (now) => this.#settle(now),
    });
  }

  /** In the same store as the issuer its verbs are functions of a transaction, else they are calls. */
  gate(): AcquirerGate {
    const { issuer } = this.#parts;
    const verbs = issuer.debit.where === 'here' ? this.#here() : this.#there();
    // Number and code of a voucher are compared where it is redeemed.
    const present = async (proof: PayerProof) =>
      proof.by === 'voucher' ? { proof } : issuer.present(proof);
    const { writer, vouchers } = this.#parts;
    const lookUpVoucher = there(async (asked: VoucherLookUp) =>
      vouchers === undefined
        ? { key: null, voucher: null }
        : await askGate(writer, vouchers.lookUp, asked),
    );
    return { ...verbs, lookUpVoucher, present };
  }

  #here(): GateHere<PaymentVerbs> {
    const { payments, actions } = this;
    const { admit } = this.#parts.issuer;
    if (admit.where === 'there') throw new Error('the issuer is elsewhere');
    return {
      admit,
      pay: here((tx, request) => payments.payHere(tx, request)),
      capture: here(actions.captureHere),
      refund: here(actions.refundHere),
      void: here(actions.voidHere),
      status: here((tx, id) => readStatus(tx, id)),
    };
  }

  #there(): GateThere<PaymentVerbs> {
    const { payments, actions } = this;
    const { writer, issuer } = this.#parts;
    return {
      admit: there((request) => askGate(writer, issuer.admit, request)),
      pay: there((request) => payments.pay(request)),
      capture: there(actions.capture),
      refund: there(actions.refund),
      void: there(actions.void),
      status: there(async (id) => readStatus(this.#parts.tables, id)),
    };
  }

  close(): void {
    this.#stop();
  }

  async #settle(now: number): Promise<void> {
    const { tables } = this.#parts;
    const payments = tables.payments.due(now, roundOf(now));
    const actions = tables.payments.dueActions(now, roundOf(now));
    await Promise.all([
      ...payments.map((row) =>
        this.#attempt(
          () => this.#resolve(row.id),
          (tx) => {
            const open = tx.payments.find(row.id);
            if (open?.state === 'asking') tx.payments.put({ ...open, ...this.#later(open.tries) });
          },
        ),
      ),
      ...actions.map((row) =>
        this.#attempt(
          () => this.actions.again(row),
          (tx) => {
            const open = tx.payments.action(row.id);
            if (open?.state !== 'asking') return;
            tx.payments.putAction({ ...open, ...this.#later(open.tries) });
          },
        ),
      ),
    ]);
  }

  async #resolve(id: string): Promise<void> {
    const { tables, writer } = this.#parts;
    const { through = 'issuer' } = tables.payments.find(id) ?? {};
    const status = await askGate(writer, sourceOf(this.#parts, through).status, id);
    await writer.run((tx) => this.payments.resolve(tx, id, status));
  }

  async #attempt(work: () => Promise<void>, fail: (tx: Transaction) => void): Promise<void> {
    const { writer, log } = this.#parts;
    try {
      await work();
    } catch (error) {
      log({ level: 'warn', place: 'acquirer/resolver', says: `not yet: ${String(error)}` });
      await writer.run(fail);
    }
  }

  #later(tries: number): { tries: number; next_at: number } {
    return {
      tries: tries + 1,
      next_at: Math.floor(this.#parts.clock.now()) + backOff(tries),
    };
  }
}

function readStatus(tables: Pick<Tables, 'payments'>, id: string): AcquirerStatus {
  const row = tables.payments.find(id);
  if (row === undefined) return { said: 'unknown' };
  const refunded_minor = refundedMinor(tables, id, ['done']);
  return { said: 'answered', answer: answerOf(row), refunded_minor };
}
