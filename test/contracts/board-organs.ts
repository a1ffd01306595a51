/** The real organs of a board's profile, where the environment names one: contracts then hold for those. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { readBoard } from '#firmware/boards.ts';
import {
  type DriverEvents,
  driverContext,
  openOrgan,
  type TerminalOrgan,
  terminalOrgans,
} from '#firmware/drivers.ts';

export interface BoardOrgan {
  /** For people: board and organ. */
  readonly title: string;
  readonly driver: TerminalOrgan['driver'];
  open(events: DriverEvents): ReturnType<typeof openOrgan>;
}

/** `undefined` where the simulated ones are meant. */
export const BOARD = process.env.TERMINAL_BOARD;

/** Every organ of the terminal on that board; throws where there is no such board. */
export function boardOrgans(board: string): BoardOrgan[] {
  const read = readBoard(readFileSync('boards.json', 'utf8'), board);
  assert.ok(read.ok, `${board} is a board`);
  const context = driverContext(read.profile, tmpdir(), 'en');
  return terminalOrgans(read.profile).map(([name, settings]) => ({
    title: `${board} ${name}`,
    driver: settings.driver,
    open: (events) => openOrgan(name, settings, context, events),
  }));
}
