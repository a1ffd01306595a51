/**
 * Parties of vouchers, as an actor of a world: they ask each other, name accounts, change their mind,
 * redeem on the web and at stalls, pass on and cancel, several at once at the same voucher.
 */
import type { VoucherState } from '#device/messages/voucher.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { Core } from '#gateway/core.ts';
import { type Action, actionsIn } from '#gateway/funds/flow.ts';
import { actorsOf } from '#gateway/funds/parts.ts';
import type { ActInput, VoucherView } from '#gateway/funds/schemas.ts';
import type { Reply } from '#gateway/web/routes.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { Actor, Scene } from './actors.ts';
import type { GatewayMachine } from './gateway-machine.ts';
import { PAYERS, POOR, press, type Reached, reach, type Street } from './people.ts';
import { holderOf, PARTIES, phoneOfParty } from './street-stock.ts';
import { orderOn, type TerminalMachine } from './terminal-machine.ts';
import { payByVoucher } from './voucher-payers.ts';

/** What the parties know of one, as the last answer told. */
interface Known {
  readonly number: string;
  readonly issuing: string;
  readonly paying: string;
  readonly face_minor: number;
  readonly expires_at: number;
  state: VoucherState;
  beneficiary: string;
  left_minor: number;
}

/** Ways back and ends are rare, so that there is something to race for. */
const RARE: Partial<Record<Action, number>> = {
  ...{ withdraw: 0.03, refuse: 0.03, agree_cancel: 0.1, give_up: 0.02 },
  ...{ ask_change: 0.2, ask_cancel: 0.15, transfer: 0.3 },
};
/** Those of whom others pay, too, and who run out of it. */
const SCARCE = [POOR, '+8613800000004', '+8613800000005'];
const TRIES = 6;
const SALES_SHARE = 0.25;

export function voucherParties(scene: Scene): Actor | null {
  const { funds } = scene.houses;
  return funds === null ? null : new Parties(scene, funds);
}

class Parties implements Actor {
  readonly #street: Street;
  readonly #chance: SeededChance;
  readonly #funds: GatewayMachine;
  readonly #balance: (account: string) => number;
  readonly #known: Known[] = [];

  constructor({ street }: Scene, funds: GatewayMachine) {
    this.#street = street;
    this.#chance = street.chance.stream('vouchers');
    this.#funds = funds;
    this.#balance = (account) => street.auditor.orders.balanceMinor(account);
  }

  /** Each registers a phone number, for orders by telephone. */
  async prepare(): Promise<void> {
    const writer = this.#funds.life?.core.writer;
    await writer?.run((tx) => {
      for (const party of PARTIES) tx.funds.setPartyPhone(party, phoneOfParty(party));
    });
  }

  begin(): void {
    void this.#keepAsking();
  }

  /** Somebody with a voucher stands at the stall. */
  offered(terminal: TerminalMachine, order: string): void {
    const chance = this.#chance.stream(`payer of ${order}`);
    const good = this.#known.filter(({ state }) => state === 'issued');
    if (good.length === 0 || !chance.happens(SALES_SHARE)) return;
    const enough = good.filter((each) => each.left_minor >= (terminal.offers()?.amount_minor ?? 0));
    const among = enough.length > 0 && chance.happens(0.7) ? enough : good;
    void this.#payAt(terminal, order, chance.pick(among), chance);
  }

  unfinished(): readonly string[] {
    return [];
  }

  judge(): void {
    const { tables, clock } = this.#funds;
    this.#street.auditor.vouchers.judge(tables.funds, clock.now(), this.#balance);
  }

  async #keepAsking(): Promise<void> {
    const { saleEveryMs } = this.#street;
    for (let at = 1; ; at += 1) {
      await this.#wait(this.#chance.waitMs(Math.min(saleEveryMs, 10 * 60_000)));
      if (!this.#street.isOpen()) return;
      void this.#live(this.#chance.stream(`voucher ${at}`), at);
    }
  }

