/**
 * All that a card touches, in one process and one hand-turned clock: the terminal's own loop with
 * its journal, the gateway's own core with its settlement, and a card in a field that can be torn
 * out of it at any command. Between the two the network is a queue that may be cut.
 */
import assert from 'node:assert/strict';
import { workCard } from '#device/card-work.ts';
import { peek } from '#device/codecs/jws.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { PURSE_AID, PURSE_FILES } from '#device/codecs/purse.ts';
import type { Settings } from '#device/flows/state.ts';
import { Journal } from '#device/journal.ts';
import type { CardKeys } from '#device/messages/card.ts';
import type { Identity } from '#device/messages/enrolment.ts';
import { downlinkSchema } from '#device/messages/order.ts';
import type { RelayPurpose } from '#device/messages/relay.ts';
import type { Screen } from '#device/ports/display.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { CardPresence, TransmitResult } from '#device/ports/reader.ts';
import { Terminal } from '#device/terminal.ts';
import { textOf } from '#device/words/clips.ts';
import { masterKeysOf, openSentKeys } from '#firmware/card-keys.ts';
import { type Core, openCore } from '#gateway/core.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { cardAccount } from '#gateway/settlement/book.ts';
import { makeHouseKeys } from '#gateway/settlement/keys.ts';
import { Card } from '#simulators/card/card.ts';
import { Field, type Tear } from '#simulators/card/field.ts';
import { HandClock, MemoryDisk, settled } from '#test/flows/stand.ts';
import { SEED } from '#test/gateway/harness.ts';
import { repeatable } from './bench.ts';

const READER = 'reader';
const GATEWAY = deriveGatewayKeys(new Uint8Array(32).fill(7));

export class WholeHouse {
  readonly clock = new HandClock();
  readonly spoken: string[] = [];
  readonly core: Core;
  readonly field: Field;
  readonly logged: string[] = [];
  screen: Screen | null = null;
  online = true;
  /** What the network takes each way. */
  delayMs = 0;
  /** Messages that still pass before the network is cut. */
  cutAfter = Number.POSITIVE_INFINITY;
  #terminal: Terminal | null = null;
  #keys: CardKeys | null = null;
  #identity: Identity | null = null;
  #card: CardPresence | null = null;
  #arrivals = 0;
  #uids = 0;
  readonly #chance = repeatable(11);
  readonly #disk = new MemoryDisk();

