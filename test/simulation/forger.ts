/**
 * Whoever sits on the wires with no key: overhears, says again what was said, to the same and to others,
 * changes it, and makes up messages of every kind, in both directions.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { base64url, fromBase64url, utf8 } from '#device/codecs/bytes.ts';
import { peek, seal } from '#device/codecs/jws.ts';
import type { SimulatedBroker } from '#simulators/simulation/broker.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { TerminalMachine } from './terminal-machine.ts';
import type { Trace } from './trace.ts';

type Message = Record<string, unknown>;
type Way = 'up' | 'down';

/** So many of each kind are remembered, whoever said them. */
const REMEMBERED = 12;
const YEAR_MS = 365 * 86_400_000;
const OWN_KEY = ed25519.utils.randomSecretKey(new Uint8Array(32).fill(3));

export class Forger {
  readonly #chance: SeededChance;
  readonly #broker: SimulatedBroker;
  readonly #trace: Trace;
  /** By direction and kind. */
  readonly #overheard = { up: new Map<string, string[]>(), down: new Map<string, string[]>() };
  #gatewayKey = '';
  #made = 0;

  constructor(chance: SeededChance, broker: SimulatedBroker, trace: Trace) {
    this.#chance = chance;
    this.#broker = broker;
    this.#trace = trace;
  }

  /** The gateway's public key is no secret. */
  know(gatewayKey: string): void {
    this.#gatewayKey = gatewayKey;
  }

  overhear(way: Way, token: string): void {
    const kind = String((peek(token) as Message | null)?.kind ?? '');
    const kinds = this.#overheard[way];
    const known = kinds.get(kind) ?? [];
    kinds.set(kind, known);
    known.push(token);
    if (known.length > REMEMBERED) known.splice(this.#chance.between(0, REMEMBERED), 1);
  }

  /** One attack, on what this terminal hears or on what the gateway hears of it. */
  strike(terminal: TerminalMachine): void {
    const chance = this.#chance;
    const way = chance.pick(['down', 'down', 'down', 'up'] as const);
    const kinds = [...this.#overheard[way]];
    if (kinds.length === 0) return;
    const [kind, tokens] = chance.pick(kinds);
    const token = chance.pick(tokens);
    const how = chance.pick(['replays', 'replays', 'forges', 'forges', 'misdirects'] as const);
    this.#trace.say('forger', `${how} a ${kind} ${way === 'down' ? 'to' : 'of'} ${terminal.id}`);
    this.#bring(way, terminal.id, how === 'replays' ? token : this.#change(how, token, terminal));
    // A payment that never was is what is worth most.
    const order = terminal.offers();
    if (way === 'down' && order !== null && chance.happens(0.3)) {
      this.#bring(way, terminal.id, this.#sign(resultOf(terminal.id, order), token));
    }
  }

  #bring(way: Way, terminal: string, token: string): void {
    if (way === 'down') this.#broker.whisper(terminal, token);
    else this.#broker.insert(terminal, token);
  }

  #change(how: 'forges' | 'misdirects', token: string, terminal: TerminalMachine): string {
    const said = peek(token) as Message;
    const order = terminal.offers();
    const misdirected = { ...said, ...('terminal' in said ? { terminal: terminal.id } : {}) };
    if (how === 'misdirects') return this.#sign(misdirected, token);
    this.#made += 1;
    return this.#sign(forge(misdirected, order?.number ?? null, this.#made, this.#chance), token);
  }

  /** As somebody signs who has no key. */
  #sign(message: Message, token: string): string {
    const chance = this.#chance;
    const [header = '', , signature = ''] = token.split('.');
    const body = base64url(utf8(JSON.stringify(message)));
    switch (chance.pick(['own', 'kept', 'none', 'confused'] as const)) {
      case 'own':
        return seal('EdDSA', OWN_KEY, message);
      case 'kept':
        return `${header}.${body}.${signature}`;
      case 'none':
        return `${base64url(utf8('{"alg":"none"}'))}.${body}.`;
      case 'confused':
        return seal('HS256', fromBase64url(this.#gatewayKey) ?? new Uint8Array(32), message);
    }
  }
}

const resultOf = (
  terminal: string,
  { number, amount_minor }: { readonly number: string; readonly amount_minor: number },
): Message => ({
  ...{ kind: 'result', terminal, gateway_time: 1 },
  result: { order: number, outcome: 'paid', currency: 'CNY', amount_minor, at: 1 },
});

/** The same kind of message as an attacker would have it. */
function forge(said: Message, order: string | null, made: number, chance: SeededChance): Message {
  const of = (name: string): Message => (said[name] ?? {}) as Message;
  const about = order === null ? {} : { order };
  switch (said.kind) {
    case 'result':
      return { ...said, result: { ...of('result'), ...about, outcome: 'paid' } };
    case 'receipt':
      return { ...said, receipt: { ...of('receipt'), ...about, said: 'conflicts', field: 'x' } };
    case 'refund':
      return { ...said, refund: { ...of('refund'), refund: `FORGED-${made}` } };
    case 'card_receipt':
      return { ...said, receipt: { ...of('receipt'), ...about, said: 'posted' } };
    case 'card_verdict': {
      const { committed } = of('verdict');
      return { ...said, verdict: { ...of('verdict'), committed: committed !== true } };
    }
    case 'hotlist': {
      const { version, issued_at } = of('hotlist');
      const newer = { version: Number(version) + 1, issued_at: Number(issued_at) + YEAR_MS };
      return { ...said, hotlist: { ...of('hotlist'), ...newer, full: true, entries: [] } };
    }
    case 'relay':
      return { ...said, group: { ...of('group'), step: chance.between(1, 9) } };
    case 'relay_end':
      return { ...said, end: { ...of('end'), said: 'done', balance_minor: 1 } };
    case 'day_receipt':
      return { ...said, receipt: { ...of('receipt'), agreed: true, differing: 0 } };
    case 'close':
      return { ...said, close: { ...of('close'), ...about } };
    case 'order':
      return { ...said, order: { ...of('order'), amount_minor: 1 } };
    case 'card_payment':
      return { ...said, payment: { ...of('payment'), ...about, sold: true } };
    case 'seen':
      return { ...said, seen: { ...of('seen'), ...about } };
    default:
      return 'gateway_time' in said
        ? { ...said, gateway_time: Number(said.gateway_time) + YEAR_MS }
        : said;
  }
}
