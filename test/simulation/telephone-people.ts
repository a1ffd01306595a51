/**
 * A telephone desk and its customers, as an actor of a world: an agent places orders that take stock,
 * links go out by SMS and e-mail, and are opened late, twice, by others, or never.
 */
import type { Core } from '#gateway/core.ts';
import type { Placed } from '#gateway/orders/telephone/placing.ts';
import type { TelephoneOrderRow } from '#gateway/store/tables-centre.ts';
import type { LinkRow } from '#gateway/store/tables-links.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { Actor, Scene } from './actors.ts';
import type { GatewayMachine } from './gateway-machine.ts';
import type { Houses } from './houses.ts';
import { insist } from './merchants.ts';
import { PAYERS, type Payer, reach, type Street } from './people.ts';
import { PARTIES, PRODUCTS, passwordOf, phoneOfParty } from './street-stock.ts';

const LINK = /https:\/\/pay\.test\/pay\/([\w-]+)/;
const TRIES = 6;
/** Of links that are opened where vouchers go round. */
const VOUCHER_SHARE = 0.45;

/** They come where the plan has a telephone desk; `null` elsewhere. */
export function telephoneDesk(scene: Scene): Actor | null {
  return scene.plan.telephone ? new Desk(scene) : null;
}

class Desk implements Actor {
  readonly #street: Street;
  readonly #chance: SeededChance;
  readonly #houses: Houses;
  readonly #acquirer: GatewayMachine;
  #messages = 0;

  constructor({ street, houses }: Scene) {
    this.#street = street;
    this.#chance = street.chance.stream('telephone');
    this.#houses = houses;
    this.#acquirer = houses.of('acquirer');
  }

  begin(): void {
    this.#houses.onMessage = (to, text) => void this.#read(to, text);
    this.#street.auditor.telephone.onPaid = (row) => void this.#giveBack(row);
    void this.#keepPlacing();
  }

