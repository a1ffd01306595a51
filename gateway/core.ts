/** The gateway without its doors: services over one store. Doors and simulations hang on it. */
import type { Identity } from '#device/messages/enrolment.ts';
import { Payments } from './acquirer/payments.ts';
import type { Chance, Clock } from './clock.ts';
import type { GatewayKeys } from './keys.ts';
import type { Log } from './log.ts';
import { Matching } from './matching/matching.ts';
import { Uplinks } from './mqtt/uplinks.ts';
import { Changes } from './notify/changes.ts';
import { Downlinks } from './notify/downlinks.ts';
import { startExpiry } from './orders/expiry.ts';
import { openSqlite } from './store/sqlite/engine.ts';
import type { Tables } from './store/tables.ts';
import { Writer } from './store/writer.ts';
import { type Enrolled, enrol } from './terminals/enrolment.ts';
import { Registry } from './terminals/registry.ts';

export interface CoreOptions {
  /** File of the database, or `:memory:`. */
  readonly database: string;
  readonly keys: GatewayKeys;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Calls back soon: units that arrive before it does share a commit. */
  readonly defer: (then: () => void) => void;
}

export interface Addresses {
  readonly broker: Identity['broker'];
  readonly payUrl: Identity['pay_url'];
}

export interface Core extends CoreOptions {
  /** For reading; whatever is written goes through the writer. */
  readonly tables: Tables;
  readonly writer: Writer;
  readonly registry: Registry;
  readonly matching: Matching;
  readonly payments: Payments;
  readonly downlinks: Downlinks;
  readonly changes: Changes;
  readonly uplinks: Uplinks;
  enrol(code: string, idempotencyKey: string | null, addresses: Addresses): Promise<Enrolled>;
  /** Commits what is queued and closes the store. */
  close(): void;
}

/** Opens the store and starts the timers; throws a `StoreError` where it can't. */
export function openCore(options: CoreOptions): Core {
  const { database, keys, clock, chance, log, defer } = options;
  const engine = openSqlite(database);
  const { tables } = engine;
  const writer = new Writer(engine, defer);
  const registry = new Registry(tables);
  const downlinks = new Downlinks({ tables, writer, clock, keys, log });
  const stopExpiry = startExpiry(tables, writer, clock, log);
  return {
    ...options,
    tables,
    writer,
    registry,
    downlinks,
    matching: new Matching({ tables, writer, clock, keys, terminalKeys: registry.keys }),
    payments: new Payments({ tables, writer, clock, chance, keys }),
    changes: new Changes(writer),
    uplinks: new Uplinks({
      tables,
      writer,
      clock,
      registry,
      downlinks,
      log,
      unpair: () => Promise.resolve(),
    }),
    enrol: (code, idempotencyKey, addresses) =>
      enrol({ writer, clock, chance, keys, addresses: () => addresses }, code, idempotencyKey),
    close() {
      stopExpiry();
      downlinks.close();
      writer.close();
    },
  };
}
