/**
 * The only place where a physical terminal is put together. It says what happens as one JSON object a
 * line on standard output; `{"event":"ready"}` means that a vendor can sell.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { workCard } from '#device/card-work.ts';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { foreignOrder, keepEntries } from '#device/flows/kept.ts';
import type { Input, OrganState, Settings } from '#device/flows/state.ts';
import { Journal, JournalError } from '#device/journal.ts';
import type { CardKeys } from '#device/messages/card.ts';
import type { Identity } from '#device/messages/enrolment.ts';
import { readDownlink } from '#device/messages/signed.ts';
import type { LinkEvents } from '#device/ports/link.ts';
import { vendorVocabulary } from '#device/speech/vocabulary.ts';
import { Terminal, type TerminalPorts } from '#device/terminal.ts';
import { type Profile, readBoard } from './boards.ts';
import { type KeptCardKeys, keepCardKeys, openSentKeys } from './card-keys.ts';
import { systemChance, systemClock } from './clock.ts';
import { openFileDisk } from './disk.ts';
import { driverContext, powerAtOneMetre } from './drivers.ts';
import { endWithin } from './ending.ts';
import { EnrolmentError, identify } from './identity.ts';
import { journalDigest, loadJournalKey } from './journal-key.ts';
import { openLink } from './link.ts';
import { lockData } from './lock.ts';
import { Organs, organsOf } from './organs.ts';
import { keepCertificate } from './renewal.ts';

const USAGE = `usage: firmware/main.ts --board NAME --data DIR [options]
  --board NAME       profile in boards.json
  --data DIR         where the journal and the identity are kept
  --boards FILE      another boards.json
  --enrol CODE       one-time code, at the first start
  --gateway URL      the gateway's HTTP address, at the first start
  --broker URL       another MQTT broker than the gateway named at enrolment`;

/** Longest wait for organs to fall silent when the terminal is stopped. */
const STOP_TIMEOUT_MS = 3000;
/** Longest that the process itself may take to end after that. */
const END_TIMEOUT_MS = 1000;

/** What the operator must mend; printed without a stack. */
class UsageError extends Error {}

type Event = Readonly<Record<string, unknown>> & { readonly event: string };

const say = (event: Event): void => {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
};

function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { board: text, data: text, boards: text, enrol: text, gateway: text, broker: text },
    });
    const { board, data } = values;
    if (board === undefined) throw new UsageError(`--board is missing\n${USAGE}`);
    if (data === undefined) throw new UsageError(`--data is missing\n${USAGE}`);
    return { ...values, board, data: resolve(data) };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function readProfile(file: string, board: string): Profile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file} can't be read: ${why}; check --boards`);
  }
  const read = readBoard(text, board);
  if (read.ok) return read.profile;
  throw new UsageError(read.complaints.map((each) => `${file}: ${each}`).join('\n'));
}

function settingsOf(identity: Identity, profile: Profile, takesCards: boolean): Settings {
  return {
    takesCards,
    terminal: identity.terminal,
    stall: identity.stall,
    keys: deriveKeys(identity.secret),
    payUrl: identity.pay_url,
    qrFormat: profile.qr.format,
    powerAtOneMetre: powerAtOneMetre(profile),
    organs: organsOf(profile),
  };
}

/** The journal as it was left; what a power cut tore off its end is kept aside and told. */
async function openJournal(data: string, terminal: string) {
  const key = await loadJournalKey(data, systemChance).catch((error: unknown) => {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  });
  const path = join(data, 'journal');
  const disk = await openFileDisk(path);
  const options = { key, digest: journalDigest, keep: keepEntries };
  const opened = await Journal.open(disk, options).catch((error: unknown) => {
    throw error instanceof JournalError ? new UsageError(`${path}: ${error.message}`) : error;
  });
  const { journal, entries, torn } = opened;
  const foreign = foreignOrder(entries, terminal);
  if (foreign !== null) {
    throw new UsageError(
      `${path} has orders of terminal ${foreign.terminal}, and this is ${terminal}; ` +
        `enrol it as ${foreign.terminal} again, or move the file aside`,
    );
  }
  if (torn.length > 0) {
    writeFileSync(join(data, `journal.torn-${Date.now()}`), torn, { mode: 0o600 });
    say({ event: 'torn', bytes: torn.length });
  }
  say({ event: 'journal', entries: entries.length, head: journal.head });
  return { disk, journal, entries };
}

/**
 * Tells of each organ what is new, and once that a vendor can sell: keys to press, and a screen (a
 * profile without a keypad is ready with its reader); or, when all organs were looked for, what it
 * waits for.
 */
function organTeller(organs: Settings['organs']): (name: string, state: OrganState) => void {
  const last = new Map<string, string>();
  const roles = new Map(organs.map(({ name, role }) => [name, role]));
  // A reader for a web shop has no keypad, and nobody sells at it.
  const held = [...roles.values()];
  const sells = held.includes('keypad') || !held.includes('reader');
  const needed = new Set<string>(sells ? ['keypad', 'display'] : ['reader']);
  let waiting = false;
  return (name, state) => {
    const text = JSON.stringify(state);
    // An organ that is looked for again and again is told once.
    if (last.get(name) === text) return;
    last.set(name, text);
    say({ event: 'organ', organ: name, ...state });
    if (needed.size === 0) return;
    if (state.is === 'working') needed.delete(roles.get(name) ?? '');
    if (needed.size === 0) say({ event: 'ready', ms: Math.round(performance.now()) });
    else if (last.size === roles.size && !waiting) {
      waiting = true;
      say({ event: 'waiting', for: [...needed] });
    }
  };
}

