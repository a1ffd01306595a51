/**
 * What faults are planted with: wrappers around ports and services, in test code alone.
 */
import { readDownlink } from '#device/messages/signed.ts';
import type { Disk } from '#device/ports/disk.ts';
import type { Core } from '#gateway/core.ts';
import type { PaymentPlatform } from '#gateway/pairing/platforms/platform.ts';
import type { PeerClient } from '#gateway/peers/client.ts';
import type { Role } from '#gateway/roles.ts';
import type { Engine, Tables } from '#gateway/store/tables.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { Serve } from './peer-wire.ts';
import type { Wanted } from './plan.ts';
import type { TerminalPlant } from './terminal-machine.ts';

export interface Planted {
  /** Where it shows soon: a short world with what it takes. */
  readonly wanted?: Wanted;
  readonly terminal: (chance: SeededChance, id: string) => TerminalPlant;
  readonly engine: (chance: SeededChance, roles: readonly Role[]) => (engine: Engine) => Engine;
  readonly peer: (client: PeerClient, who: Serve) => PeerClient;
  readonly platform: (platform: PaymentPlatform) => PaymentPlatform;
  /** What the order centre hears where a terminal says `message`. */
  readonly uplink: (core: Core, terminal: string, message: Uint8Array) => Uint8Array;
}

const SOUND: TerminalPlant = {
  disk: (disk) => disk,
  ports: (ports) => ports,
  read: readDownlink,
  forgetsMarks: false,
};

export const NOTHING_PLANTED: Planted = {
  terminal: () => SOUND,
  engine: () => (engine) => engine,
  peer: (client) => client,
  platform: (platform) => platform,
  uplink: (_core, _terminal, message) => message,
};

/** In each terminal. */
export const inTerminal = (plant: (chance: SeededChance) => Partial<TerminalPlant>): Planted => ({
  ...NOTHING_PLANTED,
  terminal: (chance) => ({ ...SOUND, ...plant(chance) }),
});

/** In the tables of each store. */
export const inTables = (
  change: (tables: Tables, chance: SeededChance) => Partial<Tables>,
): Planted => ({
  ...NOTHING_PLANTED,
  engine: (chance) => (engine) => ({
    ...engine,
    tables: { ...engine.tables, ...change(engine.tables, chance) },
  }),
});

export interface PlantedFault {
  /** What was done wrong. */
  readonly what: string;
  /** The word that the auditor's complaint begins with, after the place. */
  readonly found: RegExp;
  readonly planted: Planted;
}

/** A disk with verbs of its own; the rest are those of `disk`. */
export const overDisk = (disk: Disk, own: Partial<Disk>): Disk => ({
  append: (bytes) => disk.append(bytes),
  replace: (bytes) => disk.replace(bytes),
  read: () => disk.read(),
  sync: () => disk.sync(),
  truncate: (length) => disk.truncate(length),
  ...own,
});

/** A call of `path` that failed is made again under another id. */
export function repeatAnew(client: PeerClient, path: string): PeerClient {
  let repeats = 0;
  return {
    async call(request) {
      try {
        return await client.call(request);
      } catch (error) {
        if (request.path !== path) throw error;
        repeats += 1;
        const id = `${request.id}-${repeats}`;
        return client.call({ ...request, id, body: { ...(request.body as object), id } });
      }
    },
  };
}

/** A decline of `path` is read as what `granted` makes of the request's id. */
export const neverDeclined = (
  client: PeerClient,
  path: string,
  granted: (id: string) => object,
): PeerClient => ({
  async call(request) {
    const answer = await client.call(request);
    const said = (answer.body as { readonly said?: string } | null)?.said;
    if (request.path !== path || said !== 'declined') return answer;
    return { ...answer, body: granted(request.id ?? '') };
  },
});
