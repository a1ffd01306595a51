/**
 * The AT commands of a SIM7600 as its manual has them, over the state of one modem. What is not here is
 * answered with ERROR, as the modem does.
 */
import type { Line } from './exchange.ts';

/** What is set by commands and forgotten at a restart. */
export interface Settings {
  echo: boolean;
  /** AT+CMEE: 0 plain, 1 numbers, 2 words. */
  errors: number;
  clip: boolean;
  crc: boolean;
  ddet: boolean;
  creg: number;
  cereg: number;
  /** AT+COPS=3: 0 long name, 1 short, 2 number. */
  operatorFormat: number;
  pduMode: boolean;
  /** <mt> and <ds> of AT+CNMI. */
  cnmi: readonly [mt: number, ds: number];
}

export const FACTORY: Settings = {
  ...{ echo: true, errors: 2, clip: false, crc: false, ddet: false, creg: 0, cereg: 0 },
  ...{ operatorFormat: 0, pduMode: false, cnmi: [2, 0] },
};

export interface StoredSms {
  readonly index: number;
  read: boolean;
  readonly hex: string;
  readonly length: number;
}

export type Answer =
  | { readonly is: 'ok'; readonly lines?: readonly string[] }
  | { readonly is: 'error' }
  | { readonly is: 'cme'; readonly code: number; readonly words: string }
  | { readonly is: 'cms'; readonly code: number }
  | { readonly is: 'result'; readonly text: string }
  /** A prompt; what follows goes to `take`. */
  | { readonly is: 'prompt'; readonly take: (text: string) => Answer }
  /** The manual does not have it, or not so. */
  | { readonly is: 'unknown' };

const OK: Answer = { is: 'ok' };
const ERROR: Answer = { is: 'error' };
const UNKNOWN: Answer = { is: 'unknown' };
const info = (...lines: string[]): Answer => ({ is: 'ok', lines });

/** What the commands do to the rest of the modem. */
export interface Works {
  readonly settings: Settings;
  readonly line: Line;
  readonly stored: StoredSms[];
  readonly sim: 'ready' | 'absent' | 'pin';
  readonly registration: number;
  readonly rssi: number;
  readonly cause: string;
  /** Whether this modem knows keys by their tones. */
  readonly reportsKeys: boolean;
  answer(): Answer;
  hangUp(): void;
  /** AT+CHLD (22.030 §6.5.5.1). */
  hold(how: string): boolean;
  pcm(on: boolean): boolean;
  press(key: string): boolean;
  submit(hex: string, length: number): Answer;
}

type Handler = (works: Works, value: string) => Answer;

const flag =
  (set: (settings: Settings, value: number) => void, most = 1): Handler =>
  ({ settings }, value) => {
    const first = Number(value.split(',')[0]);
    if (!Number.isInteger(first) || first < 0 || first > most) return ERROR;
    set(settings, first);
    return OK;
  };

const STATES = { active: 0, ringing: 4, waiting: 5 } as const;