  /** The life of one, in several hands at once. */
  async #live(chance: SeededChance, at: number): Promise<void> {
    const { trace } = this.#street;
    const issuing = chance.pick(PARTIES);
    const wish = {
      ...{ paying: chance.pick(PARTIES), beneficiary: chance.pick(PARTIES), memo: '' },
      ...{ amount_minor: chance.between(100, 20_000), currency: 'CNY' as const },
      terms: { transferable: chance.happens(0.7), partial: chance.happens(0.7) },
      expires_at: this.#funds.clock.now() + chance.between(2, 90) * 60_000,
    };
    trace.say(issuing, `asks ${wish.paying} for a voucher of ${wish.amount_minor}`);
    const view = await this.#insist(issuing, chance, (core) =>
      fundsOf(core).create(issuing, wish, `new-${at}`),
    );
    if (view === null) return;
    const known: Known = {
      ...{ number: view.number, issuing, paying: wish.paying, beneficiary: wish.beneficiary },
      ...{ face_minor: wish.amount_minor, left_minor: wish.amount_minor, state: view.state },
      expires_at: wish.expires_at,
    };
    this.#known.push(known);
    if (this.#known.length > 20) this.#known.shift();
    const hands = chance.pick([1, 2, 2, 3]);
    for (let hand = 0; hand < hands; hand += 1) void this.#handle(known, chance.stream(`${hand}`));
  }

  async #handle(known: Known, chance: SeededChance): Promise<void> {
    for (let acts = 0; acts < 20; acts += 1) {
      await this.#wait(chance.waitMs(20_000));
      const parties = [known.issuing, known.paying, known.beneficiary];
      const party = chance.happens(0.03) ? chance.pick(PARTIES) : chance.pick(parties);
      const may = actionsIn(known.state, actorsOf(known, party));
      if (may.length === 0) {
        if (['refused', 'cancelled', 'redeemed', 'expired'].includes(known.state)) return;
        continue;
      }
      const action = chance.pick(may);
      if (!chance.happens(RARE[action] ?? 1)) continue;
      const input = inputOf(action, known, chance);
      const key = `${party} ${known.number} ${chance.next()}`;
      this.#street.trace.say(party, `${action} ${known.number}`);
      const ask = (core: Core) => fundsOf(core).act(party, known.number, action, input, key);
      await this.#insist(party, chance, ask, known);
    }
  }

  /** Until there is an answer that is none of waiting, under the same key; `null` where it is refused. */
  async #insist(
    party: string,
    chance: SeededChance,
    ask: (core: Core) => Promise<Reply>,
    known?: Known,
  ): Promise<VoucherView | null> {
    const { trace } = this.#street;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const reached: Reached<Reply> = await reach(this.#street, ask, this.#funds);
      if (reached === 'no answer') trace.say(party, 'has no answer of the fund server');
      else if ('problem' in reached.said) {
        const { problem, extras } = reached.said;
        trace.say(party, `is refused: ${problem} ${JSON.stringify(extras)}`);
        if (known !== undefined && problem === 'wrong_voucher_state') {
          known.state = extras.state as VoucherState;
        }
        if (problem !== 'issuer_unreachable') return null;
      } else {
        const view = reached.said.body as VoucherView;
        trace.say(party, `hears that ${view.number} is ${view.state}`);
        this.#street.auditor.vouchers.told(party, view);
        if (known !== undefined) learn(known, view);
        if (reached.said.status !== 202) return view;
      }
      // Impatient, or asks for what became of it.
      await this.#wait(chance.waitMs(5000));
    }
    return null;
  }

  /** Keyed in at the terminal by whoever sells, or on the payer's own phone. */
  async #payAt(
    terminal: TerminalMachine,
    order: string,
    known: Known,
    chance: SeededChance,
  ): Promise<void> {
    const { trace } = this.#street;
    await this.#wait(chance.waitMs(6000));
    const { number, beneficiary } = known;
    const seen = await reach(
      this.#street,
      async (core) => fundsOf(core).reading.view(beneficiary, number),
      this.#funds,
    );
    const code = seen === 'no answer' ? undefined : seen.said?.code;
    if (code === undefined) return;
    const said = chance.happens(0.1) ? '000000' : code;
    trace.say(beneficiary, `pays ${order} with ${number}${said === code ? '' : ', a wrong code'}`);
    if (chance.happens(0.5)) {
      await payByVoucher(this.#street, terminal, order, { voucher: number, code: said }, chance);
      return;
    }
    if (terminal.screen === null || orderOn(terminal.screen) !== order) return;
    const digits = `${number}${said}`.split('') as Key[];
    await press(this.#street, terminal, ['+', ...digits, 'enter']);
    // Asks once more where no answer came, and goes back to the offer.
    await this.#wait(chance.waitMs(25_000));
    await press(this.#street, terminal, chance.happens(0.5) ? ['enter'] : ['cancel']);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#street.time.after(ms, resolve));
  }
}

function learn(known: Known, view: VoucherView): void {
  known.state = view.state;
  known.beneficiary = view.beneficiary.id;
  known.left_minor = view.amount_minor - view.redeemed_minor;
}

function inputOf(action: Action, known: Known, chance: SeededChance): ActInput {
  if (action === 'name_account') {
    const phone = chance.happens(0.7) ? chance.pick(SCARCE) : chance.pick(PAYERS).phone;
    const pin = PAYERS.find((payer) => payer.phone === phone)?.pin ?? '';
    const name = chance.happens(0.1) ? 'Nobody' : holderOf(phone);
    return { account: { phone, pin: chance.happens(0.03) ? '000000' : pin, name } };
  }
  if (action === 'transfer') return { transfer: { beneficiary: chance.pick(PARTIES) } };
  if (action !== 'redeem') return {};
  const most = Math.max(1, known.left_minor);
  const amount_minor = chance.happens(0.4) ? most : chance.between(1, most);
  return { redeem: { amount_minor, currency: 'CNY' } };
}

function fundsOf(core: Core): NonNullable<Core['funds']> {
  if (core.funds === null) throw new Error('this is no fund server');
  return core.funds;
}
