/** A stall for a test file: the program as `npm start` runs it, on free ports, in its own directory. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { StallClient } from '#simulators/stall/client.ts';
import type { PhoneView } from '#simulators/stall/street.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'simulators', 'stall', 'main.ts');

/** What a phone's call answers: its view, and whether the gateway agreed. */
export type PhoneAnswer = PhoneView & { readonly ok: boolean; readonly outcome?: string };

interface TrialBalance {
  readonly balanced: boolean;
  readonly complaints: readonly string[];
  readonly currencies: readonly {
    readonly accounts: readonly { readonly account: string; readonly balance_minor: number }[];
  }[];
}

/** Resolves with the stall's address when it says it; rejects where it ends instead. */
async function addressOf(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(() => {
    throw new Error('the stall did not open; its reason is above');
  });
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  return (JSON.parse(line) as { stall: string }).stall;
}

/** The browser has painted the screen, and every phone's radio listens. */
function isWhole({ state }: StallClient): boolean {
  const screen = state.organs.some(({ wire }) => wire === 'screen');
  const radios = state.phones.every(({ radio }) => radio === 'working');
  return screen && radios && state.screen.text !== '';
}

export class TestStall {
  readonly client: StallClient;
  /** What the stall and its programs logged. */
  readonly said: readonly string[];
  readonly #child: ChildProcess;
  readonly #directory: string;
  /** What had happened when the story that is told began. */
  #before = { spoken: 0, papers: 0, wires: 0, vendor: 0 };

  private constructor(
    client: StallClient,
    child: ChildProcess,
    directory: string,
    said: readonly string[],
  ) {
    this.said = said;
    this.client = client;
    this.#child = child;
    this.#directory = directory;
  }

  /** Opens a stall with every organ; resolves when its screen can be read. */
  static async open(phones: string, ...more: string[]): Promise<TestStall> {
    const stall = await TestStall.openAnyhow(phones, more);
    const missing = stall.client.state.organs.filter(({ state }) => state === 'missing');
    assert.deepEqual(missing, [], 'every organ can be had: npm start installs what it takes');
    return stall;
  }

