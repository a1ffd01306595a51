/**
 * Faults that are planted to see that they are found: wrappers around ports and services, in test code
 * alone. Each breaks one promise in a way that a careful engineer could have written.
 */

import { peek } from '#device/codecs/jws.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { downlinkSchema, type Uplink } from '#device/messages/order.ts';
import { readDownlink } from '#device/messages/signed.ts';
import type { PeerClient } from '#gateway/peers/client.ts';
import type { Role } from '#gateway/roles.ts';
import type { Engine, Tables } from '#gateway/store/tables.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import { CALM, type Climate } from '#simulators/simulation/weather.ts';
import type { Wanted } from './plan.ts';
import type { TerminalPlant } from './terminal-machine.ts';

export interface Planted {
  /** Where it shows soon: a short world with what it takes. */
  readonly wanted?: Wanted;
  readonly terminal: (chance: SeededChance, id: string) => TerminalPlant;
  readonly engine: (chance: SeededChance, roles: readonly Role[]) => (engine: Engine) => Engine;
  readonly peer: (client: PeerClient, who: 'issuer' | 'acquirer' | 'settlement') => PeerClient;
}

const SOUND: TerminalPlant = {
  disk: (disk) => disk,
  ports: (ports) => ports,
  read: readDownlink,
  forgetsMarks: false,
};

const MINUTE = 60_000;

/** A busy hour at two stalls: short, and much happens. */
const BUSY_HOUR: Wanted = { terminals: 2, troubleMs: 60 * MINUTE, saleEveryMs: MINUTE };
const WITH_CARDS: Wanted = { ...BUSY_HOUR, cards: 4, cardShare: 0.6 };
const ROUGH: Climate = { loss: 0.3, doubling: 0, delay: 0.05, longestDelayMs: 5000 };
const OFTEN = 4 * MINUTE;

/** Where each shows sooner than in worlds by chance. */
const WANTED: Readonly<Record<string, Wanted>> = {
  'asks-anew': {
    ...BUSY_HOUR,
    ...{ cards: 0, houses: 'issuer_apart' },
    climates: { terminals: CALM, phones: CALM, peers: ROUGH },
  },
  'debits-again': WITH_CARDS,
  'forgets-debit': WITH_CARDS,
  'takes-blocked': WITH_CARDS,
  'posts-replay': WITH_CARDS,
  'loads-twice': { ...WITH_CARDS, cardShare: 0.2 },
  'keeps-payment': { ...WITH_CARDS, houses: 'settlement_apart' },
  // A start sends it again: nothing ends a terminal here.
  'order-alone': {
    ...WITH_CARDS,
    ...{ terminals: 4, cardShare: 1 },
    climates: { terminals: { ...ROUGH, loss: 0.5 }, phones: CALM, peers: CALM },
    disk: { cut: 0, full: 0, broken: 0 },
    every: {
      ...{ partition: OFTEN, broker_falls: OFTEN, clock_jump: null },
      ...{ terminal_power: null, terminal_killed: null, terminal_upgraded: null },
    },
  },
  'half-replaced': {
    ...BUSY_HOUR,
    disk: { cut: 0.1, full: 0, broken: 0 },
    every: { disk_bad: OFTEN, terminal_upgraded: OFTEN, terminal_killed: OFTEN },
  },
};

export const NOTHING_PLANTED: Planted = {
  terminal: () => SOUND,
  engine: () => (engine) => engine,
  peer: (client) => client,
};

const inTerminal = (plant: (chance: SeededChance) => Partial<TerminalPlant>): Planted => ({
  ...NOTHING_PLANTED,
  terminal: (chance) => ({ ...SOUND, ...plant(chance) }),
});

const inTables = (change: (tables: Tables, chance: SeededChance) => Partial<Tables>): Planted => ({
  ...NOTHING_PLANTED,
  engine: (chance) => (engine) => ({
    ...engine,
    tables: { ...engine.tables, ...change(engine.tables, chance) },
  }),
});

export interface PlantedFault {
  /** What was done wrong. */
  readonly what: string;
  /** The word that the auditor's complaint begins with, after the place. */
  readonly found: RegExp;
  readonly planted: Planted;
}

