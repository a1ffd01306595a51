/**
 * A house with order centre and settlement over one store in memory, cards that answer as DESFire do,
 * and terminals that debit them by themselves and tell it when they like.
 */
import assert from 'node:assert/strict';
import { base64url, fromBase64url, hex } from '#device/codecs/bytes.ts';
import { open, seal } from '#device/codecs/jws.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { type LogRecord, purseKey, terminalMark, writeLogRecord } from '#device/codecs/purse.ts';
import { drive, goesOn, type Rounds } from '#device/codecs/purse-rounds.ts';
import { commitDebit, prepareDebit } from '#device/codecs/purse-talks.ts';
import type { CardDebit, CardPayment } from '#device/messages/card.ts';
import type { Identity } from '#device/messages/enrolment.ts';
import type { Downlink } from '#device/messages/order.ts';
import type { RelayPurpose } from '#device/messages/relay.ts';
import { type Core, type CoreOptions, openCore } from '#gateway/core.ts';
import { type AskHere, type GateThere, there } from '#gateway/gate.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import type { LogEntry } from '#gateway/log.ts';
import type { Relayed, RelayedCard, RelayOutcome } from '#gateway/relay/relayed-card.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import type {
  AskJob,
  JobAnswer,
  SettlementDrives,
  SettlementVerbs,
  ValidateCard,
  Validated,
} from '#gateway/settlement/gate.ts';
import { type HouseKeys, makeHouseKeys } from '#gateway/settlement/keys.ts';
import type { Settlement } from '#gateway/settlement/settlement.ts';
import { Card } from '#simulators/card/card.ts';
import { repeatable } from '#test/card/bench.ts';
import { SEED } from './harness.ts';

const START = 1_800_000_000_000;

/** Where a reader loses its card: before the nth APDU of a stay is done, or after it. */
export interface Tear {
  readonly apdu: number;
  readonly done: boolean;
}

export class House {
  readonly core: Core;
  readonly keys: HouseKeys;
  readonly logged: LogEntry[] = [];
  readonly #chance = repeatable(7);
  #now = START;
  #uids = 1;
  #relays = 1;
  #heard: { terminal: string; downlink: Downlink }[] = [];

