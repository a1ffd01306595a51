/** What is planted in terminals, in their journals and in what they say and hear. */
import { peek } from '#device/codecs/jws.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { downlinkSchema, type Uplink } from '#device/messages/order.ts';
import { inTerminal, overDisk, type PlantedFault } from './plant-kit.ts';

/** By the name that `--plant` takes. */
export const TERMINAL_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'early-ack': {
    what: 'the journal says "done" before the disk has synced',
    found: /^(journal|lost|stuck)/,
    planted: inTerminal(() => ({
      disk: (disk) => overDisk(disk, { sync: async () => undefined }),
    })),
  },
  'no-mend': {
    what: 'what a failed write left behind is not cut off',
    found: /^(journal|lost|stuck)/,
    planted: inTerminal(() => ({
      disk: (disk) => overDisk(disk, { truncate: async () => undefined }),
    })),
  },
  'speaks-again': {
    what: 'the speaker does not remember over a restart what it has said',
    found: /^announced: .* times/,
    planted: inTerminal(() => ({ forgetsMarks: true })),
  },
  'believes-anybody': {
    what: 'the terminal does not verify who signed',
    found: /^(announced|believed)/,
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
  'half-replaced': {
    what: 'a journal is compacted in place, and not by a new file that takes its name',
    found: /^(journal|lost|stuck)/,
    planted: inTerminal(() => ({
      disk: (disk) =>
        overDisk(disk, {
          async replace(bytes) {
            await disk.truncate(0);
            await disk.append(bytes);
            await disk.sync();
          },
        }),
    })),
  },
};