/** By the name that `--plant` takes: all but cards. */
const FAULTS: Readonly<Record<string, PlantedFault>> = {
  'early-ack': {
    what: 'the journal says "done" before the disk has synced',
    found: /^(journal|lost|stuck)/,
    planted: inTerminal(() => ({
      disk: (disk) => ({
        append: (bytes) => disk.append(bytes),
        replace: (bytes) => disk.replace(bytes),
        read: () => disk.read(),
        truncate: (length) => disk.truncate(length),
        sync: async () => undefined,
      }),
    })),
  },
  'no-mend': {
    what: 'what a failed write left behind is not cut off',
    found: /^(journal|lost|stuck)/,
    planted: inTerminal(() => ({
      disk: (disk) => ({
        append: (bytes) => disk.append(bytes),
        replace: (bytes) => disk.replace(bytes),
        read: () => disk.read(),
        sync: () => disk.sync(),
        truncate: async () => undefined,
      }),
    })),
  },
  'speaks-again': {
    what: 'the speaker does not remember over a restart what it has said',
    found: /^announced: .* times/,
    planted: inTerminal(() => ({ forgetsMarks: true })),
  },
  'believes-anybody': {
    what: 'the terminal does not verify who signed',
    found: /^announced/,
    planted: inTerminal(() => ({
      read(token) {
        const parsed = downlinkSchema.safeParse(peek(token));
        return parsed.success
          ? { ok: true, downlink: parsed.data }
          : { ok: false, why: 'not understood' };
      },
    })),
  },
  'new-number': {
    what: 'a resent order has a new number',
    found: /^(lost|debit)/,
    planted: inTerminal((chance) => ({
      ports(ports, sealed) {
        const sent = new Set<string>();
        return {
          ...ports,
          link: {
            publish(token) {
              const uplink = peek(token) as Uplink;
              if (uplink.kind !== 'order' || !sent.has(uplink.order.number)) {
                if (uplink.kind === 'order') sent.add(uplink.order.number);
                ports.link.publish(token);
                return;
              }
              const number = mintOrderNumber(ports.clock.now(), chance.bytes(4));
              const order = { ...uplink.order, number };
              ports.link.publish(sealed({ kind: 'order', order }));
            },
          },
        };
      },
    })),
  },
  'sends-once': {
    what: 'an order that was handed to the broker is not sent again',
    found: /^(stuck|lost)/,
    planted: inTerminal(() => ({
      ports(ports) {
        const sent = new Set<string>();
        return {
          ...ports,
          link: {
            publish(token) {
              const uplink = peek(token) as Uplink;
              if (uplink.kind === 'order' && sent.has(uplink.order.number)) return;
              if (uplink.kind === 'order') sent.add(uplink.order.number);
              ports.link.publish(token);
            },
          },
        };
      },
    })),
  },
  'lost-outbox': {
    what: 'a result is not put into the outbox',
    found: /^stuck/,
    planted: inTables(({ outbox }) => ({
      outbox: {
        ...outbox,
        add(row) {
          if (row.kind !== 'result') outbox.add(row);
        },
      },
    })),
  },
  'early-answer': {
    what: 'the gateway answers before it has committed',
    found: /^(lost|value|stuck|disagree|journal|debit)/,
    planted: { ...NOTHING_PLANTED, engine: () => answerEarly },
  },
  'spends-frozen': {
    what: 'holds are written down and not counted',
    found: /^frozen|sum of its holds/,
    planted: inTables(({ ledger }) => ({
      ledger: {
        ...ledger,
        addHold: (row) => ledger.addHold(row, 0),
        endHold: (row) => ledger.endHold(row, 0),
      },
    })),
  },
  'lost-cent': {
    what: 'a posting is a cent short',
    found: /value/,
    planted: inTables(({ ledger }, chance) => ({
      ledger: {
        ...ledger,
        addPosting(row) {
          const short = row.amount_minor > 100 && chance.happens(0.01) ? 1 : 0;
          ledger.addPosting({ ...row, amount_minor: row.amount_minor - short });
        },
      },
    })),
  },
  'asks-anew': {
    what: 'a repeated debit goes to the issuer under another id',
    found: /^debit/,
    planted: {
      ...NOTHING_PLANTED,
      peer: (client, who) => (who === 'issuer' ? repeatAnew(client) : client),
    },
  },
  'invented-answer': {
    what: 'a decline of the issuer is read as a debit',
    found: /^(debit|value|announced)/,
    planted: {
      ...NOTHING_PLANTED,
      peer: (client, who) => (who === 'issuer' ? neverDeclined(client) : client),
    },
  },
  'never-resolves': {
    what: 'a payment whose answer was lost is not asked after',
    found: /^(stuck|disagree|debit)/,
    planted: inTables(({ payments, attempts }) => ({
      payments: { ...payments, nextAt: () => undefined },
      attempts: { ...attempts, nextAt: () => undefined },
    })),
  },
};

