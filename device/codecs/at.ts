/**
 * Lines of an AT command interface (ITU-T V.250 §5.7; 3GPP TS 27.005, 27.007; the SIM7600 series' own):
 * what ends a command, what comes by itself, and what is neither. What came may be anything.
 */
import type { ModemState, TelephoneKey } from '../ports/modem.ts';

/** Ends a PDU that is given after the prompt, or takes it back (27.005 §3.5.1). */
export const CTRL_Z = 0x1a;
export const ESCAPE = 0x1b;

export type AtToken = { readonly is: 'line'; readonly text: string } | { readonly is: 'prompt' };

/** Longer than the longest line: +CMGL of 27.005 with a whole PDU. */
const LONGEST_LINE = 1024;

/** Cuts what a modem sends into lines and prompts; what never ends is dropped. */
export class AtSplitter {
  #line = '';
  #fresh = true;

  push(bytes: Uint8Array): AtToken[] {
    const tokens: AtToken[] = [];
    for (const byte of bytes) {
      if (byte === 0x0d || byte === 0x0a) {
        if (this.#line !== '') tokens.push({ is: 'line', text: this.#line });
        this.#line = '';
        this.#fresh = true;
        continue;
      }
      this.#line += String.fromCharCode(byte);
      // A prompt has no line end behind it: `>` and a space at the beginning of a line.
      if (this.#fresh && this.#line === '> ') {
        tokens.push({ is: 'prompt' });
        this.#line = '';
      }
      if (this.#line.length > LONGEST_LINE) this.#line = '';
      this.#fresh = this.#line.length < 2;
    }
    return tokens;
  }

  /** Forgets half a line. */
  reset(): void {
    this.#line = '';
    this.#fresh = true;
  }
}

/** Why a command was refused: `cme` of the equipment (27.007 §9.2), `cms` of messages (27.005 §3.2.5). */
export interface AtError {
  readonly from: 'plain' | 'cme' | 'cms' | 'call';
  /** `null` for a plain ERROR, and where the modem speaks in words. */
  readonly code: number | null;
  readonly text: string;
}

export type AtResult = { readonly ok: true } | { readonly ok: false; readonly error: AtError };

/** The result that ends any command, or `null` where the line is none. */
export function readResult(line: string): AtResult | null {
  if (line === 'OK') return { ok: true };
  if (line === 'ERROR') return refusal('plain', null, line);
  const coded = /^\+(CME|CMS) ERROR: *(.+)$/.exec(line);
  if (coded === null) return null;
  const [, from, text = ''] = coded;
  const code = /^\d{1,5}$/.test(text) ? Number(text) : null;
  return refusal(from === 'CME' ? 'cme' : 'cms', code, line);
}

/** Results that end dialling and answering besides (V.250 §6.3.1); otherwise they come by themselves. */
export function readCallResult(line: string): AtResult | null {
  const own = ['NO CARRIER', 'NO ANSWER', 'NO DIALTONE', 'BUSY'].includes(line);
  return own ? refusal('call', null, line) : readResult(line);
}

const refusal = (from: AtError['from'], code: number | null, text: string): AtResult => ({
  ok: false,
  error: { from, code, text },
});

/** What a modem tells by itself. */
export type Urc =
  | { readonly is: 'ring' }
  /** `null` where the caller withholds it. */
  | { readonly is: 'caller'; readonly number: string | null }
  | { readonly is: 'waiting'; readonly number: string | null }
  | { readonly is: 'call_begun' }
  | { readonly is: 'call_over' }
  | { readonly is: 'key'; readonly key: TelephoneKey }
  | { readonly is: 'registration'; readonly registration: ModemState['registration'] }
  | { readonly is: 'sms_stored'; readonly index: number }
  /** The next line is a PDU with `length` octets behind the service centre's address. */
  | { readonly is: 'report'; readonly length: number }
  | { readonly is: 'sms'; readonly length: number }
  /** It started anew: everything that was set is forgotten. */
  | { readonly is: 'restarted' }
  /** Something known that says nothing to us. */
  | { readonly is: 'other' };

const REGISTRATIONS: readonly ModemState['registration'][] = [
  ...(['none', 'home', 'searching', 'denied', 'searching', 'roaming'] as const),
];

/** `<stat>` of +CREG and its like (27.007 §7.2); SMS-only and emergency-only are no registration. */
export const registrationOf = (stat: number): ModemState['registration'] =>
  REGISTRATIONS[stat] ?? 'none';

/** What comes by itself; `null` where the line is an answer, an echo, or disturbed. */
export function readUrc(line: string): Urc | null {
  const urc = URCS.get(line) ?? null;
  if (urc !== null) return urc;
  const named = /^([+A-Z][A-Z_ ]*): *(.*)$/.exec(line);
  if (named === null) return null;
  const [, name = '', rest = ''] = named;
  return readNamed(name, rest);
}

const URCS: ReadonlyMap<string, Urc> = new Map<string, Urc>([
  ['RING', { is: 'ring' }],
  ['NO CARRIER', { is: 'call_over' }],
  ['BUSY', { is: 'call_over' }],
  ['NO ANSWER', { is: 'call_over' }],
  ['VOICE CALL: BEGIN', { is: 'call_begun' }],
  ['VOICE CALL: END', { is: 'call_over' }],
  ['RDY', { is: 'restarted' }],
  ['START', { is: 'restarted' }],
  ['SMS DONE', { is: 'other' }],
  ['PB DONE', { is: 'other' }],
]);

function readNamed(name: string, rest: string): Urc | null {
  switch (name) {
    case '+CRING':
      return rest === 'VOICE' ? { is: 'ring' } : { is: 'other' };
    case '+CLIP':
    case '+CCWA':
      return readNumbered(name === '+CLIP' ? 'caller' : 'waiting', rest);
    case 'VOICE CALL':
      return /^END\b/.test(rest) ? { is: 'call_over' } : null;
    case 'MISSED_CALL':
      return { is: 'call_over' };
    case '+RXDTMF':
      return isKey(rest) ? { is: 'key', key: rest } : null;
    case '+CREG':
    case '+CEREG':
      // Only the answer to a question has two numbers first: `<n>,<stat>`.
      return /^\d$/.test(rest) || /^\d,"/.test(rest)
        ? { is: 'registration', registration: registrationOf(Number(rest[0])) }
        : null;
    case '+CMTI': {
      const stored = /^"\w{2}",(\d{1,5})$/.exec(rest);
      return stored === null ? null : { is: 'sms_stored', index: Number(stored[1]) };
    }
    case '+CDS':
      return /^\d{1,3}$/.test(rest) ? { is: 'report', length: Number(rest) } : null;
    case '+CMT':
      return /,\d{1,3}$/.test(rest)
        ? { is: 'sms', length: Number(rest.slice(rest.lastIndexOf(',') + 1)) }
        : null;
    case '+CGEV':
    case '+CPSI':
    case '+CTZV':
    case '+CSSI':
    case '+CSSU':
    case '+SIMCARD':
      return { is: 'other' };
    default:
      return null;
  }
}

const isKey = (text: string): text is TelephoneKey => /^[0-9*#A-D]$/.test(text);

/** `"number",type` of +CLIP and +CCWA (27.007 §7.6, §7.12); type 145 is international. */
function readNumbered(is: 'caller' | 'waiting', rest: string): Urc | null {
  const found = /^"([^"]*)",(\d{1,3})/.exec(rest);
  if (found === null) return null;
  const [, digits = '', type] = found;
  if (!/^\+?[\d*#]{0,20}$/.test(digits)) return null;
  if (digits === '') return { is, number: null };
  return { is, number: digits.startsWith('+') || type !== '145' ? digits : `+${digits}` };
}

/** One call of +CLCC (27.007 §7.18). */
export interface ListedCall {
  readonly index: number;
  readonly incoming: boolean;
  /** §7.18 `<stat>`. */
  readonly state: 'active' | 'held' | 'dialing' | 'alerting' | 'ringing' | 'waiting' | 'over';
  readonly voice: boolean;
  readonly number: string | null;
}

const STATES = [
  ...(['active', 'held', 'dialing', 'alerting', 'ringing', 'waiting', 'over'] as const),
];

export function readListedCall(line: string): ListedCall | null {
  const found = /^\+CLCC: *(\d),([01]),([0-6]),(\d),[01](?:,"([^"]*)",(\d{1,3}))?/.exec(line);
  if (found === null) return null;
  const [, index, direction, stat, mode, digits = '', type] = found;
  const state = STATES[Number(stat)];
  if (state === undefined) return null;
  const whole = digits.startsWith('+') || type !== '145' ? digits : `+${digits}`;
  return {
    index: Number(index),
    incoming: direction === '1',
    state,
    voice: mode === '0',
    number: digits === '' ? null : whole,
  };
}

/** `+CSQ: <rssi>,<ber>` (27.007 §8.5) in dBm; `null` where it is unknown or no such line. */
export function readSignal(line: string): number | null {
  const found = /^\+CSQ: *(\d{1,3}),\d{1,3}$/.exec(line);
  const rssi = Number(found?.[1] ?? 99);
  return rssi > 31 ? null : -113 + 2 * rssi;
}

/** `+COPS: <mode>,<format>,"<name>"` (27.007 §7.3). */
export function readOperator(line: string): string | null {
  const found = /^\+COPS: *\d,\d,"([^"]{1,40})"/.exec(line);
  return found?.[1] ?? null;
}
