/** What is planted where telephone orders take stock and are paid by link. */
import type { PeerClient } from '#gateway/peers/client.ts';
import { PAYERS } from './people.ts';
import { inTables, NOTHING_PLANTED, type PlantedFault } from './plant-kit.ts';

/** By the name that `--plant` takes. */
export const TELEPHONE_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'keeps-stock': {
    what: 'stock of an order that nobody paid does not always come back',
    found: /^stock/,
    planted: inTables(({ products }, chance) => ({
      products: {
        ...products,
        move(row) {
          if (row.kind !== 'returned' || chance.happens(0.7)) products.move(row);
        },
      },
    })),
  },
  'links-elsewhere': {
    what: 'a link is made for another phone number than the order’s',
    found: /^owner/,
    planted: inTables(({ links }, chance) => ({
      links: { ...links, add: (row) => links.add({ ...row, phone: chance.pick(PAYERS).phone }) },
    })),
  },
  'ends-unasked': {
    what: 'an order is ended, or its money called undone, without asking the acquirer',
    found: /^(debit|value)/,
    planted: {
      ...NOTHING_PLANTED,
      peer: (client, who) => (who === 'acquirer' ? closesAlone(client) : client),
    },
  },
};

function closesAlone(client: PeerClient): PeerClient {
  return {
    async call(request) {
      const { order } = (request.body ?? {}) as { readonly order?: string };
      if (request.path === '/v1/acquirer/link-closings' && order !== undefined) {
        return { status: 200, body: { said: 'closed', at: 0 } };
      }
      if (request.path.includes('void')) return { status: 200, body: { said: 'voided', at: 0 } };
      return client.call(request);
    },
  };
}
