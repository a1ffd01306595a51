/** Sales through the stall's interface, each step timed by what can be seen from outside. */
import { KioskBrowser } from '#simulators/kiosk/browser.ts';
import type { PhoneView } from '#simulators/stall/street.ts';
import { until } from '#test/until.ts';
import type { BenchStall } from './stand.ts';

/** Milliseconds of one sale; `null` where an organ is missing. */
export interface SaleTimes {
  /** A digit's report on the wire → the digit in the kiosk's event. */
  readonly digit: number;
  /** Enter's report on the wire → the QR in the kiosk's event. */
  readonly qr: number;
  /** Order leaves the terminal → its signed receipt arrives, both at the network's cable. */
  readonly receipt: number;
  /** Enter → a phone at one metre heard the order's broadcast. */
  readonly heard: number | null;
  /** The controller sends the order for the first time → the phone heard it. */
  readonly air: number | null;
  /** Time in the record that the gateway commits → first sample at the sound card. */
  readonly sampleAfterRecord: number | null;
  /** The payer's phone has its answer, after the commit → first sample. */
  readonly sampleAfterAnswer: number | null;
}

/** The amount so far is the big text, and ends with what was keyed last. */
const keyedIn =
  (digit: string) =>
  (html: string): boolean =>
    html.includes(`${digit}</span></p>`);
const hasQr = (html: string): boolean => html.includes('aria-label="QR"');

/** One sale of `yuan`, 1 to 9, from the first key to the end of what is spoken. */
export async function sell(stall: BenchStall, yuan: number): Promise<SaleTimes> {
  const { client } = stall;
  const mark = client.wires.length;
  const keyed = await stall.press(String(yuan));
  const digit = (await stall.screen('the digit', keyedIn(String(yuan)))) - keyed;

  const entered = await stall.press('enter');
  const qr = (await stall.screen('the QR', hasQr)) - entered;
  const sent = await stall.event('the order', mark, ({ text }) => /PUBLISH.*: order /.test(text));
  const got = await stall.event('the receipt', mark, ({ text }) => /: receipt: /.test(text));
  const air = await hear(stall, mark);

  const { paid, answered } = await pay(stall, mark);
  const sample = await hearSentence(stall, mark);
  return {
    digit,
    qr,
    receipt: got.at - sent.at,
    heard: air === null ? null : air.heard - entered,
    air: air === null ? null : air.heard - air.sent,
    sampleAfterRecord: sample === null ? null : sample - paid,
    sampleAfterAnswer: sample === null ? null : sample - answered,
  };
}

async function hear(
  stall: BenchStall,
  mark: number,
): Promise<{ sent: number; heard: number } | null> {
  if (stall.client.state.phones[0]?.radio !== 'working') return null;
  const sent = await stall.event(
    'the broadcast',
    mark,
    ({ wire, text }) => wire === 'air' && text.startsWith('terminal advertises'),
  );
  const heard = await stall.event(
    'a phone that hears it',
    mark,
    ({ wire, at }) => wire === 'phone.Alice' && at >= sent.at,
  );
  return { sent: sent.at, heard: heard.at };
}

/** The phone scans the customer's panel and pays; times of the record and of the phone's answer. */
async function pay(stall: BenchStall, mark: number): Promise<{ paid: number; answered: number }> {
  const { client } = stall;
  const read = () => client.call<{ qr: string | null }>('GET', 'panel');
  const text = await until('a QR on the panel', async () => (await read()).qr);
  const seen = { by: 'text', text };
  const opened = await client.call<PhoneView>('POST', 'phones/Alice/open', seen);
  if (opened.opened === null) throw new Error(`not matched: ${opened.refusal?.detail}`);
  // The seed's fullest account: it lasts for two thousand sales.
  const payer = client.state.payers[2];
  if (payer === undefined) throw new Error('the seed has no third payer');
  const { phone, pin } = payer;
  const view = await client.call<PhoneView>('POST', 'phones/Alice/pay', { phone, pin });
  const order = view.opened?.order;
  if (order?.state !== 'paid') throw new Error(`not paid: ${view.refusal?.detail ?? order?.state}`);
  const told = await stall.event(
    'the phone’s answer',
    mark,
    ({ wire, text }) => wire === 'phones' && text.endsWith(': paid'),
  );
  return { paid: Number(order.ended_at), answered: told.at };
}

/** When its first sample arrived; resolves when the sentence was heard to its end. */
async function hearSentence(stall: BenchStall, mark: number): Promise<number | null> {
  if (!stall.works('speaker')) return null;
  const isSpeaker = ({ wire }: { wire: string }): boolean => wire === 'speaker';
  const first = await stall.event('the first sample', mark, isSpeaker);
  await stall.event(
    'the end of the sentence',
    mark,
    (event) => isSpeaker(event) && event.text.startsWith('“'),
  );
  return first.at;
}

/** Calls the order off; resolves when the terminal has said so, and takes keys again. */
async function cancel(stall: BenchStall): Promise<void> {
  const mark = stall.client.wires.length;
  await stall.press('cancel');
  await stall.screen('the end of the order', (html) => html.includes('class="plain'));
  await hearSentence(stall, mark);
}

/** Resolves, in the page, in the frame after the one that first has a QR. */
const PAINTED = `new Promise((resolve) => {
  const look = () => {
    const there = document.querySelector('[aria-label="QR"]') !== null;
    requestAnimationFrame(there ? () => resolve(performance.timeOrigin + performance.now()) : look);
  };
  look();
})`;

/** Orders that are cancelled, on a screen that a browser paints: Enter → painted, in ms. */
export async function paint(stall: BenchStall, url: string, count: number): Promise<number[]> {
  const browser = await KioskBrowser.open({ url, width: 800, height: 480 });
  const times: number[] = [];
  try {
    for (let at = 0; at < count; at += 1) {
      await stall.press('5');
      await stall.screen('the digit', keyedIn('5'));
      const painted = browser.page.evaluate<number>(PAINTED);
      const entered = await stall.press('enter');
      times.push((await painted) - entered);
      await cancel(stall);
    }
  } finally {
    await browser.close();
  }
  return times;
}
