/** Organisations in either constellation, a telephone agent, and payers who open links. */
import { randomBytes } from 'node:crypto';
import type { GatewayOptions } from '#gateway/gateway.ts';
import type { Seed } from '#gateway/seed.ts';
import { SmsProvider } from '#simulators/notify/sms.ts';
import { until } from '#test/until.ts';
import { openHook, PRODUCTS } from './centre-bench.ts';
import { type Constellation, type Kind, type Own, openConstellation } from './constellation.ts';
import { ALSO_RICH, type Answer, call, freshKey, POOR, RICH, SEED } from './harness.ts';
import type { BareBrowser, Seen } from './platform-stand.ts';
import { VOUCHER_SEED } from './voucher-stand.ts';

export const LIN = { name: 'Wang Lin', identity_number: '110101199003070011' };
export const MEI = { name: 'Chen Mei', identity_number: '310101198811220025' };
export const HUO = { name: 'Huo Jun', identity_number: '440101197705050039' };
export const PASSWORD = 'wide open window';
export const OTHER_PASSWORD = 'a second window';

const holders = new Map([
  [RICH.phone, LIN],
  [ALSO_RICH.phone, MEI],
  [POOR.phone, HUO],
]);

export const LINK_SEED: Seed = {
  ...SEED,
  vendors: [
    { id: 'lin', name: "Lin's Dumplings" },
    {
      ...{ id: 'shut', name: 'Shut Shop' },
      acquiring: { number: 'M-0002', state: 'suspended', currencies: [{ currency: 'CNY' }] },
    },
    {
      ...{ id: 'small', name: 'Small Shop' },
      acquiring: {
        ...{ number: 'M-0003', address: '3 Low Road' },
        currencies: [{ currency: 'CNY', least_minor: 500, most_minor: 1500 }],
      },
    },
  ],
  payers: SEED.payers.map((payer) => {
    const holder = holders.get(payer.phone);
    return holder === undefined ? payer : { ...payer, holder };
  }),
  products: [
    ...PRODUCTS.map((product) => ({ ...product, stock: 500 })),
    ...['shut', 'small'].flatMap((merchant) =>
      PRODUCTS.slice(0, 1).map((product) => ({ ...product, merchant, stock: 500 })),
    ),
  ],
  contracts: [
    { phone: RICH.phone, ...LIN, password: PASSWORD },
    { phone: ALSO_RICH.phone, ...MEI, password: OTHER_PASSWORD },
    { phone: POOR.phone, ...HUO, password: PASSWORD },
  ],
};

/** Chen has registered the phone of the orders, Zhao another; the others none. */
const PHONES: Readonly<Record<string, string>> = { chen: RICH.phone, zhao: ALSO_RICH.phone };

/** The same with parties of vouchers. */
export const VOUCHER_LINK_SEED: Seed = {
  ...LINK_SEED,
  parties: VOUCHER_SEED.parties.map((party) => {
    const phone = PHONES[party.id];
    return phone === undefined ? party : { ...party, phone };
  }),
};

export interface LinkStand {
  readonly all: Constellation;
  /** Places an order and opens nothing; the link is the one that was sent. */
  order(body?: object): Promise<{ readonly number: string; readonly link: string }>;
  place(body?: object): Promise<Answer>;
  look(number: string): Promise<Answer>;
  change(number: string, what: string): Promise<Answer>;
  state(number: string, wanted: string): Promise<Answer>;
  /** Gives back: `refunds` or `voids`. */
  back(number: string, what: 'refunds' | 'voids', body?: object, key?: string): Promise<Answer>;
  /** The same until it is done or refused. */
  done(number: string, what: 'refunds' | 'voids', body?: object, key?: string): Promise<Answer>;
  /** Messages about an order. */
  texts(number: string): string[];
  /** Types and data of what the desk was told of an order. */
  told(number: string): { type: string; data: Record<string, unknown> }[];
  close(): Promise<void>;
}

export async function openLinkStand(
  kind: Kind,
  options: Partial<GatewayOptions> = {},
  own: Own = {},
): Promise<LinkStand> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const phones = await SmsProvider.open({ secret });
  const hook = await openHook();
  const notify = { sms: { url: phones.url, secret }, desk: { url: hook.url, secret } };
  const all = await openConstellation(kind, { seed: LINK_SEED, notify, ...options }, own);
  const { agentToken: bearer } = all.centre;
  const orders = `${all.http}/v1/centre/orders`;
  const stand: LinkStand = {
    all,
    place: (body = {}) =>
      call(orders, {
        ...{ bearer, key: freshKey() },
        body: {
          ...{ merchant: 'lin', lines: [{ code: '2', quantity: 2 }], phone: RICH.phone },
          ...{ language: 'en', ...body },
        },
      }),
    async order(body) {
      const placed = await stand.place(body);
      const number = String(placed.body.number);
      const link = await until(`the link of ${JSON.stringify(placed.body)}`, () =>
        phones.sent.flatMap(({ text }) => (text.includes(number) ? linkIn(text) : [])).at(0),
      );
      return { number, link };
    },
    look: (number) => call(`${orders}/${number}`, { bearer }),
    change: (number, what) =>
      call(`${orders}/${number}/${what}`, { bearer, key: freshKey(), body: {} }),
    state: (number, wanted) =>
      until(`${wanted} of ${number}`, async () => {
        const seen = await stand.look(number);
        return seen.body.state === wanted && seen;
      }),
    back: (number, what, body = {}, key = freshKey()) =>
      call(`${orders}/${number}/${what}`, { bearer, key, body }),
    done: (number, what, body = {}, key = freshKey()) =>
      until(`${what} of ${number}`, async () => {
        const answer = await stand.back(number, what, body, key);
        return answer.status === 202 ? null : answer;
      }),
    texts: (number) => phones.sent.flatMap(({ text }) => (text.includes(number) ? [text] : [])),
    told: (number) =>
      hook.came.map(({ body }) => JSON.parse(body)).filter(({ data }) => data.order === number),
    async close() {
      await all.close();
      await phones.close();
      await hook.close();
    },
  };
  return stand;
}

const linkIn = (text: string): string[] => {
  const found = /https?:\/\/\S+\/pay\/[\w-]+/.exec(text);
  return found === null ? [] : [found[0]];
};

/** Opens a link and pays by password; the page that follows. */
export async function payByPassword(
  browser: BareBrowser,
  link: string,
  phone: string = RICH.phone,
  password: string = PASSWORD,
): Promise<Seen> {
  await browser.get(`${link}?method=password`);
  return sendPassword(browser, link, phone, password);
}

export async function sendPassword(
  browser: BareBrowser,
  link: string,
  phone: string,
  password: string,
): Promise<Seen> {
  const sent = await browser.post(`${link}/password?lang=en`, { phone, password });
  return sent.status === 303 ? browser.get(new URL(sent.location, link).href) : sent;
}

/** Types number and code behind a link; the page that follows. */
export async function sendVoucher(
  browser: BareBrowser,
  link: string,
  voucher: string,
  code: string,
): Promise<Seen> {
  const sent = await browser.post(`${link}/voucher?lang=en`, { voucher, code });
  return sent.status === 303 ? browser.get(new URL(sent.location, link).href) : sent;
}
