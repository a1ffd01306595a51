/** What a modem is told when it is opened, so that it is in a known state whatever it did before. */
import { readOperator, readSignal, registrationOf } from '#device/codecs/at.ts';
import { DeviceError } from '#device/ports/device.ts';
import type { ModemState } from '#device/ports/modem.ts';
import type { AtChannel } from './at-channel.ts';
import { type AtOutcome, order, question } from './at-command.ts';

/** `true`: without it the modem is of no use to us. */
const SETTINGS: readonly (readonly [text: string, needed: boolean])[] = [
  ['ATE0', true],
  ['ATV1', true],
  ['AT+CMEE=1', true],
  // A call from before a crash: nobody here talks with that caller any more.
  ['AT+CHUP', false],
  ['AT+CPCMREG=0', false],
  ['AT+CPCMFRM=0', false],
  ['AT+CRC=0', false],
  ['AT+CLIP=1', true],
  ['AT+CREG=1', true],
  ['AT+CEREG=1', false],
  ['AT+COPS=3,0', false],
  ['AT+CSMS=0', false],
  ['AT+CMGF=0', true],
  ['AT+CPMS="ME","ME","ME"', false],
  // Received messages are kept and named, reports are handed on at once.
  ['AT+CNMI=2,1,0,1,0', true],
];

/** Keys that a caller presses; a modem that can't tell them gives their tones all the same. */
const DDET = { modem: 'AT+DDET=1', tones: 'AT+DDET=0' } as const;

const SIM_NOT_INSERTED = 10;
const SIM_FAILURES: readonly number[] = [13, 15];

/** Rejects with a `DeviceError`: `timeout`, `unready` (the SIM), `protocol`. */
export async function startModem(
  organ: string,
  channel: AtChannel,
  keys: 'modem' | 'tones',
): Promise<void> {
  if (!(await channel.findBack())) {
    throw new DeviceError('timeout', organ, 'the modem does not answer', {
      mend: 'give its AT port in boards.json; a SIM7600 on USB has it on /dev/ttyUSB2',
    });
  }
  const reports = keys === 'modem';
  for (const [text, needed] of [...SETTINGS, [DDET[keys], reports] as const]) {
    const outcome = await insist(channel, text);
    if (outcome.is === 'ok' || !needed) continue;
    const why = outcome.is === 'refused' ? outcome.error.text : 'no answer';
    throw new DeviceError(
      ...(['protocol', organ, `the modem refuses ${text}: ${why}`] as const),
      text === DDET.modem ? { mend: 'write "keys": "tones" beside it in boards.json' } : {},
    );
  }
  await demandSim(organ, channel);
}

/** Settings may be repeated: a disturbed one is refused, or nothing comes back. */
async function insist(channel: AtChannel, text: string): Promise<AtOutcome> {
  const first = await channel.send(order(text));
  return first.is === 'ok' ? first : channel.send(order(text));
}

const unready = (organ: string, message: string, mend: string): DeviceError =>
  new DeviceError('unready', organ, message, { mend });

async function demandSim(organ: string, channel: AtChannel): Promise<void> {
  const outcome = await channel.send(question('AT+CPIN?', '+CPIN'));
  const line = outcome.is === 'ok' ? (outcome.lines[0] ?? '') : '';
  if (/READY/.test(line)) return;
  if (/SIM PIN/.test(line)) {
    throw unready(organ, 'the SIM wants its PIN', 'put it into a phone and switch its PIN off');
  }
  if (/PUK/.test(line)) {
    throw unready(organ, 'the SIM is blocked', 'put it into a phone and enter its PUK');
  }
  const code = outcome.is === 'refused' ? outcome.error.code : null;
  if (code === SIM_NOT_INSERTED || /not inserted/i.test(textOf(outcome))) {
    throw unready(organ, 'there is no SIM in the modem', 'put one in');
  }
  if (code !== null && SIM_FAILURES.includes(code)) {
    throw unready(organ, 'the modem can’t read its SIM', 'clean it, or put in another one');
  }
  throw unready(organ, `the SIM is not ready: ${textOf(outcome)}`, 'wait; it is tried again');
}

const textOf = (outcome: AtOutcome): string =>
  outcome.is === 'refused' ? outcome.error.text : outcome.is;

/** Asks for what may have changed; `null` where the modem did not answer all of it. */
export async function readState(channel: AtChannel): Promise<ModemState | null> {
  const gsm = await registration(channel, 'CREG');
  if (gsm === null) return null;
  const isThere = (at: ModemState['registration']): boolean => at === 'home' || at === 'roaming';
  // Where voice goes over LTE, only the packet side may be registered.
  const lte = isThere(gsm) ? gsm : await registration(channel, 'CEREG');
  const best = lte !== null && isThere(lte) ? lte : gsm;
  const signal = await channel.send(question('AT+CSQ', '+CSQ'));
  const operator = isThere(best) ? await channel.send(question('AT+COPS?', '+COPS')) : null;
  return {
    registration: best,
    operator: operator?.is === 'ok' ? readOperator(operator.lines[0] ?? '') : null,
    signal_dbm: signal.is === 'ok' ? readSignal(signal.lines[0] ?? '') : null,
  };
}

async function registration(
  channel: AtChannel,
  name: 'CREG' | 'CEREG',
): Promise<ModemState['registration'] | null> {
  const outcome = await channel.send(question(`AT+${name}?`, `+${name}`));
  if (outcome.is === 'refused') return 'none';
  if (outcome.is === 'silent') return null;
  const stat = /^\+CE?REG: *\d,(\d)/.exec(outcome.lines[0] ?? '')?.[1];
  return stat === undefined ? null : registrationOf(Number(stat));
}
