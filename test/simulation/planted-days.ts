/** What is planted where business days are closed and compared. */
import { inTables, inTerminal, type PlantedFault } from './plant-kit.ts';

/** By the name that `--plant` takes. */
export const DAY_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'short-day': {
    what: 'a line of a day is left out of what the journal is given',
    found: /^(day|journal|stuck)/,
    planted: inTerminal((chance) => ({
      ports: (ports) => ({
        ...ports,
        journal: {
          append: (entries) =>
            ports.journal.append(
              entries.map((entry) =>
                entry.kind === 'day_closed' && chance.happens(0.5)
                  ? { ...entry, day: { ...entry.day, lines: entry.day.lines.slice(1) } }
                  : entry,
              ),
            ),
        },
      }),
    })),
  },
  'never-mended': {
    what: 'a difference of a day that is mended stays in its report',
    found: /^stuck/,
    planted: inTables(({ days }) => ({ days: { ...days, heal: () => undefined } })),
  },
  'other-day': {
    what: 'an order of a closed day is stated in the next one again',
    found: /^(day|stuck)/,
    planted: inTerminal(() => ({
      ports(ports) {
        let last: string | null = null;
        return {
          ...ports,
          journal: {
            append: (entries) =>
              ports.journal.append(
                entries.map((entry) => {
                  if (entry.kind !== 'day_closed') return entry;
                  const again = entry.day.lines.find((line) => line.is === 'order');
                  const lines =
                    last === null ? entry.day.lines : [...entry.day.lines, JSON.parse(last)];
                  last = again === undefined ? last : JSON.stringify(again);
                  return { ...entry, day: { ...entry.day, lines } };
                }),
              ),
          },
        };
      },
    })),
  },
};
