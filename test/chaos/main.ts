/**
 * `npm run chaos`: a gateway and terminals as real processes, killed and cut off from each other at
 * random while vendors sell and customers pay. Then everything heals, and both sides must agree.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalEntry } from '#device/messages/journal.ts';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { readCount, readMinutes, readOptions, readSeed, speaker } from '#test/command.ts';
import { until } from '#test/until.ts';
import { audit, isQuiet } from './audit.ts';
import { type HeldCard, issueCards, reconcile, tapAll } from './cards.ts';
import { type Doings, tend } from './people.ts';
import { openStreet, type Street } from './street.ts';
import { trouble } from './troubles.ts';

const USAGE = `usage: npm run chaos -- [options]
  --minutes N     how long there is trouble (default a third)
  --seed N        the same troubles again; without it fresh ones
  --terminals N   how many terminals (default 3)`;

const PAYERS = 3;
/** Orders that nobody pays end by themselves in this time, and retries are at most a minute apart. */
const HEAL_MS = 150_000;

const say = speaker('chaos');

const journalsOf = (street: Street): Promise<(readonly JournalEntry[])[]> =>
  Promise.all(street.stalls.map((stall) => stall.journal()));

/**
 * Waits until every sale has ended on its terminal, and settlement misses nothing; whoever has a card
 * holds it to each reader meanwhile. How long it took, or `null`.
 */
async function heal(street: Street, cards: readonly HeldCard[]): Promise<number | null> {
  const began = performance.now();
  await Promise.all(street.stalls.map(({ wire }) => wire.apply({ fault: 'clear' })));
  while (performance.now() - began < HEAL_MS) {
    await tapAll(street, cards);
    const quiet = (await journalsOf(street)).every(isQuiet);
    if (quiet && (await reconcile(street))?.clean === true) return performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return null;
}

/** Programs that ended without being killed. */
const fallen = ({ gateway, stalls }: Street): string[] =>
  [gateway, ...stalls.map(({ machine }) => machine)].flatMap(({ view }) =>
    view.state === 'ready' ? [] : [`a program is ${view.state}: ${view.why}`],
  );

/** How long the last acknowledgements may be on their way after the last journal is quiet. */
const LAST_WORD_MS = 20_000;

/** What both sides say when they agree, or have had time enough to; closes the street. */
async function audited(
  street: Street,
  cards: readonly HeldCard[],
  doings: Doings,
): Promise<ReturnType<typeof audit>> {
  const look = async () =>
    audit(street.store, await journalsOf(street), cards, doings.told, PAYERS);
  const agree = async (): Promise<boolean> => (await look()).complaints.length === 0;
  await until('both sides to agree', agree, LAST_WORD_MS).catch(() => undefined);
  const journals = await journalsOf(street);
  await street.close();
  return audit(street.store, journals, cards, doings.told, PAYERS);
}

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const options = { minutes: text, seed: text, terminals: text };
  const { minutes, seed, terminals } = readOptions(USAGE, options, (asked) => ({
    minutes: readMinutes(asked.minutes, 1 / 3),
    seed: readSeed(asked.seed),
    terminals: readCount('terminals', asked.terminals, 3),
  }));
  const directory = mkdtempSync(join(tmpdir(), 'hawker-chaos-'));
  const chance = new SeededChance(seed);
  say(`seed ${seed}`);
  const street = await openStreet(directory, terminals, PAYERS, chance);
  const doings: Doings = { told: [], keyed: 0, cancelled: 0, attempts: 0, taps: 0, loads: [] };
  const complaints: string[] = [];
  try {
    const cards = await issueCards(street, chance);
    const ends = performance.now() + minutes * 60_000;
    const goesOn = (): boolean => performance.now() < ends;
    const [troubles] = await Promise.all([
      trouble(street, chance.stream('troubles'), goesOn),
      ...street.stalls.map((stall) =>
        tend(street, stall, cards, chance.stream(`vendor ${stall.name}`), doings, goesOn),
      ),
    ]);
    const happened = Object.entries(troubles).map(([what, count]) => `${what} ${count}`);
    const { keyed, attempts, taps, loads } = doings;
    const done = `${keyed} orders, ${attempts} payments tried, ${taps} taps, ${loads.length} loads`;
    say(`${happened.join(', ')}; ${done}`);
    const healed = await heal(street, cards);
    if (healed === null) complaints.push(`not quiet ${HEAL_MS / 1000} s after all was well again`);
    else say(`healed in ${(healed / 1000).toFixed(1)} s`);
    complaints.push(...fallen(street));
    const { complaints: found, paid, byPhone } = await audited(street, cards, doings);
    complaints.push(...found);
    if (complaints.length === 0) {
      say(`${byPhone} paid by phone and ${paid - byPhone} by card, each once; all sides agree`);
    }
  } catch (error) {
    complaints.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    await street.close();
  }
  if (complaints.length === 0) {
    rmSync(directory, { recursive: true, force: true });
    return 0;
  }
  for (const stall of street.stalls) stall.keepWhatItSaid();
  say(`failed with seed ${seed}:\n${complaints.join('\n')}`);
  say(`stores and journals are kept: ${directory}`);
  return 1;
}

process.exit(await main());