/** By the name that `--plant` takes: what goes wrong with cards. */
const CARD_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'debits-again': {
    what: 'a debit whose answer was lost counts as not done, and the card is debited again',
    found: /^(debit|value|stuck)/,
    planted: inTerminal(() => ({
      ports(ports) {
        const { workCard } = ports;
        if (workCard === undefined) return ports;
        return {
          ...ports,
          async workCard(reader, card, task) {
            const outcome = await workCard(reader, card, task);
            return outcome.is === 'gone' ? { ...outcome, sent: false } : outcome;
          },
        };
      },
    })),
  },
  'forgets-debit': {
    what: 'a debit is sent to the card before it is written down',
    found: /^(debit|value|stuck|lost|announced)/,
    planted: inTerminal(() => ({
      ports: (ports) => ({
        ...ports,
        journal: {
          append: (entries) =>
            ports.journal.append(entries.filter(({ kind }) => kind !== 'card_begun')),
        },
      }),
    })),
  },
  'takes-blocked': {
    what: 'the terminal reads the list of blocked cards as an empty one',
    found: /^blocked/,
    planted: inTerminal(() => ({
      read(token, terminal, key) {
        const read = readDownlink(token, terminal, key);
        if (!read.ok || read.downlink.kind !== 'hotlist') return read;
        const hotlist = { ...read.downlink.hotlist, entries: [] };
        return { ok: true, downlink: { ...read.downlink, hotlist } };
      },
    })),
  },
  'posts-replay': {
    what: 'the settlement posts a payment that is told again, or replayed, once more',
    found: /^value/,
    planted: inTables(({ settlement, ledger }, chance) => ({
      settlement: {
        ...settlement,
        transaction: (card, counter) =>
          chance.happens(0.3) ? undefined : settlement.transaction(card, counter),
        addTransaction(row) {
          const known = settlement.transaction(row.card, row.counter);
          if (known === undefined) settlement.addTransaction(row);
        },
      },
      ledger: {
        ...ledger,
        addTransfer: (row) =>
          ledger.addTransfer(row) ??
          ledger.addTransfer({ ...row, reference: `${row.reference}:${chance.next()}` }),
      },
    })),
  },
  'loads-twice': {
    what: 'a load whose answer was lost is sent to the card again without asking it',
    found: /^value/,
    planted: inTables(({ settlement }) => ({
      settlement: {
        ...settlement,
        putJob(row) {
          const again = row.kind !== 'pay' && row.state === 'unknown';
          settlement.putJob(again ? { ...row, state: 'asked' } : row);
        },
      },
    })),
  },
  'keeps-payment': {
    what: 'the settlement answers a payment that it did not post',
    found: /^(value|debit|stuck|lost|disagree)/,
    planted: {
      ...NOTHING_PLANTED,
      peer: (client, who) => (who === 'settlement' ? answerAlone(client) : client),
    },
  },
  'order-alone': {
    what: 'an order that a card paid is not sent once its payment is posted',
    found: /^(lost|debit|stuck)/,
    planted: inTerminal(() => ({
      ports(ports, sealed) {
        const over = new Set<string>();
        return {
          ...ports,
          journal: {
            async append(entries) {
              await ports.journal.append(entries);
              for (const entry of entries) {
                if (entry.kind === 'card_receipt') over.add(entry.receipt.order);
              }
            },
          },
          link: {
            publish(token) {
              const uplink = peek(token) as Uplink;
              if (uplink.kind === 'order' && over.has(uplink.order.number)) return;
              ports.link.publish(sealed(uplink));
            },
          },
        };
      },
    })),
  },
};

/** By the name that `--plant` takes: what goes wrong with a journal that drops what is over. */
const JOURNAL_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'half-replaced': {
    what: 'a journal is compacted in place, and not by a new file that takes its name',
    found: /^(journal|lost|stuck)/,
    planted: inTerminal(() => ({
      disk: (disk) => ({
        append: (bytes) => disk.append(bytes),
        read: () => disk.read(),
        sync: () => disk.sync(),
        truncate: (length) => disk.truncate(length),
        async replace(bytes) {
          await disk.truncate(0);
          await disk.append(bytes);
          await disk.sync();
        },
      }),
    })),
  },
};

/** What each `--plant` plants. */
export const PLANTED: Readonly<Record<string, PlantedFault>> = Object.fromEntries(
  Object.entries({ ...FAULTS, ...CARD_FAULTS, ...JOURNAL_FAULTS }).map(([name, fault]) => {
    const wanted = WANTED[name] ?? BUSY_HOUR;
    return [name, { ...fault, planted: { ...fault.planted, wanted } }];
  }),
);

function answerAlone(client: PeerClient): PeerClient {
  return {
    async call(request) {
      const told = request.body as { payment?: { order: string; card: string; counter: number } };
      if (request.path !== '/v1/settlement/card-messages' || told.payment === undefined) {
        return client.call(request);
      }
      const { order, card, counter } = told.payment;
      return { status: 200, body: { order, card, counter, said: 'posted' } };
    },
  };
}

/** Each commit is kept back until the next begins: a crash in between takes it away. */
function answerEarly(engine: Engine): Engine {
  // A life before this one may have left one behind: it is gone, as after a power cut.
  engine.abandon();
  let open = false;
  return {
    ...engine,
    begin() {
      if (open) engine.commit();
      open = false;
      engine.begin();
    },
    commit() {
      open = true;
    },
  };
}

function repeatAnew(client: PeerClient): PeerClient {
  let repeats = 0;
  return {
    async call(request) {
      try {
        return await client.call(request);
      } catch (error) {
        if (request.path !== '/v1/issuer/debits') throw error;
        repeats += 1;
        const id = `${request.id}-${repeats}`;
        return client.call({ ...request, id, body: { ...(request.body as object), id } });
      }
    },
  };
}

function neverDeclined(client: PeerClient): PeerClient {
  return {
    async call(request) {
      const answer = await client.call(request);
      const said = (answer.body as { readonly said?: string } | null)?.said;
      if (request.path !== '/v1/issuer/debits' || said !== 'declined') return answer;
      return { ...answer, body: { said: 'debited', payer: '', at: 0 } };
    },
  };
}
