/** A terminal over real MQTT whose reader holds a simulated card: the device's own relay drives it. */
import { hex } from '#device/codecs/bytes.ts';
import { NO_RELAY, type RelayEvent, type RelayState, stepRelay } from '#device/flows/relay.ts';
import type { RelayPurpose } from '#device/messages/relay.ts';
import type { CardPresence } from '#device/ports/reader.ts';
import { runGroup } from '#device/relay-group.ts';
import type { Card } from '#simulators/card/card.ts';
import { Field, type Tear } from '#simulators/card/field.ts';
import { realClock } from '#simulators/clock.ts';
import { until } from '#test/until.ts';
import { mintNumber, type Terminal } from './harness.ts';

export class ReaderTerminal {
  readonly terminal: Terminal;
  readonly field = new Field({ lifted: () => this.#left() });
  state: RelayState = NO_RELAY;
  #card: CardPresence | null = null;
  #arrivals = 0;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
    terminal.client.on('message', () => this.#hear());
  }

  /** Puts a card there; with `tear` it is pulled away at that command. */
  put(card: Card, tear?: Tear): void {
    this.field.lift();
    this.field.put([card]);
    if (tear !== undefined) this.field.tear(tear);
    this.#arrivals += 1;
    this.#card = { number: this.#arrivals, uid: card.uid, historical: new Uint8Array(0) };
    this.#step({ is: 'card', reader: 'reader', card: this.#card, relay: mintNumber() });
  }

  /** The vendor asks what the gateway has for the card that lies here. */
  ask(purpose: RelayPurpose): void {
    if (this.#card === null) throw new Error('no card lies there');
    this.#step({ is: 'ask', reader: 'reader', card: this.#card, relay: mintNumber(), purpose });
  }

  lift(): void {
    this.field.lift();
  }

  invited(what: string): Promise<true> {
    return until(what, () => this.state.invite !== null || undefined).then(() => true as const);
  }

  /** Resolves with how the relay ended. */
  async ended(): Promise<string> {
    const end = await until('the end of the relay', () => this.state.end ?? undefined);
    return end.end.said;
  }

  /** The vendor presses Cancel. */
  decline(): void {
    this.#step({ is: 'decline' });
  }

  /** Nothing is shown any more. */
  leave(): void {
    this.#step({ is: 'leave' });
  }

  #heard = 0;

  #hear(): void {
    // The harness verified them, and put them there first.
    for (const downlink of this.terminal.heard.slice(this.#heard)) {
      this.#heard += 1;
      switch (downlink.kind) {
        case 'relay_invite':
          this.#step({ is: 'invite', invite: downlink.invite, saidAt: realClock.monotonic() });
          break;
        case 'relay_withdraw':
          this.#step({ is: 'withdraw', invite: downlink.withdraw.invite });
          break;
        case 'relay':
          this.#step({ is: 'group', group: downlink.group, taken: false });
          break;
        case 'relay_end':
          this.#step({ is: 'end', end: downlink.end });
          break;
        default:
      }
    }
  }

  #step(event: RelayEvent): void {
    const { state, effects } = stepRelay(this.state, event, realClock.monotonic());
    this.state = state;
    for (const effect of effects) {
      if (effect.do === 'publish') void this.terminal.say(effect.uplink).catch(() => undefined);
      else void this.#run(effect);
    }
  }

  async #run(effect: Extract<ReturnType<typeof stepRelay>['effects'][number], { do: 'relay' }>) {
    const { card, relay, step } = effect;
    const ran = await runGroup(effect.apdus, effect.timeoutMs, realClock, async (apdu) => {
      const there = this.#card === card ? this.field.card : null;
      const response = there === null ? null : await this.field.exchange(there, apdu);
      return response === null ? { ok: false, gone: 'card' } : { ok: true, response };
    });
    this.#step({ is: 'ran', relay, step, ran });
  }

  #left(): void {
    const card = this.#card;
    this.#card = null;
    if (card !== null) this.#step({ is: 'left', reader: 'reader', card: card.number });
  }

  get uid(): string {
    return this.#card === null ? '' : hex(this.#card.uid);
  }
}
