/**
 * Customers whose phone is paired with a terminal, as an actor of a world: they log in, type its number,
 * say yes or no to what they are asked, pay at the platform's page, late or with a wrong password, try
 * again, and leave with or without a word.
 */
import type { Core } from '#gateway/core.ts';
import type { PairingView } from '#gateway/pairing/view.ts';
import type { PairingSessionRow } from '#gateway/store/tables-pairing.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { Actor, Scene } from './actors.ts';
import { PAYERS, type Payer, reach, type Street } from './people.ts';
import { PLATFORM, PlatformHouse } from './platform-house.ts';
import type { TerminalMachine } from './terminal-machine.ts';

const LOOKS = 25;
/** Of orders that somebody with a phone to pair comes to. */
const SHARE = 0.4;
const OUTAGE_EVERY_MS = 20 * 60_000;
const LONGEST_OUTAGE_MS = 4 * 60_000;

/** They come where the plan has a platform; `null` elsewhere. */
export function pairedPhones(scene: Scene): Actor | null {
  const { platform } = scene.houses;
  return platform === null ? null : new PairedPhones(scene, platform);
}

/** One customer with a phone. */
interface Visit {
  readonly payer: Payer;
  readonly token: string;
  readonly chance: SeededChance;
  /** Names the tries: the same again while no answer comes. */
  key: string;
  told: string | null;
}

class PairedPhones implements Actor {
  readonly #street: Street;
  readonly #chance: SeededChance;
  readonly #platform: PlatformHouse;
  readonly #terminals: readonly TerminalMachine[];

  constructor({ street, terminals }: Scene, platform: PlatformHouse) {
    this.#street = street;
    this.#chance = street.chance.stream('paired phones');
    this.#platform = platform;
    this.#terminals = terminals;
  }

  begin(): void {
    for (const terminal of this.#terminals) void this.#keepComing(terminal);
    void this.#keepFailing();
  }

  /** Most pair as they want to pay. */
  offered(terminal: TerminalMachine, order: string): void {
    const chance = this.#chance.stream(`customer of ${order}`);
    if (chance.happens(SHARE)) void this.#visit(terminal, chance);
  }

  heal(): void {
    this.#platform.away = false;
  }

  unfinished(): readonly string[] {
    return this.#street.auditor.platform.open();
  }

  judge(): void {
    this.#street.auditor.platform.judge(this.#street.centre.tables);
  }

  /** The platform is away for minutes. */
  async #keepFailing(): Promise<void> {
    const chance = this.#chance.stream('outages');
    for (;;) {
      await this.#wait(chance.waitMs(OUTAGE_EVERY_MS));
      if (!this.#street.isOpen()) return;
      this.#platform.away = true;
      this.#street.trace.say('platform', 'is away');
      await this.#wait(chance.between(1000, LONGEST_OUTAGE_MS));
      this.#platform.away = false;
    }
  }

  async #keepComing(terminal: TerminalMachine): Promise<void> {
    const chance = this.#chance.stream(terminal.id);
    for (let at = 1; ; at += 1) {
      await this.#wait(chance.waitMs(this.#street.saleEveryMs * 3));
      if (!this.#street.isOpen()) return;
      void this.#visit(terminal, chance.stream(`visit ${at}`));
    }
  }

  async #visit(terminal: TerminalMachine, chance: SeededChance): Promise<void> {
    const payer = chance.pick(PAYERS);
    const token = await this.#logIn(payer, chance);
    if (token === null) return;
    const visit: Visit = { payer, token, chance, key: `${chance.next()}`, told: null };
    const number = this.#street.centre.tables.pairings.numberOf(terminal.id);
    if (number === undefined) return;
    for (let tries = 0; tries < 4; tries += 1) {
      const paired = await this.#as(visit, (core, session) => core.pairing.pair(session, number));
      if (paired?.ok === true) {
        this.#street.trace.say(payer.phone, `is paired with ${terminal.id}`);
        await this.#stay(visit);
        return;
      }
      await this.#wait(chance.waitMs(10_000));
    }
  }

