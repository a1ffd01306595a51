/** A gateway, the telephone terminal on a simulated modem, callers, and a Chromium for who pays. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { freePort } from '#simulators/free-port.ts';
import type { Phone } from '#simulators/modem/phone.ts';
import { type CallerVoice, speakAs, VOICES } from '#simulators/modem/voices.ts';
import { launchChromium } from '#test/browser/phones.ts';
import { type Constellation, openConstellation } from '#test/gateway/constellation.ts';
import { call } from '#test/gateway/harness.ts';
import { LINK_SEED, PASSWORD } from '#test/gateway/link-stand.ts';
import { openTelephone, type TelephoneStand } from '#test/telephone/stand.ts';
import { until } from '#test/until.ts';

export interface SaleStand {
  readonly all: Constellation;
  readonly telephone: TelephoneStand;
  readonly browser: Browser;
  /** Of the agents' page. */
  readonly desk: string;
  agentToken(name: string): Promise<string>;
  caller(number: string, voice?: CallerVoice): Caller;
  /** Opens the link on a phone-sized page, verifies the payer and pays. */
  pay(link: string, phone: string): Promise<Page>;
  close(): Promise<void>;
}

export async function openSaleStand(sound: string | null = null): Promise<SaleStand> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const port = await freePort();
  const notify = { sms: { url: `http://127.0.0.1:${port}/messages`, secret } };
  const all = await openConstellation('together', { seed: LINK_SEED, notify });
  const agentToken = async (agent: string): Promise<string> => {
    const bearer = all.centre.operatorToken;
    const made = await call(`${all.http}/v1/centre/agents`, { body: { agent }, bearer });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return String(made.body.token);
  };
  const env = { HAWKER_SMS_SECRET: secret, HAWKER_AGENT_TOKEN: await agentToken('assistant') };
  const telephone = await openTelephone({ env });
  await telephone.start([
    ...['--sms', `127.0.0.1:${port}`, '--gateway', all.http, '--sell', 'lin'],
    ...['--desk', '127.0.0.1:0', '--transcript'],
  ]);
  const ready = telephone.said.find(({ event }) => event === 'ready');
  const media = [
    ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    ...['--autoplay-policy=no-user-gesture-required'],
    ...(sound === null ? [] : [`--use-file-for-fake-audio-capture=${sound}`]),
  ];
  const browser = await launchChromium(...media);
  return {
    ...{ all, telephone, browser, agentToken, desk: String(ready?.desk) },
    caller: (number, voice) => new Caller(telephone, telephone.network.phone(number), voice),
    async pay(link, phone) {
      const context = await browser.newContext({
        viewport: { width: 360, height: 640 },
        locale: 'en',
      });
      const page = await context.newPage();
      await page.goto(`${link}?method=password`);
      await page.locator('#phone').fill(phone);
      await page.locator('#password').fill(PASSWORD);
      await page.locator('.pay').click();
      await page.getByRole('heading', { name: 'Paid', exact: true }).waitFor();
      return page;
    },
    async close() {
      await browser.close();
      await telephone.close();
      await all.close();
    },
  };
}

/** Somebody on a telephone, whose voice is synthesised. */
export class Caller {
  readonly phone: Phone;
  readonly #stand: TelephoneStand;
  readonly #voice: CallerVoice | undefined;

  constructor(stand: TelephoneStand, phone: Phone, voice = VOICES.rms) {
    this.#stand = stand;
    this.phone = phone;
    this.#voice = voice;
  }

  /** Dials, hears the notice of the recording, and chooses; the call's identifier. */
  async dial(choice: '1' | '2'): Promise<string> {
    const earlier = this.#stand.said.length;
    this.phone.dial();
    await until('the answer', () => this.phone.call === 'talking');
    let pressed = 0;
    const taken = await until(
      'the connection',
      () => {
        if (performance.now() - pressed > 300) {
          this.phone.press(choice);
          pressed = performance.now();
        }
        return this.#stand.said.slice(earlier).find(({ state }) => state === 'connected');
      },
      15_000,
    );
    return String(taken.id);
  }

  /** Says it, and waits for a reply that has this in it. */
  async say(text: string, reply: RegExp): Promise<string> {
    assert.ok(this.#voice);
    const samples = await speakAs(this.#voice, text);
    const earlier = this.#stand.said.length;
    // Nobody falls silent in the middle of a sample.
    await this.phone.speak(Int16Array.from([...samples, ...new Int16Array(800)]));
    return this.hears(reply, earlier);
  }

  async press(keys: string, reply: RegExp): Promise<string> {
    const earlier = this.#stand.said.length;
    this.phone.press(keys);
    return this.hears(reply, earlier);
  }

  /** Waits for words of the assistant that came after the event of that number. */
  async hears(reply: RegExp, after = 0): Promise<string> {
    const words = (): string[] =>
      this.#stand.said
        .slice(after)
        .flatMap(({ event, who, text }) =>
          event === 'said' && who === 'assistant' ? [String(text)] : [],
        );
    try {
      return await until(String(reply), () => words().find((text) => reply.test(text)), 10_000);
    } catch {
      throw new Error(
        `waited for ${reply}; it said ${JSON.stringify(this.#stand.said.slice(after))}`,
      );
    }
  }
}
