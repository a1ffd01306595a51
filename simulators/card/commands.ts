/** Every command that the card knows, by its instruction byte. */
import type { CommunicationMode } from '#device/codecs/desfire.ts';
import { APPLICATION_COMMANDS } from './application-commands.ts';
import type { Card } from './card.ts';
import { DATA_COMMANDS } from './data-commands.ts';
import { FILE_COMMANDS } from './file-commands.ts';
import { KEY_COMMANDS } from './key-commands.ts';
import { VALUE_COMMANDS } from './value-commands.ts';

/** One command; whatever it finds wrong, it throws as a `CardError`. */
export interface Command {
  /** Length of the parameters that are never encrypted. */
  header(payload: Uint8Array): number;
  /** Bytes of data that the parameters announce; more frames are asked for until they are there. */
  due?(header: Uint8Array): number;
  /** Whether data come with it. */
  readonly writes: boolean;
  /** How it travels in a session; refuses whoever has no right to it, session or not. */
  mode(card: Card, header: Uint8Array): CommunicationMode;
  /** The answer's data: whole, or in the frames that the data sheet names. */
  run(card: Card, header: Uint8Array, data: Uint8Array): Uint8Array | readonly Uint8Array[];
}

export const COMMANDS: ReadonlyMap<number, Command> = new Map([
  ...APPLICATION_COMMANDS,
  ...KEY_COMMANDS,
  ...FILE_COMMANDS,
  ...DATA_COMMANDS,
  ...VALUE_COMMANDS,
]);
