/** A gateway with a shop, a terminal with a reader beside the customer, and cards of the house. */
import assert from 'node:assert/strict';
import { digitsStep, writeDigits } from '#device/codecs/digits.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import type { Identity } from '#device/messages/enrolment.ts';
import type { Gateway } from '#gateway/gateway.ts';
import { Card } from '#simulators/card/card.ts';
import type { Tear } from '#simulators/card/field.ts';
import { repeatable } from '#test/card/bench.ts';
import { until } from '#test/until.ts';
import { type Constellation, type Kind, openConstellation } from './constellation.ts';
import { call, enrol, freshKey, SEED, Terminal } from './harness.ts';
import { ReaderTerminal } from './reader-terminal.ts';

const product = (code: string, en: string, zh: string, unit_minor: number, stock: number) => ({
  ...{ merchant: 'lin', code, name: { en, zh }, currency: 'CNY' as const, unit_minor, stock },
  service: { en: 'Fresh', zh: '新鲜' },
});

const SHOP_SEED = {
  ...SEED,
  products: [
    product('1', 'Pork dumplings', '猪肉水饺', 1200, 5),
    product('2', 'Soy milk', '豆浆', 350, 0),
    product('3', 'Pan-fried buns', '生煎包', 800, 30),
  ],
};

export class ShopStand {
  readonly all: Constellation;
  readonly identity: Identity;
  readonly reader: ReaderTerminal;
  readonly terminal: Terminal;
  /** As its screen shows it. */
  readonly number: string;
  #uids = 0;

  private constructor(all: Constellation, identity: Identity, terminal: Terminal, number: string) {
    this.all = all;
    this.identity = identity;
    this.terminal = terminal;
    this.number = number;
    this.reader = new ReaderTerminal(terminal);
  }

  static async open(kind: Kind = 'together'): Promise<ShopStand> {
    const all = await openConstellation(kind, { seed: SHOP_SEED }, { settlement: {} });
    const gateway = all.centre;
    const identity = await enrol(gateway.http);
    const terminal = await Terminal.connect(identity, gateway.mqtt ?? undefined);
    const number = await until('its number', () => {
      const told = terminal.heard.find((each) => each.kind === 'pairing');
      return told?.kind === 'pairing' ? told.pairing.number : undefined;
    });
    return new ShopStand(all, identity, terminal, number);
  }

  /** The order centre. */
  get gateway(): Gateway {
    return this.all.centre;
  }

  get http(): string {
    return this.gateway.http;
  }

  async close(): Promise<void> {
    await this.terminal.close();
    await this.all.close();
  }

  operator(path: string, body?: unknown) {
    const settles = path.startsWith('/v1/settlement/') ? this.all.settlement?.at : undefined;
    const { http, operatorToken: bearer } = settles ?? this.gateway;
    const options = body === undefined ? { bearer } : { bearer, body, key: freshKey() };
    return call(`${http}${path}`, options);
  }

  /** Has the terminal ask for a card, and holds this one to it; what came of it. */
  async counter(card: Card, wish: object, tear?: Tear) {
    this.reader.leave();
    const asked = await this.operator('/v1/card-counter', {
      ...{ terminal: this.number, currency: 'CNY' },
      ...wish,
    });
    assert.equal(asked.status, 200, JSON.stringify(asked.body));
    await this.reader.invited('the terminal asks for the card');
    this.reader.put(card, tear);
    return asked.body;
  }

  counted(id: unknown, state: string) {
    return until(`the counter is ${state}`, async () => {
      const { body } = await this.operator(`/v1/card-counter/${id}`);
      return body.state === state ? body : undefined;
    });
  }

  /** A card of the house with an amount on it. */
  async card(amountMinor: number): Promise<Card> {
    this.#uids += 1;
    const uid = Uint8Array.of(0x04, 5, 5, 5, 5, 5, this.#uids);
    const card = new Card({ uid, chance: repeatable(this.#uids + 70) });
    await this.operator('/v1/settlement/cards', { currency: 'CNY' });
    const made = await this.counter(card, { act: 'personalise' });
    await this.counted(made.id, 'done');
    this.reader.lift();
    if (amountMinor > 0) {
      const loaded = await this.counter(card, { act: 'load', amount_minor: amountMinor });
      await this.counted(loaded.id, 'done');
      this.reader.lift();
    }
    this.reader.leave();
    return card;
  }

  /** The two digits that the terminal shows for an order. */
  digits(order: string): string {
    return writeDigits(deriveKeys(this.identity.secret).digits, order, digitsStep(Date.now()));
  }

  async clean(): Promise<boolean> {
    const { body } = await this.operator('/v1/settlement/reconciliation');
    return body.clean === true;
  }
}