  async #logIn({ phone, pin }: Payer, chance: SeededChance): Promise<string | null> {
    for (let tries = 0; tries < 3; tries += 1) {
      const typed = chance.happens(0.05) ? '000000' : pin;
      const reached = await reach(this.#street, (core) => core.pairing.logIn(phone, typed));
      if (reached !== 'no answer' && reached.said.token !== null) return reached.said.token;
      await this.#wait(chance.waitMs(5000));
    }
    return null;
  }

  /** One call with the session; `null` where there was no answer, or it has ended. */
  async #as<A>(
    { token }: Visit,
    call: (core: Core, session: PairingSessionRow) => Promise<A>,
  ): Promise<A | null> {
    const reached = await reach(this.#street, async (core) => {
      const read = core.pairing.session(token);
      return read.ok ? call(core, read.session) : null;
    });
    return reached === 'no answer' ? null : reached.said;
  }

  /** Looks at what it is shown, until it has enough. */
  async #stay(visit: Visit): Promise<void> {
    const { chance, payer } = visit;
    for (let looks = 0; looks < LOOKS && this.#street.isOpen(); looks += 1) {
      await this.#wait(chance.waitMs(6000));
      const view = await this.#as(visit, async (core, session) => core.pairing.view(session));
      if (view === null) continue;
      const goesOn = await this.#act(visit, view);
      if (goesOn) continue;
      if (chance.happens(0.5)) {
        this.#street.trace.say(payer.phone, 'leaves');
        await this.#as(visit, (core, session) => core.pairing.leave(session));
      }
      return;
    }
  }

  /** Whether it stays after that. */
  async #act(visit: Visit, { step, order, attempt }: PairingView): Promise<boolean> {
    const { chance, payer } = visit;
    switch (step) {
      case 'pair':
        return false;
      case 'wait':
      case 'asking':
      case 'ended':
        return !chance.happens(0.03);
      case 'confirm':
        if (order !== undefined && !chance.happens(0.1)) await this.#answer(visit, order.number);
        return true;
      case 'pay':
        if (order === undefined || attempt?.page_url === undefined) return true;
        await this.#pay(visit, attempt.page_url, order.amount_minor);
        return !chance.happens(0.05);
      case 'paid':
        if (order?.payment === undefined || visit.told === order.number) return true;
        visit.told = order.number;
        this.#street.auditor.orders.told(payer.phone, order.number, order.payment);
        return chance.happens(0.5);
    }
  }

  async #answer(visit: Visit, order: string): Promise<void> {
    const { chance, payer } = visit;
    const answer = chance.happens(0.1) ? ('no' as const) : ('yes' as const);
    const key = `${visit.key} ${order}`;
    this.#street.trace.say(payer.phone, `says ${answer} to ${order}`);
    const begun = await this.#as(visit, (core, session) =>
      core.pairing.answer(session, { order, answer, key }),
    );
    // Where there was an answer the next try is another one; without, it is the same, mostly.
    if (begun !== null || chance.happens(0.2)) visit.key = `${chance.next()}`;
  }

  async #pay({ payer, chance }: Visit, pageUrl: string, amount: number): Promise<void> {
    const { trace, centre, weather } = this.#street;
    const id = PlatformHouse.attemptOn(pageUrl);
    const late = chance.happens(0.15);
    await this.#wait(late ? chance.between(20_000, 180_000) : chance.waitMs(6000));
    if (chance.happens(0.05)) {
      trace.say(payer.phone, `makes up that ${id} is paid`);
      const forged = this.#platform.forgedReturn(id, amount);
      await reach(this.#street, (core) => core.pairing.take(PLATFORM, forged), centre);
      return;
    }
    const right = !chance.happens(0.15);
    const became = await new Promise<string>((resolve) => {
      this.#street.time.after(10_000, () => resolve('no answer'));
      weather.carry(() => {
        const said = this.#platform.payOnPage(id, payer.phone, right);
        weather.carry(() => resolve(said));
      });
    });
    trace.say(payer.phone, `is told ${became} at the page of ${id}`);
    if (became !== 'paid' && became !== 'failed') return;
    if (chance.happens(0.6)) {
      const brought = this.#platform.returnOf(id);
      await reach(this.#street, (core) => core.pairing.take(PLATFORM, brought), centre);
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#street.time.after(ms, resolve));
  }
}
