/** The gateway without its doors: services over one store. Doors and simulations hang on it. */
import type { Identity } from '#device/messages/enrolment.ts';
import type { Currency } from '#device/messages/money.ts';
import { Acquirer } from './acquirer/acquirer.ts';
import type { AcquirerGate, LinkGate, TellResult } from './acquirer/gate.ts';
import { Links } from './acquirer/links/links.ts';
import { Passkeys } from './acquirer/links/passkeys.ts';
import { LinkPlatforms } from './acquirer/links/platforms.ts';
import { isOwnOrder } from './acquirer/merchants/own-orders.ts';
import { tellMerchant } from './acquirer/merchants/webhooks.ts';
import { PayerDesk } from './acquirer/payers/desk.ts';
import type { Chance, Clock } from './clock.ts';
import { Counter } from './counter/counter.ts';
import { Days } from './days/days.ts';
import { Funds } from './funds/funds.ts';
import type { FundGate } from './funds/gate.ts';
import { Parties } from './funds/parties.ts';
import { askGate } from './gate.ts';
import { Guesses } from './guesses.ts';
import type { Authority } from './identity/authority.ts';
import { IdentityDesk } from './identity/desk.ts';
import type { IssuerGate } from './issuer/gate.ts';
import { Issuer } from './issuer/issuer.ts';
import type { GatewayKeys } from './keys.ts';
import type { Log } from './log.ts';
import { Matching } from './matching/matching.ts';
import { Uplinks } from './mqtt/uplinks.ts';
import { CardKeyTeller } from './notify/card-keys.ts';
import { Changes } from './notify/changes.ts';
import { Downlinks } from './notify/downlinks.ts';
import { OrderCards } from './orders/cards.ts';
import { startExpiry } from './orders/expiry.ts';
import { OrderPayments } from './orders/payments.ts';
import { OrderRefunds } from './orders/refunds.ts';
import { Agents } from './orders/telephone/agents.ts';
import { centreAcquirer } from './orders/telephone/asks.ts';
import { Telephone } from './orders/telephone/telephone.ts';
import { type PairedGate, pairedGate } from './pairing/merchant-payments.ts';
import { PairingDesk } from './pairing/pairing.ts';
import { signInWith } from './pairing/sign-in.ts';
import { RelayDesk } from './relay/desk.ts';
import { HOUSE_ROLES, type Role } from './roles.ts';
import type { SettlementGate, TellCard } from './settlement/gate.ts';
import type { HouseKeys } from './settlement/keys.ts';
import { Settlement } from './settlement/settlement.ts';
import { Shop } from './shop/shop.ts';
import { openSqlite } from './store/sqlite/engine.ts';
import type { Engine, Tables } from './store/tables.ts';
import { Writer } from './store/writer.ts';
import { crowdedStretch, type Stretch } from './stretch.ts';
import { type Enrolled, type EnrolmentRequest, enrol } from './terminals/enrolment.ts';
import { Registry } from './terminals/registry.ts';
import { TopUps } from './topups/topups.ts';
import { Idempotency } from './web/idempotency.ts';

export interface CoreOptions {
  /** File of the database, `:memory:`, or an engine that is open. */
  readonly database: string | Engine;
  readonly keys: GatewayKeys;
  readonly clock: Clock;
  readonly chance: Chance;
  /** How PINs and passwords are stretched; without it, by scrypt. */
  readonly stretch?: Stretch | undefined;
  readonly log: Log;
  /** Calls back soon: units that arrive before it does share a commit. */
  readonly defer: (then: () => void) => void;
  /** The organisations that this process is; without it, all of the house. */
  readonly roles?: readonly Role[];
  /** Those that are elsewhere. */
  readonly gates?: {
    readonly issuer?: IssuerGate;
    readonly acquirer?: AcquirerGate;
    readonly links?: LinkGate;
    readonly settlement?: SettlementGate;
    readonly funds?: FundGate;
    readonly paired?: PairedGate;
  };
  /** Where the order centre is elsewhere: how it is told. */
  readonly tell?: TellResult | undefined;
  /** Whom the telephone side asks for links instead of the acquirer. */
  readonly links?: LinkGate | undefined;
  /** The master keys of cards; without them there is no settlement in this process. */
  readonly house?: HouseKeys | undefined;
  /** Where the order centre is elsewhere: how the settlement tells it. */
  readonly tellCard?: TellCard | undefined;
  /** Who certifies terminals, merchants and organisations; without it nobody does. */
  readonly authority?: Authority | undefined;
  /** Whether merchants' webhooks may lead into this machine or its network; otherwise they are refused. */
  readonly privateWebhooks?: boolean | undefined;
  /** Whether the telephone desk is told of endings by webhook. */
  readonly desk?: boolean;
}

export interface Addresses {
  readonly broker: Identity['broker'];
  readonly payUrl: Identity['pay_url'];
}

