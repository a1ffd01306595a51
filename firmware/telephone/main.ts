/**
 * The telephone sales terminal: calls and short messages over the modems of a board profile. It says what
 * happens as one JSON object a line; `{"event":"ready"}` means that somebody can call.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CALL_SETTINGS } from '#device/flows/call.ts';
import { DeviceError } from '#device/ports/device.ts';
import { isRegistered, type Modem } from '#device/ports/modem.ts';
import { systemChance, systemClock } from '#firmware/clock.ts';
import { lockData } from '#firmware/lock.ts';
import { openAgentDesk } from './agent-desk.ts';
import { Assistant } from './assistant.ts';
import { CallVoice } from './call-voice.ts';
import { HttpOrderCentre } from './centre.ts';
import { CallDesk, type DeskEvent } from './desk.ts';
import { type Line, openLine } from './line.ts';
import { Recognisers } from './recognisers.ts';
import { Recordings } from './recordings.ts';
import { readModems, readSettings, type TelephoneSettings, USAGE, UsageError } from './settings.ts';
import { SmsDesk } from './sms-desk.ts';
import { openSmsDoor } from './sms-door.ts';
import { SmsLog } from './sms-log.ts';
import { smsNewsOverHttp } from './sms-news.ts';
import { CallSynthesiser } from './voice.ts';

const NEWS_MS = 15_000;
/** Longest wait for calls to be ended and recordings to be safe. */
const STOP_TIMEOUT_MS = 8000;

const say = (event: DeskEvent): void => {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
};

/** The assistant and its ears; `null` where it has no token. */
function openAssistant(settings: TelephoneSettings, agents: () => boolean) {
  const { sell, models, transcript } = settings;
  if (sell === null || sell.token === null) return null;
  const voice = new CallSynthesiser();
  const centre = new HttpOrderCentre({ ...sell, token: sell.token, clock: systemClock });
  const assistant: Assistant = new Assistant({
    ...{ centre, voice, agents, clock: systemClock, tell: say },
    recogniser: (language) => ears.get(language),
    ...(transcript ? { transcript: (id, who, text) => say({ event: 'said', id, who, text }) } : {}),
  });
  const ears: Recognisers = new Recognisers({
    ...{ models, tell: say, changed: () => assistant.changed() },
  });
  return { assistant, ears };
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${USAGE}\n`);
    process.exit(0);
  }
  const settings = readSettings(process.argv.slice(2), process.env);
  const { data, secret } = settings;
  const modems = readModems(settings.boards, settings.board);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const locked = lockData(data, 'firmware/telephone/main.ts', 'telephone.lock');
  if (!locked.ok) throw new UsageError(locked.complaint);

  const voice = new CallVoice(data, settings.merchant);
  await voice.open();
  const clock = systemClock;
  const oldest = clock.now() - settings.keepMs;
  const recordings = await Recordings.open(
    { directory: join(data, 'recordings'), keepMs: settings.keepMs },
    clock,
    { log: (what) => say({ event: 'log', what }), deleted: (id) => say({ event: 'deleted', id }) },
  );
  const { log, records } = await SmsLog.open(join(data, 'sms'), oldest);
  const lines = new Map<string, Line>();
  const working = (): ReadonlyMap<string, Modem> =>
    new Map(
      [...lines].flatMap(([name, line]): [string, Modem][] => {
        const modem = line.modem();
        return modem === null || !isRegistered(modem.state) ? [] : [[name, modem]];
      }),
    );
  const messages = new SmsDesk(
    {
      ...{ log, clock, modems: working },
      bring:
        settings.gateway === null
          ? async () => true
          : smsNewsOverHttp(settings.gateway, secret, clock.now, (why) =>
              say({ event: 'log', what: why }),
            ),
      received: () => say({ event: 'sms', state: 'received' }),
    },
    records,
  );
  const agents =
    settings.sell === null || settings.desk === null
      ? null
      : await openAgentDesk({
          ...{ ...settings.desk, ...settings.sell, recordings, clock, chance: systemChance },
          tell: say,
        });
  const helper = openAssistant(settings, () => (agents?.handler.places() ?? null) !== null);
  const desk = new CallDesk({
    ...{ clock, chance: systemChance, recordings, voice, tell: say },
    settings: { ...CALL_SETTINGS, language: settings.language },
    ...(settings.transcript
      ? {
          transcript: (id, language, prompts) =>
            say({ event: 'said', id, who: 'terminal', text: voice.words(language, prompts) }),
        }
      : {}),
    handlers: {
      ...(agents === null ? {} : { agent: agents.handler }),
      ...(helper === null ? {} : { assistant: helper.assistant }),
    },
  });
  const door =
    settings.sms === null
      ? null
      : await openSmsDoor(messages, { ...settings.sms, secret }, clock.now);
  const news = setInterval(() => void messages.bringAll(), NEWS_MS);
  void messages.bringAll();
  for (const [name, modem] of modems) {
    const parts = { name, settings: modem, dataDirectory: data, clock, desk, messages };
    lines.set(name, openLine({ ...parts, tell: say }));
  }
  const places = { ...(door ? { sms: door.url } : {}), ...(agents ? { desk: agents.url } : {}) };
  say({ event: 'ready', ms: Math.round(performance.now()), ...places });

  const stop = async (): Promise<void> => {
    clock.after(STOP_TIMEOUT_MS, () => process.exit(0));
    clearInterval(news);
    recordings.close();
    await Promise.all([desk.close(), door?.close()]);
    await Promise.all([agents?.close(), helper?.ears.close()]);
    await Promise.all([...lines.values()].map((line) => line.close()));
    voice.close();
    await log.close();
    locked.unlock();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

main().catch((error: unknown) => {
  const expected = error instanceof UsageError || error instanceof DeviceError;
  const mend = error instanceof DeviceError && error.mend !== undefined ? `; ${error.mend}` : '';
  const text = error instanceof Error ? (expected ? error.message : error.stack) : String(error);
  process.stderr.write(`telephone: ${text}${mend}\n`);
  process.exit(expected ? 2 : 1);
});
