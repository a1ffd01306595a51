/** What is planted where cards are debited, loaded and settled. */
import { peek } from '#device/codecs/jws.ts';
import type { Uplink } from '#device/messages/order.ts';
import { readDownlink } from '#device/messages/signed.ts';
import type { PeerClient } from '#gateway/peers/client.ts';
import { inTables, inTerminal, NOTHING_PLANTED, type PlantedFault } from './plant-kit.ts';

/** By the name that `--plant` takes. */
export const CARD_FAULTS: Readonly<Record<string, PlantedFault>> = {
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
