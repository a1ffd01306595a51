/** The stall's whole state as the interface tells it: what a person who stands there can see. */
import { currencySchema, formatMoney } from '#device/messages/money.ts';
import type { Stall } from './stall.ts';

export interface SpokenView {
  readonly id: number;
  /** First sample, ms since 1970. */
  readonly at: number;
  /** The words, as an ear recognised them in the samples. */
  readonly text: string;
}

/** What was heard at the sound card, oldest first. */
export function viewSpoken(stall: Stall): SpokenView[] {
  const heard = stall.organs.speaker?.heard() ?? [];
  return heard.map(({ started_at, text }, at) => ({
    id: at + 1,
    at: started_at,
    text: text ?? '(unknown sound)',
  }));
}

/** What came out of the printer, oldest first. */
export function viewPapers(stall: Stall): { id: number; text: string; cut: boolean }[] {
  const papers = stall.organs.printer?.papers() ?? [];
  const out = papers.map(({ text, cut }, at) => ({ id: at + 1, text, cut }));
  // The last one is still in the printer until it is cut.
  return out.filter(({ cut, id }) => cut || id < out.length);
}

/** What arrived on phones and in mailboxes. */
export function viewMessages(stall: Stall) {
  const carried = stall.telephone.arrived().map((each) => ({ channel: 'sms' as const, ...each }));
  return [...stall.post.arrived(), ...carried].map((each, at) => ({ id: at + 1, ...each }));
}

function viewLamp(stall: Stall): 'off' | 'red' | 'green' | 'amber' | null {
  const lamp = stall.organs.panel?.lamp();
  if (lamp === undefined) return null;
  if (lamp.red && lamp.green) return 'amber';
  return lamp.red ? 'red' : lamp.green ? 'green' : 'off';
}

interface PayerView {
  readonly phone: string;
  readonly pin: string;
  /** On the page behind a link; `null` where none was agreed. */
  readonly password: string | null;
  readonly label: string;
}

function viewPayers({ seed }: Stall): PayerView[] {
  return seed.payers.map(({ phone, pin, balances }) => {
    const held = balances.map(({ currency, amount_minor }) =>
      formatMoney({ currency: currencySchema.parse(currency), amount_minor }),
    );
    const contract = seed.contracts.find((each) => each.phone === phone);
    const password = contract?.password ?? null;
    return { phone, pin, password, label: `•••• ${phone.slice(-4)} (${held.join(', ')})` };
  });
}

/** One snapshot. `panel` and `lamp` are `null` where that organ is missing. */
export function viewStall(stall: Stall) {
  const { keypad, panel, hmi } = stall.organs;
  const text = hmi?.text() ?? '';
  return {
    terminal: stall.terminal.view,
    gateway: { ...stall.gateway.view, http: stall.gatewayUrl },
    organs: stall.rack.view(),
    keypads: [...(keypad === null ? [] : ['keypad']), ...(panel === null ? [] : ['pad'])],
    screen: { address: stall.screenAddress, ...stall.seen },
    panel: hmi === null ? null : { text, version: versionOf(`${text}${hmi.qr() ?? ''}`) },
    lamp: viewLamp(stall),
    spoken: viewSpoken(stall),
    papers: viewPapers(stall),
    messages: viewMessages(stall),
    phones: stall.street.view().map((each) => ({ ...each, paired: stall.paired.glass(each.name) })),
    payers: viewPayers(stall),
    accounts: stall.accounts,
    telephone: stall.telephone.view(),
    range_m: stall.wiring.organs.advertiser?.range_m ?? 0,
    language: stall.language,
  };
}

export type StallState = ReturnType<typeof viewStall>;

/** Changes when what is shown does: a picture of it is then fetched anew. */
function versionOf(text: string): number {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash;
}
