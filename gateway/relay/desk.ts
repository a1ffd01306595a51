/**
 * Cards at terminals, driven from here. An invitation asks for a card at one terminal; a card that
 * comes, invited or not, is given to the work that waits for it. Nothing is kept: after a restart
 * both sides begin anew, and the card tells what it did.
 */

import { base64url, hex } from '#device/codecs/bytes.ts';
import type { Currency } from '#device/messages/money.ts';
import type {
  RelayAnswer,
  RelayEnd,
  RelayInvite,
  RelayPurpose,
  RelayWanted,
} from '#device/messages/relay.ts';
import type { Chance, Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { News } from '../notify/downlinks.ts';
import type { RelayOutcome, RelayWork } from './relayed-card.ts';
import { RelaySession } from './session.ts';

export interface RelayDeskParts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly downlinks: {
    tell(terminal: string, news: News): boolean;
    onArrival(listener: (terminal: string) => void): () => void;
  };
}

export type InvitationEnd = 'expired' | 'replaced' | 'declined';

export interface Invited {
  readonly terminal: string;
  readonly purpose: RelayPurpose;
  readonly amount_minor?: number;
  readonly currency: Currency;
  /** Who asks, such as a shop's name. */
  readonly label?: string;
  /** No card yet: the terminal shows this order's digits. */
  readonly digitsOf?: string;
  readonly lifetimeMs: number;
  /** Commands that every card of the house takes; the work's first group, if it wants no time lost. */
  readonly opening: readonly Uint8Array[];
  /** Done for each card that comes while the invitation stands; what it calls done ends that. */
  readonly work: RelayWork;
  /** Told once: its time is over, another one took its terminal, or the vendor sent it away. */
  readonly over: (why: InvitationEnd) => void;
}

export interface Invitation {
  readonly id: string;
  /** Whether the terminal was there to hear it; it hears it again whenever it comes. */
  readonly heard: boolean;
  withdraw(): void;
}

interface Standing {
  readonly invited: Invited;
  readonly until: number;
  readonly cancel: () => void;
}

const REMEMBERED = 200;

export class RelayDesk {
  readonly #parts: RelayDeskParts;
  /** By invitation; a terminal has at most one. */
  readonly #standing = new Map<string, Standing>();
  /** By terminal: the relay under way. */
  readonly #sessions = new Map<string, RelaySession>();
  /** The last relays that are over: a broker may bring their first message once more. */
  #finished: readonly string[] = [];
  readonly #unlisten: () => void;
  #uninvited: RelayWork | null = null;

  constructor(parts: RelayDeskParts) {
    this.#parts = parts;
    this.#unlisten = parts.downlinks.onArrival((terminal) => this.#arrived(terminal));
  }

  /** Sets what is done with a card that nobody invited: what it is owed, if anything. */
  serve(work: RelayWork): void {
    this.#uninvited = work;
  }