/** What the link brings, verified, for a terminal that may not be there yet. */
function linkEvents(
  identity: Identity,
  push: (input: Input) => void,
  keepKeys: (keys: CardKeys) => Promise<void>,
): LinkEvents {
  const gatewayKey = fromBase64url(identity.gateway_key) ?? new Uint8Array();
  const takeKeys = (sealed: string): void => {
    const keys = openSentKeys(identity.secret, identity.terminal, sealed);
    if (keys === null) say({ event: 'refused', why: 'card keys that are not for this terminal' });
    else
      keepKeys(keys).catch((error: unknown) => {
        say({ event: 'log', what: `card keys can't be kept: ${String(error)}` });
      });
  };
  return {
    up() {
      say({ event: 'online' });
      push({ is: 'link', up: true });
    },
    down(why) {
      say({ event: 'offline', why });
      push({ is: 'link', up: false });
    },
    message(token) {
      const read = readDownlink(token, identity.terminal, gatewayKey);
      if (!read.ok) say({ event: 'refused', why: read.why });
      else if (read.downlink.kind === 'card_keys') takeKeys(read.downlink.sealed);
      else push({ is: 'downlink', downlink: read.downlink });
    },
  };
}

/** Talks with a card at one of the readers, with whatever keys the terminal has then. */
const cardWorker =
  (keys: KeptCardKeys, organs: Organs): NonNullable<TerminalPorts['workCard']> =>
  (reader, card, task) => {
    const current = keys.current();
    if (current === null) return Promise.reject(new Error('there are no keys of cards'));
    const transmit = organs.transmit.bind(organs);
    return workCard({ keys: current, chance: systemChance, transmit }, reader, card, task);
  };

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const boards = options.boards ?? join(import.meta.dirname, '..', 'boards.json');
  const profile = readProfile(boards, options.board);
  const locked = lockData(options.data, 'firmware/main.ts');
  if (!locked.ok) throw new UsageError(locked.complaint);
  const identity = await identify(options.data, { code: options.enrol, gateway: options.gateway });
  const { disk, journal, entries } = await openJournal(options.data, identity.terminal);
  const log = (what: string): void => say({ event: 'log', what });
  const cardKeys = keepCardKeys(options.data, identity.secret, log);
  const settings = settingsOf(identity, profile, cardKeys.current() !== null);
  const push = (input: Input): void => {
    if (!terminal.push(input)) log(`too much at once: a ${input.is} was dropped`);
  };

  const tellOrgan = organTeller(settings.organs);
  const { language, currency, catalogue } = settings.stall;
  const context = driverContext(profile, options.data, language);
  const vocabulary = vendorVocabulary(currency, catalogue);
  const organs = new Organs(profile, context, vocabulary, systemClock, {
    key: (key) => push({ is: 'key', key }),
    scan: (scan) => push({ is: 'scan', scan }),
    card: (reader, event) => push({ is: 'card', reader, event }),
    log,
    organ(name, state) {
      push({ is: 'organ', name, state });
      tellOrgan(name, state);
    },
  });
  const password = base64url(settings.keys.broker);
  const broker = options.broker ?? identity.broker;
  const clock = systemClock;
  const { data: dataDirectory } = options;
  const keepKeys = async (keys: CardKeys): Promise<void> => {
    await cardKeys.keep(keys);
    const kept = cardKeys.kept();
    // Said each time: that it was said before may never have arrived.
    if (kept !== null) push({ is: 'card_keys', kept });
  };
  const renewal = keepCertificate({
    ...{ dataDirectory, identity, clock, log },
    keepCardKeys: keepKeys,
  });
  const { credentials } = renewal;
  const link = openLink(
    {
      ...{ broker, terminal: identity.terminal, password, credentials },
      ...{ clock, chance: systemChance },
    },
    linkEvents(identity, push, keepKeys),
  );
  const ports = {
    ...{ clock, chance: systemChance, journal, link, outlets: organs, log },
    workCard: cardWorker(cardKeys, organs),
    transmit: organs.transmit.bind(organs),
  };
  const terminal = new Terminal(settings, entries, ports);
  push({ is: 'tick' });

  const stop = async (): Promise<void> => {
    // An organ that hangs must not keep the terminal from ending, nor a call that never returns.
    systemClock.after(STOP_TIMEOUT_MS, () => process.exit(0));
    endWithin(STOP_TIMEOUT_MS + END_TIMEOUT_MS);
    terminal.stop();
    renewal.close();
    await Promise.all([organs.close(), link.close()]);
    await disk.close();
    locked.unlock();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

main().catch((error: unknown) => {
  const expected = error instanceof UsageError || error instanceof EnrolmentError;
  const text = error instanceof Error ? (expected ? error.message : error.stack) : String(error);
  process.stderr.write(`terminal: ${text}\n`);
  process.exit(expected ? 2 : 1);
});
