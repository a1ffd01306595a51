/** What the parties know of vouchers: as the last answer told, and so of a moment ago. */
import { type VoucherState, voucherStateSchema } from '#device/messages/voucher.ts';
import { isEnded } from '#gateway/funds/flow.ts';
import type { VoucherView } from '#gateway/funds/schemas.ts';
import type { Known } from './way.ts';

export class Knowledge {
  readonly #known = new Map<string, Known>();

  look(number: string): Known | undefined {
    return this.#known.get(number);
  }

  learn(view: VoucherView): Known {
    const { number, state, amount_minor: face_minor } = view;
    const { issuing, paying, beneficiary } = view;
    const known = {
      ...{ number, state, face_minor, issuing: issuing.id, paying: paying.id },
      beneficiary: beneficiary.id,
    };
    this.#known.set(number, known);
    return known;
  }

  /** A refusal said in which state it is; whether that is known now. */
  learnState(number: string, said: unknown): boolean {
    const known = this.#known.get(number);
    const state = voucherStateSchema.safeParse(said);
    if (known === undefined || !state.success) return false;
    this.#known.set(number, { ...known, state: state.data });
    return true;
  }

  isOver(number: string): boolean {
    const state: VoucherState | undefined = this.#known.get(number)?.state;
    return state !== undefined && isEnded(state);
  }
}
