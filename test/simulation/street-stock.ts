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
export const PARTIES: readonly string[] = ['shop', 'fund', 'chen', 'zhao', 'liu'];

/** The phone number whose orders a party's vouchers pay by link. */
export const phoneOfParty = (party: string): string => PAYERS[PARTIES.indexOf(party)]?.phone ?? '';

/** What is sold by telephone; so little of each that it runs out. */
export const PRODUCTS = [
  { code: '1', unit_minor: 1200 },
  { code: '2', unit_minor: 350 },
  { code: '3', unit_minor: 9900 },
] as const;
const STOCK = 30;

const identityOf = (phone: string): string => `ID-${phone}`;

/** Of a payer's contract with the acquirer. */
export const passwordOf = (phone: string): string => `password of ${phone}`;

/** Whose account it is. */
export const holderOf = (phone: string): string => `Holder ${phone.slice(-4)}`;

/** The same for each gateway of a world. */
export function seedOf({ terminals, orderLifetimeS: lifetimeS, vouchers, telephone }: Plan): Seed {
  const known = vouchers || telephone;
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
      ...(known ? { holder: { name: holderOf(phone), identity_number: identityOf(phone) } } : {}),
      balances: [
        {
          ...{ currency: 'CNY', amount_minor: BALANCES[phone] ?? 400_000 },
          ...(vouchers && phone === POOR ? { credit_minor: CREDIT_MINOR } : {}),
        },
      ],
    })),
    products: telephone
      ? PRODUCTS.map(({ code, unit_minor }) => ({
          ...{ merchant: 'lin', code, unit_minor, currency: 'CNY' as const, stock: STOCK },
          name: { en: `Dish ${code}`, zh: `菜${code}` },
          service: { en: 'brought', zh: '送货' },
        }))
      : [],
    contracts: telephone
      ? PAYERS.map(({ phone }) => ({
          ...{ phone, name: holderOf(phone), identity_number: identityOf(phone) },
          password: passwordOf(phone),
        }))
      : [],
    parties: vouchers
      ? PARTIES.map((id) => ({ id, name: `The ${id}`, token: `token-of-party-${id}` }))
      : [],
  };
}
