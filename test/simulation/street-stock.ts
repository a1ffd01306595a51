/** What every world begins with: vendors, terminals that may enrol, and payers with money. */
import type { Seed } from '#gateway/seed.ts';
import { BLOCKED, PAYERS, POOR } from './people.ts';
import type { Plan } from './plan.ts';

/** Some have little enough to run out of it. */
const BALANCES: Readonly<Record<string, number>> = {
  [POOR]: 3000,
  '+8613800000004': 30_000,
  '+8613800000005': 60_000,
};

/** What one of them may owe, where vouchers go round. */
const CREDIT_MINOR = 8000;

/** Who issues, pays for and redeems vouchers. */
export const PARTIES = ['shop', 'fund', 'chen', 'zhao', 'liu'] as const;

/** Whose account it is. */
export const holderOf = (phone: string): string => `Holder ${phone.slice(-4)}`;

/** The same for each gateway of a world. */
export function seedOf({ terminals, orderLifetimeS: lifetimeS, vouchers }: Plan): Seed {
  return {
    calling_code: '86',
    vendors: [
      { id: 'lin', name: "Lin's Dumplings" },
      { id: 'inn', name: 'Harbour Inn' },
    ],
    terminals: Array.from({ length: terminals }, (_, at) => ({
      id: `t-${String(at + 1).padStart(4, '0')}`,
      vendor: 'lin',
      enrolment_code: `CODE-t-${String(at + 1).padStart(4, '0')}`,
      place: { name: 'East Gate', latitude: 31.23, longitude: 121.47, radius_m: 30 },
      currency: 'CNY',
      language: at % 2 === 0 ? 'en' : 'zh-CN',
      order_lifetime_s: lifetimeS,
      catalogue: [],
    })),
    payers: PAYERS.map(({ phone, pin }) => ({
      phone,
      pin,
      ...(phone === BLOCKED ? { state: 'blocked' as const } : {}),
      ...(vouchers ? { holder: { name: holderOf(phone), identity_number: `ID-${phone}` } } : {}),
      balances: [
        {
          ...{ currency: 'CNY', amount_minor: BALANCES[phone] ?? 400_000 },
          ...(vouchers && phone === POOR ? { credit_minor: CREDIT_MINOR } : {}),
        },
      ],
    })),
    parties: vouchers
      ? PARTIES.map((id) => ({ id, name: `The ${id}`, token: `token-of-party-${id}` }))
      : [],
  };
}