  private constructor() {
    this.field = new Field({ lifted: () => this.#left() }, this.clock);
    const chance = { bytes: this.#chance };
    this.core = openCore({
      ...{ database: ':memory:', keys: GATEWAY, house: makeHouseKeys(chance) },
      ...{ clock: this.clock, chance },
      log: ({ level, says }) => void (level === 'error' && this.logged.push(says)),
      defer: (then) => queueMicrotask(then),
    });
    this.core.downlinks.attach({
      send: (_terminal, _topic, message) => this.#down(message),
    });
  }

  static async open(): Promise<WholeHouse> {
    const house = new WholeHouse();
    await applySeed(house.core, seedSchema.parse(SEED));
    const addresses = { broker: 'mqtt://127.0.0.1:1', payUrl: 'http://127.0.0.1:1/p/' };
    const enrolled = await house.core.enrol({ code: 'CODE-0001' }, null, addresses);
    assert.ok(enrolled.ok);
    house.#identity = enrolled.identity;
    await house.#start();
    return house;
  }

  get identity(): Identity {
    assert.ok(this.#identity !== null);
    return this.#identity;
  }

  async close(): Promise<void> {
    this.#terminal?.stop();
    this.core.close();
  }

  async #start(): Promise<void> {
    const { journal, entries } = await Journal.open(this.#disk);
    const { identity } = this;
    const settings: Settings = {
      ...{ terminal: identity.terminal, stall: identity.stall, keys: deriveKeys(identity.secret) },
      ...{ payUrl: identity.pay_url, qrFormat: 'url', powerAtOneMetre: -60, takesCards: true },
      organs: [
        { name: 'keypad', role: 'keypad' },
        { name: 'speaker', role: 'speaker' },
        { name: READER, role: 'reader' },
      ],
    };
    this.#keys ??= identity.card_keys ?? assert.fail();
    const chance = { bytes: this.#chance };
    const transmit = (
      _reader: string,
      card: CardPresence,
      apdu: Uint8Array,
    ): Promise<TransmitResult> => this.#transmit(card, apdu);
    this.#terminal = new Terminal(settings, entries, {
      ...{ clock: this.clock, chance, journal, transmit },
      link: { publish: (token) => this.#up(token) },
      log: (what) => void this.logged.push(what),
      workCard: (reader, card, task) => {
        const keys = masterKeysOf(this.#keys ?? assert.fail());
        return workCard({ keys, chance, transmit }, reader, card, task);
      },
      outlets: {
        show: (screen) => {
          this.screen = screen;
        },
        ...{
          lamp() {},
          beep() {},
          broadcast() {},
          listen: (_started, heard) => heard({ is: 'failed' }),
          hush: () => undefined,
          print() {},
        },
        speak: (clips, _mark, started) => {
          this.spoken.push(textOf(clips));
          started();
        },
      },
    });
    for (const name of ['keypad', 'speaker', READER]) {
      this.#terminal.push({ is: 'organ', name, state: { is: 'working' } });
    }
    this.connect(this.online);
    await this.rest();
  }

  /** The terminal's power is cut and comes back: what was on its disk is what it knows. */
  async powerCut(): Promise<void> {
    this.#terminal?.stop();
    this.#disk.crash();
    this.field.lift();
    await this.#start();
  }

  connect(online: boolean): void {
    this.online = online;
    this.cutAfter = Number.POSITIVE_INFINITY;
    this.#terminal?.push({ is: 'link', up: online });
    if (online) this.core.downlinks.arrived(this.identity.terminal);
  }

  /** Until nothing more happens by itself. */
  async rest(turns = 12): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await settled();
  }

  /** Time goes by, with all its timers. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      await this.clock.pass(Math.min(500, left));
      await this.rest(2);
    }
  }

  async keys(...keys: Key[]): Promise<void> {
    for (const key of keys) this.#terminal?.push({ is: 'key', key });
    await this.rest();
  }

  /** Keys an amount of whole units and opens the order; its number. */
  async sell(units: number): Promise<string> {
    // A card that still lies there would pay at once.
    await this.lift();
    await this.keys(...(String(units).split('') as Key[]), 'enter');
    const order = this.#lastOrder();
    assert.ok(order !== undefined, 'an order was opened');
    return order;
  }

  #lastOrder(): string | undefined {
    const lines = this.#disk.text.split('\n');
    const orders = lines.flatMap(
      (line) => /"kind":"order","order":\{"number":"(\w+)"/.exec(line)?.[1] ?? [],
    );
    return orders.at(-1);
  }

  blank(): Card {
    this.#uids += 1;
    const uid = Uint8Array.of(0x04, 9, 8, 7, 6, this.#uids >> 8, this.#uids & 255);
    return new Card({ uid, chance: repeatable(this.#uids + 40) });
  }

  /** A card of the house, made and loaded through this terminal. */
  async card(amountMinor: number): Promise<{ readonly id: string; readonly card: Card }> {
    const { settlement } = this.core;
    assert.ok(settlement !== null);
    const card = this.blank();
    const wanted = { currency: 'CNY', most_minor: 100_000 } as const;
    const { id } = await settlement.add(wanted, (_tx, row) => row);
    await this.invite(card, 'personalise');
    if (amountMinor > 0) {
      await this.due(id, amountMinor);
      await this.tap(card);
      this.field.lift();
    }
    assert.equal(this.balance(card), amountMinor);
    return { id, card };
  }

  /** A fresh number, as orders and loads have. */
  number(): string {
    return mintOrderNumber(this.clock.now(), this.#chance(4));
  }

  /** Something is to be put on a card; its job. */
  async due(card: string, amountMinor: number): Promise<string> {
    const gate = this.core.settlement?.gate();
    assert.ok(gate !== undefined);
    const id = this.number();
    const ask = { kind: 'load', id, card, amount_minor: amountMinor } as const;
    const answer = await this.core.writer.run((tx) => gate.ask.ask(tx, ask));
    assert.equal(answer.said, 'job', JSON.stringify(answer));
    return id;
  }

  /** An order that a card paid is given back to it; its job. */
  async refund(order: string): Promise<string> {
    const gate = this.core.settlement?.gate();
    assert.ok(gate !== undefined);
    const id = this.number();
    const ask = { kind: 'refund', id, order } as const;
    const answer = await this.core.writer.run((tx) => gate.ask.ask(tx, ask));
    assert.equal(answer.said, 'job', JSON.stringify(answer));
    return id;
  }

  /** Has the terminal ask for a card, and holds this one to it. */
  async invite(card: Card, purpose: RelayPurpose): Promise<void> {
    const { relay, settlement } = this.core;
    assert.ok(settlement !== null);
    const { terminal } = this.identity;
    const work = settlement.serve.bind(settlement);
    const over = (): void => undefined;
    const invited = { terminal, purpose, currency: 'CNY', lifetimeMs: 60_000 } as const;
    const invitation = relay.invite({ ...invited, opening: [], work, over });
    await this.rest();
    await this.tap(card);
    this.field.lift();
    invitation.withdraw();
    await this.rest();
  }

  /** Holds a card there and leaves it; with `tear` it is pulled away at that command. */
  async tap(card: Card, tear?: Tear): Promise<void> {
    this.field.lift();
    await this.rest(2);
    this.field.put([card]);
    if (tear !== undefined) this.field.tear(tear);
    this.#arrivals += 1;
    const historical = new Uint8Array(0);
    this.#card = { number: this.#arrivals, uid: card.uid, historical };
    const event = { is: 'arrived', card: this.#card } as const;
    this.#terminal?.push({ is: 'card', reader: READER, event });
    await this.rest(60);
  }

  async lift(): Promise<void> {
    this.field.lift();
    await this.rest();
  }

  /** What the card holds, by its own memory. */
  balance(card: Card): number {
    const purse = card.state.applications.find(({ aid }) => aid === PURSE_AID);
    const file = purse?.files.get(PURSE_FILES.value);
    return file?.kind === 'value' ? file.value : Number.NaN;
  }

  inBook(card: string): number {
    return this.core.tables.ledger.account(cardAccount(card))?.balance_minor ?? 0;
  }

  async #transmit(presence: CardPresence, apdu: Uint8Array): Promise<TransmitResult> {
    const card = this.#card === presence ? this.field.card : null;
    const response = card === null ? null : await this.field.exchange(card, apdu);
    return response === null ? { ok: false, gone: 'card' } : { ok: true, response };
  }

  #left(): void {
    const card = this.#card;
    this.#card = null;
    if (card === null) return;
    this.#terminal?.push({ is: 'card', reader: READER, event: { is: 'left', card } });
  }

  #passes(): boolean {
    if (!this.online) return false;
    this.cutAfter -= 1;
    if (this.cutAfter >= 0) return true;
    this.online = false;
    queueMicrotask(() => this.#terminal?.push({ is: 'link', up: false }));
    return false;
  }

  #up(token: string): void {
    if (!this.#passes()) return;
    const message = new TextEncoder().encode(token);
    this.#later(() => {
      this.core.uplinks.handle(this.identity.terminal, message).then(
        (said) => void (said === 'refused' && this.logged.push(`refused: ${token.slice(0, 40)}`)),
        (error: unknown) => void this.logged.push(String(error)),
      );
    });
  }

  #down(message: string): boolean {
    if (!this.#passes()) return false;
    // Whether it is believed is proved elsewhere; here it would be a third of the time.
    const downlink = downlinkSchema.parse(peek(message));
    this.#later(() => {
      if (downlink.kind === 'card_keys') this.#keep(downlink.sealed);
      else this.#terminal?.push({ is: 'downlink', downlink });
    });
    return true;
  }

  #keep(sealed: string): void {
    const { secret, terminal } = this.identity;
    const sent = openSentKeys(secret, terminal, sealed) ?? assert.fail();
    if (sent.set_at >= (this.#keys?.set_at ?? 0)) this.#keys = sent;
    const { key_version, set_at } = this.#keys ?? sent;
    this.#terminal?.push({ is: 'card_keys', kept: { key_version, set_at } });
  }

  #later(then: () => void): void {
    if (this.delayMs === 0) queueMicrotask(then);
    else this.clock.after(this.delayMs, then);
  }
}
