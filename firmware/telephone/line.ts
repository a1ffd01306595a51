/** One modem at the telephone terminal: opened again for as long as it takes, its news handed on. */
import type { Clock } from '#device/ports/clock.ts';
import type { Modem, ModemState, ReceivedSms, SmsReport } from '#device/ports/modem.ts';
import type { SettingsOf } from '#firmware/boards.ts';
import { openModem } from '#firmware/drivers.ts';
import { supervise } from '#firmware/supervisor.ts';
import type { CallDesk, DeskEvent } from './desk.ts';

export interface LineParts {
  readonly name: string;
  readonly settings: SettingsOf<'sim7600'>;
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly desk: CallDesk;
  readonly messages: {
    received(message: ReceivedSms): Promise<void>;
    reported(modem: string, report: SmsReport): void;
  };
  readonly tell: (event: DeskEvent) => void;
}

export interface Line {
  /** `null` while it is missing. */
  modem(): Modem | null;
  close(): Promise<void>;
}

export function openLine(parts: LineParts): Line {
  const { name, settings, dataDirectory, clock, desk, messages, tell } = parts;
  let current: Modem | null = null;
  let last = '';
  const told = (event: DeskEvent): void => {
    const text = JSON.stringify(event);
    // A modem that is looked for again and again is told once.
    if (text !== last) tell(event);
    last = text;
  };
  const open = async (lost: Parameters<Parameters<typeof supervise<Modem>>[1]>[0]) => {
    // A call may ring before the opening has resolved.
    const opened = Promise.withResolvers<Modem>();
    opened.promise.catch(() => undefined);
    const on = (work: (modem: Modem) => void): void => {
      if (current !== null) work(current);
      else void opened.promise.then(work, () => undefined);
    };
    try {
      const modem = await openModem(name, settings, dataDirectory, {
        lost,
        state: (state: ModemState) =>
          told({ event: 'modem', modem: name, is: 'working', ...state }),
        ringing: (call) => on((modem_) => desk.ringing(modem_, call)),
        waiting: () => tell({ event: 'waiting', modem: name }),
        frame: (call, frame) => on((modem_) => desk.frame(modem_, call, frame)),
        key: (call, key) => on((modem_) => desk.key(modem_, call, key)),
        ended: (call, how) => on((modem_) => desk.ended(modem_, call, how)),
        sms: (message) => messages.received(message),
        report: (report) => messages.reported(name, report),
      });
      opened.resolve(modem);
      return modem;
    } catch (error) {
      opened.reject(error);
      throw error;
    }
  };
  const supervised = supervise<Modem>(
    name,
    open,
    {
      working: (modem) => {
        current = modem;
      },
      missing: ({ code, message, mend }) => {
        const gone = current;
        current = null;
        if (gone !== null) desk.lost(gone);
        told({ event: 'modem', modem: name, is: 'missing', code, detail: message, mend });
      },
    },
    clock,
  );
  return { modem: () => current, close: () => supervised.close() };
}