export interface Core extends Omit<CoreOptions, 'tell' | 'house' | 'tellCard'> {
  readonly roles: readonly Role[];
  /** For reading; whatever is written goes through the writer. */
  readonly tables: Tables;
  readonly writer: Writer;
  readonly registry: Registry;
  readonly matching: Matching;
  readonly payments: OrderPayments;
  readonly refunds: OrderRefunds;
  readonly acquirer: Acquirer;
  readonly issuer: Issuer;
  /** The acquirer's payment links, and what verifies face and fingerprint behind them. */
  readonly payLinks: Links;
  readonly passkeys: Passkeys;
  readonly linkPlatforms: LinkPlatforms;
  /** Where payers look after their ways to pay. */
  readonly payerDesk: PayerDesk;
  readonly downlinks: Downlinks;
  readonly changes: Changes;
  readonly uplinks: Uplinks;
  readonly telephone: Telephone;
  readonly agents: Agents;
  /** Takes a result of the acquirer, in the unit that knows it. */
  readonly tell: TellResult;
  readonly pairing: PairingDesk;
  /** What paired phones paid, here or elsewhere. */
  readonly paired: PairedGate;
  /** Cards at terminals, driven from here. */
  readonly relay: RelayDesk;
  /** `null` where this process is none. */
  readonly settlement: Settlement | null;
  /** Vouchers and their parties; `null` where this process is no fund server. */
  readonly funds: Funds | null;
  readonly parties: Parties;
  /** Wrong numbers, codes and passwords of vouchers and parties, by address. */
  readonly guesses: Guesses;
  /** Card payments of orders; `null` where there is no settlement, here or elsewhere. */
  readonly cards: OrderCards | null;
  /** The web shop at a reader. */
  readonly shop: Shop;
  /** Cards topped up from a phone. */
  readonly topups: TopUps;
  /** What settles cards, here or elsewhere; `null` where nothing does. */
  readonly settles: SettlementGate | null;
  /** Cards that somebody has a terminal ask for. */
  readonly counter: Counter;
  readonly idempotency: Idempotency;
  /** `null` where this process certifies nobody. */
  readonly identity: IdentityDesk | null;
  enrol(
    request: EnrolmentRequest,
    idempotencyKey: string | null,
    addresses: Addresses,
  ): Promise<Enrolled>;
  /** Commits what is queued and closes the store. */
  close(): void;
}

