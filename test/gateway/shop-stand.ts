/** A gateway with a shop, a terminal with a reader beside the customer, and cards of the house. */
import assert from 'node:assert/strict';
import { digitsStep, writeDigits } from '#device/codecs/digits.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import type { Identity } from '#device/messages/enrolment.ts';
import { Card } from '#simulators/card/card.ts';
import type { Tear } from '#simulators/card/field.ts';
import { repeatable } from '#test/card/bench.ts';
import { until } from '#test/until.ts';
import {
  call,
  enrol,
  freshKey,
  SEED,
  startGateway,
  Terminal,
  type TestGateway,
} from './harness.ts';
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
  readonly gateway: TestGateway;
  readonly identity: Identity;
  readonly reader: ReaderTerminal;
  readonly terminal: Terminal;
  /** As its screen shows it. */
  readonly number: string;
  #uids = 0;

  private constructor(
    gateway: TestGateway,
    identity: Identity,
    terminal: Terminal,
    number: string,
  ) {
    this.gateway = gateway;
    this.identity = identity;
    this.terminal = terminal;
    this.number = number;
    this.reader = new ReaderTerminal(terminal);
  }

  static async open(): Promise<ShopStand> {
    const gateway = await startGateway({ seed: SHOP_SEED });
    const identity = await enrol(gateway.http);
    const terminal = await Terminal.connect(identity, gateway.mqtt);
    const number = await until('its number', () => {
      const told = terminal.heard.find((each) => each.kind === 'pairing');
      return told?.kind === 'pairing' ? told.pairing.number : undefined;
    });
    return new ShopStand(gateway, identity, terminal, number);
  }

  get http(): string {
    return this.gateway.http;
  }

  async close(): Promise<void> {
    await this.terminal.close();
    await this.gateway.close();
  }

  operator(path: string, body?: unknown) {
    const bearer = this.gateway.operatorToken;
    const options = body === undefined ? { bearer } : { bearer, body, key: freshKey() };
    return call(`${this.http}${path}`, options);
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
