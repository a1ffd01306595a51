/**
 * Brings terminals the keys of the house's cards: also those that enrolled before there was a
 * settlement, and a new version. At each connection and each hour, sealed to the terminal's own secret,
 * so that neither a broker nor who replays an enrolment reads them.
 */
import { createCipheriv } from 'node:crypto';
import { base64url } from '#device/codecs/bytes.ts';
import type { TerminalKeys } from '#device/codecs/keys.ts';
import type { CardKeys, CardKeysKept } from '#device/messages/card.ts';
import type { Chance, Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { KeySpread } from '../settlement/gate.ts';
import type { Tables } from '../store/tables.ts';
import type { Writer } from '../store/writer.ts';
import type { Downlinks } from './downlinks.ts';

export interface CardKeyParts {
  readonly tables: Pick<Tables, 'terminals' | 'cardPayments'>;
  readonly writer: Writer;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly chance: Chance;
  readonly log: Log;
  readonly downlinks: Pick<Downlinks, 'tell' | 'onArrival'>;
  readonly terminalKeys: (terminal: string) => TerminalKeys | undefined;
  /** Rejects where the settlement can't be asked. */
  readonly cardKeys: () => Promise<CardKeys>;
  /** Tells the settlement how many terminals lack a version; rejects where it can't be told. */
  readonly spread: (told: KeySpread) => Promise<unknown>;
}

const EVERY_MS = 3_600_000;
/** Many terminals that come back together are one question. */
const FRESH_MS = 10_000;

/** AES-256-GCM: 12 bytes of nonce, body, tag; base64url. The terminal's name is authenticated with it. */
export function sealCardKeys(
  keys: CardKeys,
  terminal: string,
  key: Uint8Array,
  nonce: Uint8Array,
): string {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(terminal));
  const body = Buffer.concat([nonce, cipher.update(JSON.stringify(keys), 'utf8'), cipher.final()]);
  return base64url(Buffer.concat([body, cipher.getAuthTag()]));
}

export class CardKeyTeller {
  readonly #parts: CardKeyParts;
  readonly #unlisten: (() => void)[];
  #known: { readonly at: number; readonly keys: Promise<CardKeys> } | null = null;
  #cancel: () => void = () => undefined;
  #closed = false;

  constructor(parts: CardKeyParts) {
    this.#parts = parts;
    this.#unlisten = [
      parts.downlinks.onArrival((terminal) => void this.#tell(terminal)),
      parts.writer.listen((note) => {
        if (note.about !== 'card_keys') return;
        this.#known = null;
        this.#tellAll();
      }),
    ];
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    for (const unlisten of this.#unlisten) unlisten();
  }

  /** A terminal has sealed what it was sent. Rejects with a `StoreError`; the terminal says it again. */
  async kept(terminal: string, { key_version, set_at }: CardKeysKept): Promise<void> {
    const { writer, tables } = this.#parts;
    const known = tables.cardPayments.keptKeys().find((row) => row.terminal === terminal);
    if (known?.key_version === key_version && known.set_at === set_at) return;
    await writer.run((tx) => tx.cardPayments.putKeptKeys({ terminal, key_version, set_at }));
    void this.#count();
  }

  /** Terminals that were expelled are waited for no more. */
  async #count(): Promise<void> {
    const { tables, spread, log } = this.#parts;
    try {
      const { key_version } = await this.#current();
      const have = new Map(
        tables.cardPayments.keptKeys().map((row) => [row.terminal, row.key_version]),
      );
      const lacking = tables.terminals
        .all()
        .filter(({ id, secret }) => secret !== null && (have.get(id) ?? -1) < key_version);
      await spread({ key_version, waiting: lacking.length });
    } catch (error) {
      if (this.#closed) return;
      const says = `the settlement does not know which terminals have its keys: ${String(error)}`;
      log({ level: 'warn', place: 'notify/card-keys', says });
    }
  }

  #tellAll(): void {
    for (const { id, secret } of this.#parts.tables.terminals.all()) {
      if (secret !== null) void this.#tell(id);
    }
  }

  async #tell(terminal: string): Promise<void> {
    const { terminalKeys, chance, downlinks, log } = this.#parts;
    try {
      const keys = await this.#current();
      const key = terminalKeys(terminal)?.card_keys;
      if (this.#closed || key === undefined) return;
      const sealed = sealCardKeys(keys, terminal, key, chance.bytes(12));
      downlinks.tell(terminal, { kind: 'card_keys', sealed });
    } catch (error) {
      if (this.#closed) return;
      const says = `${terminal} gets no card keys yet: ${String(error)}`;
      log({ level: 'warn', place: 'notify/card-keys', says });
    }
  }

  #current(): Promise<CardKeys> {
    const { clock, cardKeys } = this.#parts;
    const at = clock.monotonic();
    if (this.#known === null || at - this.#known.at > FRESH_MS) {
      this.#known = { at, keys: cardKeys() };
    }
    return this.#known.keys;
  }

  #arm(): void {
    const { clock } = this.#parts;
    this.#cancel = clock.after(EVERY_MS, () => {
      this.#tellAll();
      void this.#count();
      this.#arm();
    });
  }
}