/** Opens the store and starts the timers; throws a `StoreError` where it can't. */
export function openCore(options: CoreOptions): Core {
  const { database, keys, clock, chance, log, defer } = options;
  const stretch = options.stretch ?? crowdedStretch();
  const engine = typeof database === 'string' ? openSqlite(database) : database;
  const { tables } = engine;
  const writer = new Writer(engine, defer);
  const registry = new Registry(tables);
  const downlinks = new Downlinks({ tables, writer, clock, keys, log });
  const issuer = new Issuer({ tables, clock, keys, stretch });
  const tell: TellResult = (tx, result) => {
    if (refunds.takeResult(tx, result) || telephone.takeResult(tx, result)) return;
    if (topups.takeResult(tx, result)) return;
    payments.takeResult(tx, result);
  };
  // What a merchant's own system ordered is nothing that the order centre knows of: it is told itself.
  const told: TellResult = (tx, result) => {
    if (isOwnOrder(result.order)) tellMerchant(tx, { keys, chance }, result);
    else (options.tell ?? tell)(tx, result);
  };
  const issuers = options.gates?.issuer ?? issuer.gate('acquirer');
  const funds = (options.roles ?? HOUSE_ROLES).includes('fund-server')
    ? new Funds({
        ...{ tables, writer, clock, chance, keys, log, stretch },
        issuer: options.gates?.issuer ?? issuer.gate('fund-server'),
      })
    : null;
  const vouchers = options.gates?.funds ?? funds?.gate();
  const acquirer = new Acquirer({
    ...{ tables, writer, clock, keys, log },
    vouchers,
    issuer: issuers,
    refundThrough: ({ id: of, through, currency }, id, amount_minor) =>
      linkPlatforms.refund(through, { id, of, amount_minor }, currency as Currency),
    tell(tx, result) {
      payLinks.take(tx, result);
      told(tx, result);
    },
  });
  const linksParts = {
    ...{ tables, writer, clock, chance, keys, log, stretch, issuer: issuers, tell: told },
    ...{ payments: acquirer.payments, vouchers },
  };
  const payLinks = new Links(linksParts);
  const linkPlatforms = new LinkPlatforms(linksParts, payLinks);
  const gate = options.gates?.acquirer ?? acquirer.gate();
  const refunds = new OrderRefunds({
    ...{ tables, writer, clock, chance, log, acquirer: gate },
    refundAttempt: (attempt, refund) => desk.refund(attempt, refund),
    desk: options.desk ?? false,
  });
  const payments = new OrderPayments({
    ...{ tables, writer, clock, chance, keys, log, refunds },
    acquirer: gate,
  });
  const telephone = new Telephone({
    ...{ tables, writer, clock, chance, log },
    acquirer: centreAcquirer(options.links ?? options.gates?.links ?? payLinks.gate(), gate),
    desk: options.desk ?? false,
  });
  const desk = new PairingDesk({
    ...{ tables, writer, clock, chance, keys, log, downlinks },
    signIn: signInWith(gate),
  });
  const relay = new RelayDesk({ clock, chance, log, downlinks });
  const settlement = openSettlement(options, { tables, writer }, () => cards);
  const settles = options.gates?.settlement ?? settlement?.gate() ?? null;
  const cards =
    settles !== null && (options.roles ?? HOUSE_ROLES).includes('order-centre')
      ? new OrderCards({
          ...{ tables, writer, clock, log, downlinks, settlement: settles },
          shop: (tx, news) => shop.tell(tx, news),
          blocked: (tx, cards) => topups.blocked(tx, cards),
        })
      : null;
  const keysOfCards = cards === null ? null : settles;
  const keyTeller =
    keysOfCards === null
      ? null
      : new CardKeyTeller({
          ...{ tables, writer, clock, chance, log, downlinks, terminalKeys: registry.keys },
          cardKeys: () => askGate(writer, keysOfCards.keys, null),
          spread: (told) => askGate(writer, keysOfCards.spread, told),
        });
  const topups = new TopUps({
    ...{ tables, writer, clock, chance, log, acquirer: gate, settlement: settles },
    links: options.links ?? options.gates?.links ?? payLinks.gate(),
  });
  if (settles !== null) relay.serve((card) => settles.serve(card));
  const shop = new Shop({
    ...{ tables, writer, clock, chance, keys, log, registry, relay },
    purchases: cards?.purchases() ?? null,
  });
  const days = new Days({ tables, writer, clock, log, downlinks, settlement: settles });
  const counter = new Counter({ tables, registry, relay, clock, settlement: settles });
  const { authority } = options;
  const identity =
    authority === undefined
      ? null
      : new IdentityDesk({ tables, writer, clock, chance, keys, authority });
  const stopExpiry = startExpiry(tables, writer, clock, log);
  const { house: _secret, tellCard: _told, ...rest } = options;
  return {
    ...rest,
    roles: options.roles ?? HOUSE_ROLES,
    tell,
    tables,
    writer,
    registry,
    downlinks,
    matching: new Matching({ tables, writer, clock, keys, terminalKeys: registry.keys }),
    issuer,
    acquirer,
    payLinks,
    passkeys: new Passkeys(linksParts, payLinks),
    linkPlatforms,
    payerDesk: new PayerDesk({ tables, writer, clock, chance, keys, stretch, issuer: issuers }),
    payments,
    refunds,
    changes: new Changes(writer),
    telephone,
    agents: new Agents({ tables, writer, clock, chance, keys }),
    pairing: desk,
    paired: options.gates?.paired ?? pairedGate(),
    relay,
    shop,
    topups,
    counter,
    settlement,
    settles,
    funds,
    guesses: new Guesses(clock),
    parties: new Parties({ tables, writer, clock, chance, keys, stretch }),
    cards,
    idempotency: new Idempotency({ tables, clock, keys }),
    uplinks: new Uplinks({
      tables,
      writer,
      clock,
      registry,
      downlinks,
      log,
      relay,
      cards,
      cardKeys: keyTeller,
      days,
      pay: (instruction) => payments.pay(instruction),
      lookUpVoucher: (asked) => askGate(writer, gate.lookUpVoucher, asked),
      unpair: (terminal, pairing) => desk.unpair(terminal, pairing),
    }),
    identity,
    enrol: (request, idempotencyKey, addresses) => {
      const cardKeys = async () => (settles === null ? null : askGate(writer, settles.keys, null));
      const desk = { desk: identity, addresses: () => addresses, cardKeys };
      return enrol({ writer, clock, chance, keys, ...desk }, request, idempotencyKey);
    },
    close() {
      stopExpiry();
      days.close();
      telephone.close();
      payments.close();
      desk.close();
      shop.close();
      topups.close();
      cards?.close();
      keyTeller?.close();
      settlement?.close();
      funds?.close();
      relay.close();
      linkPlatforms.close();
      payLinks.close();
      acquirer.close();
      downlinks.close();
      writer.close();
    },
  };
}

/** The settlement of this process, where it has the keys of cards. */
function openSettlement(
  { house, roles = HOUSE_ROLES, tellCard, clock, chance, log }: CoreOptions,
  store: Pick<Core, 'tables' | 'writer'>,
  cards: () => OrderCards | null,
): Settlement | null {
  if (house === undefined || !roles.includes('settlement')) return null;
  const tell: TellCard = tellCard ?? {
    event: (tx, event) => cards()?.event(tx, event),
    begun: (tx, order, card) => cards()?.begun(tx, order, card) ?? false,
  };
  return new Settlement({ ...store, clock, chance, log, house, tell });
}