  private constructor(options: Partial<CoreOptions>) {
    this.keys = makeHouseKeys({ bytes: this.#chance });
    this.core = openCore({
      database: ':memory:',
      keys: deriveGatewayKeys(new Uint8Array(32).fill(7)),
      house: this.keys,
      clock: {
        now: () => this.#now,
        monotonic: () => this.#now,
        after: () => () => undefined,
      },
      chance: { bytes: this.#chance },
      log: (entry) => this.logged.push(entry),
      defer: (then) => setImmediate(then),
      ...options,
    });
    const key = fromBase64url(deriveGatewayKeys(new Uint8Array(32).fill(7)).public);
    this.core.downlinks.attach({
      send: (terminal, _topic, message) => {
        const opened = open('EdDSA', key ?? new Uint8Array(), message);
        assert.ok(opened.ok);
        this.#heard.push({ terminal, downlink: opened.payload as Downlink });
        return true;
      },
    });
  }

  static async open(options: Partial<CoreOptions> = {}): Promise<House> {
    const house = new House(options);
    await applySeed(house.core, seedSchema.parse(SEED));
    return house;
  }

  close(): void {
    this.core.close();
  }

  /** A moment later. */
  now(): number {
    this.#now += 1000;
    return this.#now;
  }

  chance(count: number): Uint8Array {
    return this.#chance(count);
  }

  get settlement(): Settlement {
    assert.ok(this.core.settlement !== null);
    return this.core.settlement;
  }

  heard<Kind extends Downlink['kind']>(
    terminal: string,
    kind: Kind,
  ): Extract<Downlink, { kind: Kind }>[] {
    return this.#heard.flatMap(({ terminal: to, downlink }) =>
      to === terminal && downlink.kind === kind
        ? [downlink as Extract<Downlink, { kind: Kind }>]
        : [],
    );
  }

  blank(): Card {
    const uid = Uint8Array.of(0x04, 1, 2, 3, 4, this.#uids >> 8, this.#uids & 255);
    this.#uids += 1;
    return new Card({ uid, chance: repeatable(this.#uids) });
  }

  /** A card of the house with this much on it. */
  async card(amount = 0, mostMinor = 100_000): Promise<{ id: string; card: Card }> {
    const card = this.blank();
    const wanted = { currency: 'CNY', most_minor: mostMinor } as const;
    const { id } = await this.settlement.add(wanted, (_tx, row) => row);
    assert.deepEqual(await this.hold(card, 'personalise'), {
      ...{ said: 'done', balance_minor: 0, currency: 'CNY', card: id },
    });
    if (amount > 0) {
      await this.load(id, amount);
      assert.equal((await this.hold(card, 'load')).said, 'done');
    }
    return { id, card };
  }

  async load(card: string, amount_minor: number, id = this.number()): Promise<string> {
    const gate = this.settlement.gate();
    const ask = { kind: 'load', id, card, amount_minor } as const;
    const answer = await this.core.writer.run((tx) => gate.ask.ask(tx, ask));
    assert.equal(answer.said, 'job', JSON.stringify(answer));
    return id;
  }

  ask(ask: AskJob): Promise<JobAnswer> {
    const gate = this.settlement.gate();
    return this.core.writer.run((tx) => gate.ask.ask(tx, ask));
  }

  refund(order: string, amount_minor?: number): Promise<JobAnswer> {
    const amount = amount_minor === undefined ? {} : { amount_minor };
    return this.ask({ kind: 'refund', id: this.number(), order, ...amount });
  }

  cancel(id: string): Promise<JobAnswer> {
    const gate = this.settlement.gate();
    return this.core.writer.run((tx) => gate.cancel.ask(tx, id));
  }

  validate(asked: ValidateCard): Promise<Validated> {
    const gate = this.settlement.gate();
    return this.core.writer.run((tx) => gate.validate.ask(tx, asked));
  }

  findings() {
    return this.core.tables.settlement.findings();
  }

  /** What the reconciliation says of one card. */
  mine(card: string) {
    const { cards, missing, in_doubt } = this.settlement.reconcile();
    const of = <T extends { readonly card: string }>(all: readonly T[]): T[] =>
      all.filter((each) => each.card === card);
    return { agrees: of(cards).length === 0, missing: of(missing), in_doubt: of(in_doubt) };
  }

  /** Lets everything that is due at the order centre be done. */
  async settle(): Promise<void> {
    await this.core.refunds.settle(this.now());
  }

  /** An order of the web shop that waits for a card. */
  async shopOrder(amount_minor: number): Promise<string> {
    const number = this.number();
    const now = this.now();
    await this.core.writer.run((tx) =>
      tx.shop.add({
        ...{ number, merchant: 'lin', customer: 'c', lines: '[]', currency: 'CNY', amount_minor },
        ...{ language: 'en', state: 'unpaid', terminal: null, trouble: null, created_at: now },
        ...{ expires_at: now + 3_600_000, ended_at: null, payment: null, card: null },
        balance_minor: null,
        client: null,
      }),
    );
    return number;
  }

  number(): string {
    return mintOrderNumber(this.now(), this.#chance(4));
  }

  /** Holds a card to a reader that the gateway drives. */
  hold(
    card: Card,
    purpose: RelayPurpose,
    tear: Tear | null = null,
    drives: SettlementDrives = this.settlement,
  ): Promise<RelayOutcome> {
    return drives.serve(this.relayed(card, purpose, tear));
  }

  relayed(card: Card, purpose: RelayPurpose, tear: Tear | null = null): RelayedCard {
    card.powerDown();
    this.now();
    const relay = `relay-${String(this.#relays).padStart(6, '0')}`;
    this.#relays += 1;
    const transport = carry(card, tear);
    return { relay, terminal: 't-0001', uid: card.uid, purpose, transport };
  }

  async terminal(code = 'CODE-0001'): Promise<Terminal> {
    const addresses = { broker: 'mqtt://127.0.0.1:1', payUrl: 'http://127.0.0.1:1/p/' };
    const enrolled = await this.core.enrol({ code }, null, addresses);
    assert.ok(enrolled.ok);
    return new Terminal(this, enrolled.identity);
  }
}

/** A reader: stops where the card does not go on, and where the card is pulled away. */
export function carry(
  card: Card,
  tear: Tear | null,
): (apdus: readonly Uint8Array[]) => Promise<Relayed> {
  let at = 0;
  return async (apdus) => {
    const answers: Uint8Array[] = [];
    for (const apdu of apdus) {
      at += 1;
      const torn = tear !== null && at >= tear.apdu;
      if (torn && !tear.done) return { answers, ended: 'card' };
      const answer = card.process(apdu).bytes;
      if (torn) return { answers, ended: 'card' };
      answers.push(answer);
      if (!goesOn(answer)) break;
    }
    return { answers };
  };
}

/** What became of a debit at a terminal. */
export type Tapped =
  | { readonly did: 'paid'; readonly payment: CardPayment }
  | { readonly did: 'unknown'; readonly unknown: CardDebit }
  | { readonly did: 'nothing' };

export class Terminal {
  readonly identity: Identity;
  readonly #house: House;
  readonly #uplinkKey: Uint8Array;

  constructor(house: House, identity: Identity) {
    this.#house = house;
    this.identity = identity;
    this.#uplinkKey = deriveKeys(identity.secret).uplink;
  }

  get id(): string {
    return this.identity.terminal;
  }

  /** Debits a card with what enrolment gave it, and tells nobody. */
  tap(
    card: Card,
    amount_minor: number,
    { tear = null, order = this.#house.number() }: { tear?: Tear | null; order?: string } = {},
  ): Promise<Tapped> {
    const house = this.#house;
    const moment = { at: house.now(), rndA: house.chance(16) };
    return tapCard(this.identity, card, { amount_minor, order, tear, ...moment });
  }

  /** What a tap that pays leaves to be told; throws where it does not pay. */
  async paid(...tap: Parameters<Terminal['tap']>): Promise<CardPayment> {
    const tapped = await this.tap(...tap);
    assert.ok(tapped.did === 'paid', tapped.did);
    return tapped.payment;
  }

  /** Sends the order of a payment. */
  async order(number: string, amount_minor: number): Promise<void> {
    const { vendor, place, currency } = this.identity.stall;
    await this.say({
      kind: 'order',
      order: {
        ...{ number, terminal: this.id, vendor, place, currency, amount_minor, lifetime_s: 120 },
        lines: [{ name: 'Dumplings', quantity: 1, unit_minor: amount_minor }],
        made_at: this.#house.now(),
      },
    });
  }

  async say(uplink: unknown): Promise<string> {
    const message = new TextEncoder().encode(seal('HS256', this.#uplinkKey, uplink));
    return this.#house.core.uplinks.handle(this.id, message);
  }

  /** Tells a payment; the receipt that came back. */
  async tell(payment: CardPayment) {
    assert.equal(await this.say({ kind: 'card_payment', payment }), 'committed');
    return this.receipt();
  }

  async tellUnknown(unknown: CardDebit) {
    assert.equal(await this.say({ kind: 'card_unknown', unknown }), 'committed');
    return this.receipt();
  }

  receipt() {
    const last = this.#house.heard(this.id, 'card_receipt').at(-1);
    assert.ok(last !== undefined);
    return last.receipt;
  }
}

export const balanceOf = (house: House, account: string): number =>
  house.core.tables.ledger.account(account)?.balance_minor ?? 0;

export interface Tap {
  readonly amount_minor: number;
  readonly order: string;
  readonly tear: Tear | null;
  readonly at: number;
  readonly rndA: Uint8Array;
}

/** What a terminal does with a card, with what enrolment gave it. */
export async function tapCard(identity: Identity, card: Card, wanted: Tap): Promise<Tapped> {
  const { amount_minor, order, tear, at, rndA } = wanted;
  card.powerDown();
  const transport = carry(card, tear);
  const run = async <T>(talk: Rounds<T>): Promise<T | null> => {
    const driven = await drive(talk, transport);
    return driven.ended === null ? driven.result : null;
  };
  const master = fromBase64url(identity.card_keys?.debit ?? '');
  assert.ok(master !== null && master.length === 16, 'enrolment gave the master key of debits');
  const purse = await run(prepareDebit({ key: purseKey(master, card.uid), rndA }));
  if (purse === null || !purse.ok || purse.balanceMinor < amount_minor) return { did: 'nothing' };
  const record: LogRecord = {
    ...{ kind: 'debit' as const, amountMinor: amount_minor, order },
    terminal: terminalMark(identity.terminal),
    ...{ atS: Math.floor(at / 1000), balanceMinor: purse.balanceMinor - amount_minor },
  };
  const unknown: CardDebit = {
    ...{ amount_minor, order, at, card: purse.holder.card, uid: hex(card.uid), currency: 'CNY' },
    ...{ counter_before: purse.last.counter, balance_before_minor: purse.balanceMinor },
    ...{ mac_before: base64url(purse.last.mac), offline: true },
    record: hex(writeLogRecord(record)),
  };
  const done = await run(commitDebit(purse, record));
  if (done === null || (!done.ok && done.at === 'commit')) return { did: 'unknown', unknown };
  if (!done.ok) return { did: 'nothing' };
  const { counter_before: _c, balance_before_minor: before, ...rest } = unknown;
  const { counter, mac } = done.proof;
  const after = { balance_after_minor: before - amount_minor, sold: true };
  return { did: 'paid', payment: { ...rest, ...after, counter, mac: base64url(mac) } };
}

/** The verbs of a settlement as another process would ask them. */
export function overWire(
  { writer }: Core,
  gate: ReturnType<Settlement['gate']>,
): GateThere<SettlementVerbs> & SettlementDrives {
  const far = <Q, A>({ ask }: AskHere<Q, A>) => there((q: Q) => writer.run((tx) => ask(tx, q)));
  return {
    ...{ serve: gate.serve, purchase: gate.purchase, load: gate.load },
    ...{ take: far(gate.take), validate: far(gate.validate), ask: far(gate.ask) },
    ...{ job: far(gate.job), cancel: far(gate.cancel), purchased: far(gate.purchased) },
    ...{
      spread: far(gate.spread),
      keys: far(gate.keys),
      hotlist: far(gate.hotlist),
      make: gate.make,
    },
    ...{ card: far(gate.card), change: far(gate.change), debits: far(gate.debits) },
  };
}