  /** Asks for a card at a terminal, instead of whatever was asked there before. */
  invite(invited: Invited): Invitation {
    const { clock, chance } = this.#parts;
    const earlier = [...this.#standing].find(
      ([, each]) => each.invited.terminal === invited.terminal,
    );
    if (earlier !== undefined) this.#end(earlier[0], 'replaced');
    const id = base64url(chance.bytes(12));
    const cancel = clock.after(invited.lifetimeMs, () => this.#end(id, 'expired'));
    this.#standing.set(id, { invited, until: clock.monotonic() + invited.lifetimeMs, cancel });
    const heard = this.#tellInvite(id);
    return { id, heard, withdraw: () => this.#withdraw(id) };
  }

  /** Whether a card is asked for or driven at that terminal just now. */
  busy(terminal: string): boolean {
    const asked = [...this.#standing.values()].some(({ invited }) => invited.terminal === terminal);
    return asked || this.#sessions.has(terminal);
  }

  /** A card is there. The same message twice is taken once. */
  wanted(terminal: string, wanted: RelayWanted): void {
    const earlier = this.#sessions.get(terminal);
    if (earlier?.relay === wanted.relay || this.#finished.includes(wanted.relay)) return;
    earlier?.end();
    const standing = wanted.invite === undefined ? undefined : this.#standing.get(wanted.invite);
    const mine = standing?.invited.terminal === terminal ? standing.invited : undefined;
    const work = wanted.invite === undefined ? this.#uninvited : mine?.work;
    const { clock, downlinks } = this.#parts;
    const session = new RelaySession(
      { clock, send: (group) => downlinks.tell(terminal, { kind: 'relay', group }) },
      wanted,
    );
    this.#sessions.set(terminal, session);
    void this.#run(terminal, session, wanted, work ?? null);
  }

  /** The vendor sent an invitation away; one of another terminal is none of theirs. */
  declined(terminal: string, invite: string): void {
    const standing = this.#standing.get(invite);
    if (standing?.invited.terminal === terminal) this.#end(invite, 'declined');
  }

  answer(terminal: string, answer: RelayAnswer): void {
    const session = this.#sessions.get(terminal);
    if (session?.relay === answer.relay) session.take(answer);
  }

  close(): void {
    this.#unlisten();
    for (const { cancel } of this.#standing.values()) cancel();
    this.#standing.clear();
    for (const session of this.#sessions.values()) session.end();
    this.#sessions.clear();
  }

  async #run(
    terminal: string,
    session: RelaySession,
    wanted: RelayWanted,
    work: RelayWork | null,
  ): Promise<void> {
    const outcome: RelayOutcome =
      work === null ? { said: 'nothing_due' } : await this.#work(terminal, session, work);
    session.end();
    this.#finished = [...this.#finished, session.relay].slice(-REMEMBERED);
    if (this.#sessions.get(terminal) === session) this.#sessions.delete(terminal);
    // The terminal knows by the end that it need ask for no card any more.
    if (outcome.said === 'done' && wanted.invite !== undefined) this.#forget(wanted.invite);
    const { relay, purpose } = wanted;
    const { card: _, ...shown } = outcome;
    const end: RelayEnd = { relay, purpose, ...shown };
    this.#parts.downlinks.tell(terminal, { kind: 'relay_end', end });
  }

  async #work(terminal: string, session: RelaySession, work: RelayWork): Promise<RelayOutcome> {
    try {
      return await work(session.card(terminal));
    } catch (error) {
      const says = `a card at ${terminal}: ${error instanceof Error ? error.message : String(error)}`;
      this.#parts.log({ level: 'error', place: 'relay/desk', says });
      return { said: 'failed' };
    }
  }

  #arrived(terminal: string): void {
    // What it was doing, it has forgotten with its connection.
    this.#sessions.get(terminal)?.end();
    for (const [id, { invited }] of this.#standing) {
      if (invited.terminal === terminal) this.#tellInvite(id);
    }
  }

  #tellInvite(id: string): boolean {
    const standing = this.#standing.get(id);
    if (standing === undefined) return false;
    const { terminal, purpose, currency, amount_minor, opening, label, digitsOf } =
      standing.invited;
    const left = Math.floor(standing.until - this.#parts.clock.monotonic());
    const invite: RelayInvite = {
      ...{ invite: id, purpose, currency, opening: opening.map(hex) },
      ...(amount_minor === undefined ? {} : { amount_minor }),
      ...(label === undefined ? {} : { label }),
      ...(digitsOf === undefined ? {} : { digits_of: digitsOf }),
      lifetime_ms: Math.max(1000, left),
    };
    return this.#parts.downlinks.tell(terminal, { kind: 'relay_invite', invite });
  }

  #forget(id: string): Standing | undefined {
    const standing = this.#standing.get(id);
    standing?.cancel();
    this.#standing.delete(id);
    return standing;
  }

  #withdraw(id: string): void {
    const standing = this.#forget(id);
    if (standing === undefined) return;
    const { terminal } = standing.invited;
    this.#parts.downlinks.tell(terminal, { kind: 'relay_withdraw', withdraw: { invite: id } });
  }

  #end(id: string, why: InvitationEnd): void {
    this.#forget(id)?.invited.over(why);
  }
}