  /** The same where organs may be missing. `phones` as `Alice:1,Bob:3`. */
  static async openAnyhow(
    phones: string,
    more: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
    directory: string = mkdtempSync(join(tmpdir(), 'hawker-stall-')),
  ): Promise<TestStall> {
    const ports = ['--port', '0', '--gateway-port', '0', '--mqtt-port', '0'];
    const args = [MAIN, '--headless', '--data', directory, '--phones', phones, ...ports, ...more];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      process.stderr.write(`${line}\n`);
    });
    const stall = await addressOf(child);
    const client = await StallClient.join(stall);
    try {
      await client.until('the screen and the phones', () => isWhole(client), 60_000);
    } catch (error) {
      client.close();
      child.kill('SIGTERM');
      throw error;
    }
    return new TestStall(client, child, directory, said);
  }

  /** Begins another story: nothing is offered, and what was said, printed and earned is past. */
  async begin(): Promise<void> {
    const { state, wires } = this.client;
    if (state.screen.qr !== null) {
      const mark = wires.length;
      await this.key('\u001b', /Cancelled/);
      const closed = /result: .* cancelled/;
      await this.client.until('the close at the gateway', () =>
        wires.slice(mark).some(({ text }) => closed.test(text)),
      );
    }
    const quiet = () => this.client.state.phones.every(({ heard }) => heard.length === 0);
    await this.client.until('nothing in the air', quiet);
    const vendor = (await this.trialBalance()).vendor_minor;
    const { spoken, papers } = this.client.state;
    this.#before = { spoken: spoken.length, papers: papers.length, wires: wires.length, vendor };
  }

  /** What came out of the printer since the story began. */
  get papers() {
    return this.client.state.papers.slice(this.#before.papers);
  }

  /** What was on the wires since the story began. */
  get wires() {
    return this.client.wires.slice(this.#before.wires);
  }

  /** What the vendor has earned since the story began; the books balance. */
  async earned(): Promise<number> {
    const { complaints, vendor_minor } = await this.trialBalance();
    assert.deepEqual(complaints, []);
    return vendor_minor - this.#before.vendor;
  }

  async close(): Promise<void> {
    this.client.close();
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get directory(): string {
    return this.#directory;
  }

  /** Kills the stall itself, −9: nothing is tidied up, its directory stays. */
  async abandon(): Promise<void> {
    this.client.close();
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  get screen(): string {
    return this.client.state.screen.text;
  }

  /** The two digits that the screen shows beside the QR. */
  get digits(): string {
    const digits = /Code\s*(\d\d)/.exec(this.screen)?.[1];
    assert.ok(digits, `two digits on the screen: ${this.screen}`);
    return digits;
  }

  /** Presses the keys of a text and waits for `shown` on the screen. */
  async key(text: string, shown?: RegExp): Promise<void> {
    await this.client.call('POST', 'keys', { text, per_second: 50 });
    if (shown !== undefined) await this.waitForScreen(shown);
  }

  async waitForScreen(shown: RegExp): Promise<void> {
    await this.client.until(`${shown} on the screen`, () => shown.test(this.screen));
  }

  /** Keys an amount and Enter; resolves with the text of the QR that the screen then shows. */
  async offer(amount: string): Promise<string> {
    const before = this.client.state.screen.qr;
    await this.key(`${amount}\n`);
    return this.client.until('a QR', () => {
      const { qr, text } = this.client.state.screen;
      return qr !== before && text.includes(amount) ? qr : null;
    });
  }

  phone(name: string): PhoneView {
    const phone = this.client.state.phones.find((each) => each.name === name);
    assert.ok(phone, `there is no phone ${name}`);
    return phone;
  }

  scan(name: string, body: object = {}): Promise<PhoneAnswer> {
    return this.client.call('POST', `phones/${name}/scan`, body);
  }

  open(name: string, body: object): Promise<PhoneAnswer> {
    return this.client.call('POST', `phones/${name}/open`, body);
  }

  /** Pays with the seed's payer `at`. */
  pay(name: string, at = 0): Promise<PhoneAnswer> {
    const payer = this.client.state.payers[at];
    assert.ok(payer);
    const { phone, pin } = payer;
    return this.client.call('POST', `phones/${name}/pay`, { phone, pin });
  }

  /** Resolves when so many sentences were spoken since the story began, with their texts. */
  async spoken(count: number): Promise<string[]> {
    const spoken = () => this.client.state.spoken.slice(this.#before.spoken);
    await this.client.until(`${count} sentences`, () => spoken().length >= count);
    return spoken().map(({ text }) => text);
  }

  async fault(wire: string, fault: object): Promise<void> {
    await this.client.call('POST', `wires/${wire}/faults`, fault);
  }

  /** Gives money of an order back, as its operator. */
  async refund(order: string, amount_minor: number): Promise<void> {
    const token = readFileSync(join(this.#directory, 'gateway', 'operator.token'), 'utf8').trim();
    const { gateway } = this.client.state;
    const response = await fetch(`${gateway.http}/v1/orders/${order}/refunds`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': `refund-${order}-${amount_minor}`,
      },
      body: JSON.stringify({ amount_minor }),
    });
    if (!response.ok) throw new Error(`refund: ${await response.text()}`);
  }

  /** The settlement's own count of its cards, read by its operator. */
  async reconciliation(): Promise<{ readonly clean: boolean }> {
    const token = readFileSync(join(this.#directory, 'gateway', 'operator.token'), 'utf8').trim();
    const { http } = this.client.state.gateway;
    const response = await fetch(`${http}/v1/settlement/reconciliation`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(response.status, 200);
    return (await response.json()) as { clean: boolean };
  }

  /** The gateway's own proof of its books, read by its operator. */
  async trialBalance(): Promise<{ vendor_minor: number } & TrialBalance> {
    const token = readFileSync(join(this.#directory, 'gateway', 'operator.token'), 'utf8').trim();
    const { http } = this.client.state.gateway;
    const response = await fetch(`${http}/v1/ledger/trial-balance`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(response.status, 200);
    const balance = (await response.json()) as TrialBalance;
    const accounts = balance.currencies.flatMap((currency) => currency.accounts);
    const vendor = accounts.find(({ account }) => account.startsWith('acquirer:merchant:'));
    return { ...balance, vendor_minor: vendor?.balance_minor ?? 0 };
  }
}
