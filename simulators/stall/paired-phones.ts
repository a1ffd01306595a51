/** The street's phones that are paired with the terminal: what each shows, and how it stays up to date. */
import { PairedPhone, type PairedView } from '../phone/paired.ts';
import type { Answer } from '../phone/wallet.ts';

export interface PairedPhonesOptions {
  readonly gateway: () => string;
  readonly language: () => 'en' | 'zh-CN';
  readonly changed: () => void;
}

/** What a person sees on such a phone. */
export interface PairedGlass {
  readonly view: PairedView;
  /** Why the last thing that its owner did was refused. */
  readonly refusal: { readonly code: string; readonly detail: string } | null;
}

interface Held {
  readonly phone: PairedPhone;
  refusal: PairedGlass['refusal'];
  following: boolean;
}

export class PairedPhones {
  readonly #options: PairedPhonesOptions;
  readonly #phones = new Map<string, Held>();
  #closed = false;

  constructor(options: PairedPhonesOptions) {
    this.#options = options;
  }

  phone(name: string): PairedPhone {
    return this.#held(name).phone;
  }

  /** `null` for a phone that has never logged in. */
  glass(name: string): PairedGlass | null {
    const held = this.#phones.get(name);
    if (held === undefined) return null;
    const { refusal, phone } = held;
    if (phone.view === null && refusal === null) return null;
    return { view: phone.view ?? { step: 'pair' }, refusal };
  }

  /** Shows what came of something that its owner did; a phone that is paired then follows by itself. */
  show(name: string, answer: Answer<unknown>): void {
    const held = this.#held(name);
    held.refusal = answer.ok ? null : { code: answer.code, detail: answer.detail };
    this.#options.changed();
    if (held.phone.view !== null && held.phone.view.step !== 'pair') void this.#follow(held);
  }

  /** A phone that left the street. */
  forget(name: string): void {
    const held = this.#phones.get(name);
    this.#phones.delete(name);
    void held?.phone.leave().catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    for (const { phone } of this.#phones.values()) phone.hangUp();
  }

  /** As its page does: by long polling, until it is paired no more. */
  async #follow(held: Held): Promise<void> {
    if (held.following) return;
    held.following = true;
    try {
      while (!this.#closed && [...this.#phones.values()].includes(held)) {
        const changed = await held.phone.next();
        if (changed) this.#options.changed();
        if (held.phone.view?.step === 'pair') break;
      }
    } catch {
      // The gateway is gone, or restarts: the next thing that its owner does begins anew.
    }
    held.following = false;
  }

  #held(name: string): Held {
    const known = this.#phones.get(name);
    if (known !== undefined) return known;
    const { gateway, language } = this.#options;
    const made = { phone: new PairedPhone({ gateway, language }), refusal: null, following: false };
    this.#phones.set(name, made);
    return made;
  }
}
