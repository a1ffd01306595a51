/** What is planted where paired phones pay through a platform. */
import type { PaymentPlatform } from '#gateway/pairing/platforms/platform.ts';
import { inTables, NOTHING_PLANTED, type Planted, type PlantedFault } from './plant-kit.ts';

const atPlatform = (change: (platform: PaymentPlatform) => Partial<PaymentPlatform>): Planted => ({
  ...NOTHING_PLANTED,
  platform: (platform) => ({ ...platform, ...change(platform) }),
});

/** By the name that `--plant` takes. */
export const PAIRING_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'keeps-late': {
    what: 'money that came too late for its order is not given back',
    found: /^(stuck|debit|lost)/,
    planted: inTables(({ pairings }) => ({
      pairings: {
        ...pairings,
        putAttempt(row) {
          const late = row.state === 'refund_due';
          pairings.putAttempt(late ? { ...row, state: 'failed', next_at: null } : row);
        },
      },
    })),
  },
  'permits-anew': {
    what: 'a question for permission that had no answer is asked again under another id',
    found: /^debit/,
    planted: atPlatform((platform) => ({
      requestPermission: (wish) =>
        platform
          .requestPermission(wish)
          .catch(() => platform.requestPermission({ ...wish, id: `${wish.id}-again` })),
    })),
  },
  'refunds-anew': {
    what: 'a platform’s refund that had no answer is asked for again under another id',
    found: /^(debit|value)/,
    planted: atPlatform((platform) => ({
      refund: (wish) =>
        platform.refund(wish).catch(() => platform.refund({ ...wish, id: `${wish.id}-again` })),
    })),
  },
  'believes-payer': {
    what: 'what a payer brings back from the platform’s page is not verified',
    found: /^announced/,
    planted: atPlatform((platform) => ({
      async verifyResult(message) {
        const result = await platform.verifyResult(message);
        return result ?? JSON.parse(message.body).result;
      },
    })),
  },
  'never-looks': {
    what: 'a platform whose webhook was lost is not asked what became of an attempt',
    found: /^stuck/,
    planted: inTables(({ pairings }) => ({
      pairings: { ...pairings, dueAttempts: () => [], nextDue: () => undefined },
    })),
  },
  'never-withdraws': {
    what: 'an attempt that nobody wants any more is called ended without telling the platform',
    found: /^(debit|announced|value)/,
    planted: atPlatform(() => ({
      withdraw: async () => ({ state: 'failed', reason: 'withdrawn' }),
    })),
  },
};