  unfinished(): readonly string[] {
    const { name, tables } = this.#street.centre;
    const { telephone, deliveries } = tables;
    const open: readonly (readonly [boolean, string])[] = [
      [telephone.nextExpiry() !== undefined, `${name} has an open telephone order`],
      [telephone.nextAsk() !== undefined, `${name} has an open question about a link`],
      [deliveries.next('order-centre') !== undefined, `${name} has a message to send`],
      [this.#acquirer.tables.links.nextAt() !== undefined, 'a link is being paid'],
    ];
    return open.flatMap(([is, what]) => (is ? [what] : []));
  }

  judge(): void {
    const issuer = this.#houses.of('issuer').tables;
    this.#street.auditor.telephone.judge(this.#street.centre.tables, issuer);
  }

  async #keepPlacing(): Promise<void> {
    for (let at = 1; ; at += 1) {
      await this.#wait(this.#chance.waitMs(Math.min(this.#street.saleEveryMs * 2, 10 * 60_000)));
      if (!this.#street.isOpen()) return;
      void this.#place(this.#chance.stream(`order ${at}`), at);
    }
  }

  /** Under one key until there is an answer; afterwards callers change their minds. */
  async #place(chance: SeededChance, at: number): Promise<void> {
    const { trace } = this.#street;
    const { phone } = chance.pick(PAYERS);
    const lines = Array.from({ length: chance.pick([1, 1, 2]) }, () => ({
      code: chance.pick(PRODUCTS).code,
      quantity: chance.between(1, 3),
    }));
    const request = {
      ...{ merchant: 'lin', lines, phone, draft: false, lifetime_s: chance.between(60, 1200) },
      language: chance.pick(['en', 'zh-CN'] as const),
      ...(chance.happens(0.3) ? { email: `${phone.slice(1)}@mail.test` } : {}),
    };
    trace.say('agent', `orders ${JSON.stringify(lines)} for ${phone}`);
    const content = JSON.stringify(request);
    const placed = await this.#ask(chance, (core) =>
      core.idempotency.once<Placed>({ scope: 'desk', key: `order ${at}`, content }, (keep) =>
        core.writer.run((tx) => keep(tx, core.telephone.register(tx, request, phone))),
      ),
    );
    if (placed === null || !placed.ok || !placed.answer.ok) return;
    const { number } = placed.answer.row;
    trace.say('agent', `has placed ${number}`);
    await this.#wait(chance.waitMs(120_000));
    if (chance.happens(0.15)) {
      trace.say('agent', `sends the link of ${number} again`);
      await this.#ask(chance, (core) =>
        core.writer.run((tx) => core.telephone.sendAgain(tx, number)),
      );
    }
    if (!chance.happens(0.2)) return;
    trace.say('agent', `cancels ${number}`);
    await this.#ask(chance, (core) => core.writer.run((tx) => core.telephone.cancel(tx, number)));
  }

  /** Of the order centre; `null` where no answer came for long. */
  async #ask<T>(chance: SeededChance, call: (core: Core) => Promise<T>): Promise<T | null> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const reached = await reach(this.#street, call);
      if (reached !== 'no answer') return reached.said;
      await this.#wait(chance.waitMs(5000));
    }
    return null;
  }

  /** Money of an order that was paid goes back, whole or in part, and the goods with it or not. */
  async #giveBack(row: TelephoneOrderRow): Promise<void> {
    const { number: order, amount_minor } = row;
    const chance = this.#chance.stream(`refund of ${order}`);
    if (!chance.happens(0.25)) return;
    await this.#wait(chance.waitMs(60_000));
    const kind = chance.pick(['refund', 'refund', 'void'] as const);
    const part = kind === 'refund' && chance.happens(0.4);
    const restock = !part && chance.happens(0.5);
    this.#street.trace.say('agent', `${kind}s ${order}${part ? ' in part' : ''}`);
    const wish = { id: `REF-${order}`, order, kind, restock, by: 'agent' } as const;
    const amount = part ? { amount_minor: chance.between(1, amount_minor) } : {};
    const answer = await insist(this.#street, this.#street.centre, chance, (core) =>
      core.refunds.refund({ ...wish, ...amount }),
    );
    this.#street.trace.say('agent', `${order}: ${answer.said}`);
  }

  /** A message has come; it may be the second of its kind, and it may be passed on. */
  async #read(to: string, text: string): Promise<void> {
    const token = LINK.exec(text)?.[1];
    const chance = this.#chance.stream(`message ${this.#messages}`);
    this.#messages += 1;
    const owner = PAYERS.find(({ phone }) => to === phone || to.startsWith(phone.slice(1)));
    if (token === undefined || owner === undefined || chance.happens(0.1)) return;
    const payer = chance.happens(0.2) ? chance.pick(PAYERS) : owner;
    await this.#wait(chance.waitMs(60_000));
    this.#street.trace.say(payer.phone, `opens a link${payer === owner ? '' : ' of another'}`);
    const vouchers = this.#houses.funds === null ? 0 : VOUCHER_SHARE;
    if (chance.stream('way').happens(vouchers)) await this.#payByVoucher(token, payer, chance);
    else await this.#payBy(token, payer, chance);
  }

  /** With one of the vouchers that this phone's owner holds; now and then with a wrong code. */
  async #payByVoucher(token: string, { phone }: Payer, chance: SeededChance): Promise<void> {
    const { trace } = this.#street;
    const link = this.#acquirer.life?.core.payLinks.find(token);
    const found = await this.#voucherOf(phone, link?.amount_minor ?? 0, chance);
    if (found === null) return;
    const typed = { number: found.number, code: chance.happens(0.1) ? '000000' : found.code };
    for (let tries = 0; tries < TRIES; tries += 1) {
      const pays = async ({ payLinks }: Core) => {
        const link = payLinks.find(token);
        if (link === undefined) return null;
        const device = payLinks.deviceDigest(`device of ${phone}`);
        const { said } = await payLinks.payByVoucher(link.id, device, typed);
        return { said, link: payLinks.find(token) };
      };
      const reached = await reach(this.#street, pays, this.#acquirer);
      if (reached === 'no answer') trace.say(phone, 'has no answer from its link');
      else if (this.#hear(phone, reached.said, `voucher ${found.number}`)) return;
      await this.#wait(chance.waitMs(8000));
    }
  }

  /** One that is good, and its code, as its party sees them; now and then it is a friend's. */
  async #voucherOf(
    phone: string,
    amountMinor: number,
    chance: SeededChance,
  ): Promise<{ readonly number: string; readonly code: string } | null> {
    const { funds } = this.#houses;
    const own = PARTIES.find((id) => phoneOfParty(id) === phone);
    const party = chance.happens(0.25) ? chance.pick(PARTIES) : own;
    if (funds === null || party === undefined) return null;
    const good = funds.tables.funds
      .ofParty(party, Number.MAX_SAFE_INTEGER, 50)
      .filter((row) => row.state === 'issued' && row.beneficiary === party)
      .filter((row) => row.face_minor - row.captured_minor >= amountMinor && row.partial === 1);
    if (good.length === 0) return null;
    const { number } = chance.pick(good);
    const ask = async (core: Core) => core.funds?.reading.view(party, number) ?? null;
    const reached = await reach(this.#street, ask, funds);
    const code = reached === 'no answer' ? undefined : reached.said?.code;
    return code === undefined ? null : { number, code };
  }

  /** Whether that was the end of it. */
  #hear(
    phone: string,
    told: { said: string; link: LinkRow | undefined } | null,
    by: string,
  ): boolean {
    const { said, link } = told ?? {};
    if (said === undefined || link === undefined) return true;
    this.#street.trace.say(phone, `${link.order_number} by ${by}: ${said}, it is ${link.state}`);
    if (link.state === 'paid' && said !== 'elsewhere') {
      this.#street.auditor.telephone.told(phone, link.order_number, link.attempt ?? '');
      return true;
    }
    return said === 'elsewhere' || link.state === 'closed' || link.state === 'failed';
  }

  async #payBy(token: string, { phone }: Payer, chance: SeededChance): Promise<void> {
    const { trace } = this.#street;
    const wrongFirst = chance.happens(0.15);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const password = wrongFirst && tries === 0 ? 'no password' : passwordOf(phone);
      const pays = async ({ payLinks }: Core) => {
        const link = payLinks.find(token);
        if (link === undefined) return null;
        const device = payLinks.deviceDigest(`device of ${phone}`);
        const { said } = await payLinks.payByPassword(link.id, device, phone, password);
        return { said, link: payLinks.find(token) };
      };
      const reached = await reach(this.#street, pays, this.#acquirer);
      if (reached === 'no answer') trace.say(phone, 'has no answer from its link');
      else if (this.#hear(phone, reached.said, 'password')) return;
      await this.#wait(chance.waitMs(8000));
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#street.time.after(ms, resolve));
  }
}