/** `AT+NAME=value`. */
const SETS: Readonly<Record<string, Handler>> = {
  '+CMEE': flag((settings, value) => {
    settings.errors = value;
  }, 2),
  '+CLIP': flag((settings, value) => {
    settings.clip = value === 1;
  }),
  '+CRC': flag((settings, value) => {
    settings.crc = value === 1;
  }),
  '+DDET': (works, value) =>
    works.reportsKeys
      ? flag((settings, on) => {
          settings.ddet = on === 1;
        })(works, value)
      : ERROR,
  '+CREG': flag((settings, value) => {
    settings.creg = value;
  }, 2),
  '+CEREG': flag((settings, value) => {
    settings.cereg = value;
  }, 2),
  '+CSMS': ({ settings: _ }, value) => (/^[01]$/.test(value) ? info('+CSMS: 1,1,1') : ERROR),
  '+CMGF': flag((settings, value) => {
    settings.pduMode = value === 0;
  }),
  '+CPCMFRM': flag(() => undefined),
  '+CPCMREG': (works, value) => {
    if (!/^[01](,[01])?$/.test(value)) return ERROR;
    return works.pcm(value.startsWith('1')) ? OK : ERROR;
  },
  '+CCWA': ({ line, registration }, value) => {
    const [, mode] = value.split(',');
    if (registration !== 1 && registration !== 5)
      return { is: 'cme', code: 30, words: 'no network service' };
    if (mode !== undefined) line.takesWaiting = mode === '1';
    return OK;
  },
  '+COPS': ({ settings }, value) => {
    const [mode, format] = value.split(',').map(Number);
    if (mode === 3 && format !== undefined && format <= 2) settings.operatorFormat = format;
    return mode === 3 || mode === 0 ? OK : ERROR;
  },
  '+CPMS': ({ stored }, value) => {
    if (!/^"(ME|SM|SR)"(,"(ME|SM|SR)"){0,2}$/.test(value)) return { is: 'cms', code: 302 };
    return info(`+CPMS: ${Array(3).fill(`${stored.length},${STORE}`).join(',')}`);
  },
  '+CNMI': ({ settings }, value) => {
    const [mode = 0, mt = 0, bm = 0, ds = 0] = value.split(',').map(Number);
    if (![mode, mt, bm, ds].every((each) => each >= 0 && each <= 3))
      return { is: 'cms', code: 303 };
    settings.cnmi = [mt, ds];
    return OK;
  },
  '+CMGS': (works, value) => {
    const length = Number(value);
    if (!works.settings.pduMode || !(length >= 7 && length <= 164)) return { is: 'cms', code: 304 };
    return { is: 'prompt', take: (text) => works.submit(text.trim(), length) };
  },
  '+CMGL': (works, value) => listStored(works, value),
  '+CMGR': ({ stored }, value) => {
    const message = stored.find(({ index }) => index === Number(value));
    if (message === undefined) return { is: 'cms', code: 321 };
    const stat = message.read ? 1 : 0;
    message.read = true;
    return info(`+CMGR: ${stat},"",${message.length}`, message.hex);
  },
  '+CMGD': ({ stored }, value) => {
    const at = stored.findIndex(({ index }) => index === Number(value.split(',')[0]));
    if (at < 0) return { is: 'cms', code: 321 };
    stored.splice(at, 1);
    return OK;
  },
  '+CHLD': (works, value) => {
    if (!/^[0-4]\d?$/.test(value)) return ERROR;
    if (works.hold(value)) return OK;
    return { is: 'cme', code: 3, words: 'operation not allowed' };
  },
  '+VTS': (works, value) => (/^[0-9*#A-D]$/.test(value) && works.press(value) ? OK : ERROR),
};

/** How many messages the modem keeps. */
export const STORE = 23;

function listStored({ stored }: Works, value: string): Answer {
  if (!/^[0-4]$/.test(value)) return { is: 'cms', code: 303 };
  const wanted = stored.filter(({ read }) => value === '4' || (value === '1') === read);
  const lines = wanted.flatMap((message) => {
    const stat = message.read ? 1 : 0;
    message.read = true;
    return [`+CMGL: ${message.index},${stat},"",${message.length}`, message.hex];
  });
  return info(...lines);
}

/** `AT+NAME?`. */
const READS: Readonly<Record<string, (works: Works) => Answer>> = {
  '+CPIN': ({ sim }) => {
    if (sim === 'absent') return { is: 'cme', code: 10, words: 'SIM not inserted' };
    return info(sim === 'pin' ? '+CPIN: SIM PIN' : '+CPIN: READY');
  },
  '+CREG': ({ settings, registration }) => info(`+CREG: ${settings.creg},${registration}`),
  '+CEREG': ({ settings, registration }) => info(`+CEREG: ${settings.cereg},${registration}`),
  '+COPS': ({ settings, registration }) => {
    if (registration !== 1 && registration !== 5) return info('+COPS: 0');
    const name = ['CHINA MOBILE', 'CMCC', '46000'][settings.operatorFormat] ?? '';
    return info(`+COPS: 0,${settings.operatorFormat},"${name}",7`);
  },
  '+CPCMREG': ({ line }) => info(`+CPCMREG: ${line.active === undefined ? 0 : 1}`),
  '+CSCA': () => info('+CSCA: "+8613800100500",145'),
  '+CMGF': ({ settings }) => info(`+CMGF: ${settings.pduMode ? 0 : 1}`),
  '+CLIP': ({ settings }) => info(`+CLIP: ${settings.clip ? 1 : 0},1`),
};

/** Commands without a value. */
const BARE: Readonly<Record<string, (works: Works) => Answer>> = {
  '': () => OK,
  A: (works) => works.answer(),
  H: (works) => {
    works.hangUp();
    return OK;
  },
  '+CHUP': (works) => {
    works.hangUp();
    return OK;
  },
  E0: ({ settings }) => {
    settings.echo = false;
    return OK;
  },
  E1: ({ settings }) => {
    settings.echo = true;
    return OK;
  },
  V1: () => OK,
  I: () => info('Manufacturer: SIMCOM INCORPORATED', 'Model: SIMCOM_SIM7600G-H', '+GCAP: +CGSM'),
  '+CGMI': () => info('SIMCOM INCORPORATED'),
  '+CGMM': () => info('SIMCOM_SIM7600G-H'),
  '+CGSN': () => info('861107030000001'),
  '+CSQ': ({ rssi }) => info(`+CSQ: ${rssi},99`),
  '+CEER': ({ cause }) => info(`+CEER: ${cause}`),
  '+CLCC': ({ line }) =>
    info(
      ...line.calls.map(({ index, state, phone }) => {
        const number = phone.anonymous ? '' : phone.number.replace('+', '');
        return `+CLCC: ${index},1,${STATES[state]},0,0,"${number}",${number === '' ? 128 : 145},""`;
      }),
    ),
};

/** Carries one command line out. */
export function execute(works: Works, text: string): Answer {
  const command = /^\s*AT(.*)$/i.exec(text)?.[1]?.trim();
  if (command === undefined) return UNKNOWN;
  const upper = command.toUpperCase();
  const bare = BARE[upper];
  if (bare !== undefined) return bare(works);
  const [, name = '', sign = '', value = ''] = /^([+&]?[A-Z0-9]+)([?=])(.*)$/i.exec(command) ?? [];
  if (sign === '?' && value === '') return READS[name.toUpperCase()]?.(works) ?? UNKNOWN;
  if (sign === '=' && value === '?') return SETS[name.toUpperCase()] === undefined ? UNKNOWN : OK;
  if (sign === '=') return SETS[name.toUpperCase()]?.(works, value) ?? UNKNOWN;
  return UNKNOWN;
}
