/** What every card reader promises: on a virtual reader in the real pcscd, on a PN532, on metal. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { hex } from '#device/codecs/bytes.ts';
import { INS, wrap } from '#device/codecs/desfire.ts';
import {
  commitTransaction,
  debit,
  getValue,
  selectApplication,
} from '#device/codecs/desfire-commands.ts';
import {
  authenticateEv2First,
  converse,
  type Exchange,
  exchange,
  PLAIN,
} from '#device/codecs/desfire-exchange.ts';
import type { DeviceError } from '#device/ports/device.ts';
import type { CardPresence, Reader, ReaderEvents } from '#device/ports/reader.ts';
import type { Card } from '#simulators/card/card.ts';
import type { Field, Tear } from '#simulators/card/field.ts';
import {
  AID,
  DEBIT,
  FILES,
  KEYS,
  opened,
  purse,
  repeatable,
  UID,
  ZERO_KEY,
} from '#test/card/bench.ts';
import { until } from '#test/until.ts';

/** What a test does to the reader's other end; on metal there is nobody to do it. */
export interface ReaderStand {
  readonly field: Field;
  present(...cards: readonly Card[]): Promise<void>;
  remove(): Promise<void>;
  tear(tear: Tear): void;
  /** The reader, or the card on it, takes commands and answers none. */
  hang(on: boolean): Promise<void>;
}

export interface ReaderBench {
  open(events: ReaderEvents): Promise<Reader>;
  readonly stand: ReaderStand | null;
  close(): Promise<void>;
}

const OTHER_UID = Uint8Array.of(0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66);
const VERSION = wrap(INS.getVersion);
const SELECT = wrap(INS.selectApplication, Uint8Array.of(0xe0, 0x1c, 0xf5));

/** Hears what a reader tells. */
export class Ear implements ReaderEvents {
  readonly arrivals: CardPresence[] = [];
  readonly departures: CardPresence[] = [];
  readonly losses: DeviceError[] = [];
  unreadables = 0;

  arrived(card: CardPresence): void {
    this.arrivals.push(card);
  }
  left(card: CardPresence): void {
    this.departures.push(card);
  }
  unreadable(): void {
    this.unreadables += 1;
  }
  lost(error: DeviceError): void {
    this.losses.push(error);
  }

  /** The next card that arrives after the `known` ones. */
  arrival(known: number): Promise<CardPresence> {
    return until('a card to arrive', () => this.arrivals[known]);
  }
  departure(of: CardPresence): Promise<true> {
    return until('the card to leave', () => this.departures.includes(of));
  }
}

/** Commands that reached the card. */
export function overhear(card: Card): string[] {
  const heard: string[] = [];
  const real = card.process.bind(card);
  card.process = (apdu) => {
    heard.push(hex(apdu));
    return real(apdu);
  };
  return heard;
}

/** A card's balance, as the card itself has it. */
export function balanceOf(card: Card): number {
  card.powerDown();
  const told = opened(card, DEBIT).must(getValue(FILES.value, 'full'));
  card.powerDown();
  return new DataView(told.buffer).getInt32(0, true);
}

export function describeReaderContract(name: string, setUp: () => Promise<ReaderBench>): void {
  describe(`reader contract on ${name}`, () => {
    let bench: ReaderBench;
    let reader: Reader;
    let ear = new Ear();

    before(async () => {
      bench = await setUp();
      reader = await bench.open({
        arrived: (card) => ear.arrived(card),
        left: (card) => ear.left(card),
        unreadable: () => ear.unreadable(),
        lost: (error) => ear.lost(error),
      });
    });
    beforeEach(async () => {
      await bench.stand?.remove();
      const empty = (): boolean => ear.arrivals.every((card) => ear.departures.includes(card));
      if (bench.stand !== null) await until('the reader to be empty', () => empty() || over());
      ear = new Ear();
    });
    const over = (): boolean => ear.losses.length > 0;
    after(async () => {
      await reader?.close();
      await bench?.close();
    });

    const stand = (): ReaderStand => {
      assert.ok(bench.stand, 'there is another end');
      return bench.stand;
    };
    async function tap(card: Card): Promise<CardPresence> {
      const known = ear.arrivals.length;
      await stand().present(card);
      return ear.arrival(known);
    }
    async function say<Result>(to: CardPresence, talk: Exchange<Result>): Promise<Result> {
      return converse(talk, async (apdu) => {
        const result = await reader.transmit(to, apdu);
        return result.ok ? result.response : new Uint8Array(0);
      });
    }
    async function pay(to: CardPresence, amount: number): Promise<string> {
      const chosen = await say(to, exchange(PLAIN, selectApplication(AID)));
      const key = KEYS[DEBIT] ?? ZERO_KEY;
      const proven = await say(to, authenticateEv2First(DEBIT, key, repeatable(7)(16)));
      if (!chosen.ok || !proven.ok) return 'refused';
      const debited = await say(to, exchange(proven.session, debit(FILES.value, amount, 'full')));
      if (!debited.ok) return debited.refusal.why;
      const done = await say(to, exchange(debited.session, commitTransaction(true)));
      return done.ok ? hex(done.data.slice(0, 4)) : done.refusal.why;
    }

    test('a card arrives with its UID, answers, and leaves', async () => {
      const card = await tap(purse());
      assert.deepEqual([hex(card.uid), hex(card.historical)], [hex(UID), '80']);
      const answer = await reader.transmit(card, VERSION);
      assert.ok(answer.ok && hex(answer.response) === '04010112001a0591af');
      await stand().remove();
      await ear.departure(card);
      assert.deepEqual([ear.arrivals.length, ear.departures.length], [1, 1]);
    });

    test('a whole payment goes through it', async () => {
      const card = purse();
      assert.equal(await pay(await tap(card), 1250), '01000000');
      assert.equal(balanceOf(card), 8750);
    });

    test('of commands that overlap each gets its own answer, in order', async () => {
      const card = purse();
      const heard = overhear(card);
      const presence = await tap(card);
      const apdus = Array.from({ length: 12 }, (_, at) => (at % 2 === 0 ? SELECT : VERSION));
      apdus.push(wrap(INS.additionalFrame), wrap(INS.additionalFrame));
      const answers = await Promise.all(
        apdus.slice(1).map((apdu) => reader.transmit(presence, apdu)),
      );
      assert.deepEqual(heard, apdus.slice(1).map(hex));
      const words = answers.map((answer) => (answer.ok ? hex(answer.response).slice(-4) : 'gone'));
      // A version is cut short by the next command, which is refused and ends it.
      assert.deepEqual(words.slice(0, 4), ['91af', '91ca', '91af', '91ca']);
      assert.deepEqual(words.slice(-3), ['91af', '91af', '9100']);
    });

    for (const when of ['before', 'after'] as const) {
      test(`torn ${when} the commit took effect: the card is gone, and knows`, async () => {
        const card = purse();
        const presence = await tap(card);
        stand().tear({ apdu: 5, when });
        assert.equal(await pay(presence, 1250), 'malformed');
        await ear.departure(presence);
        assert.equal(balanceOf(card), when === 'before' ? 10_000 : 8750);
        const again = await tap(card);
        assert.notEqual(again.number, presence.number);
        assert.deepEqual(await reader.transmit(presence, VERSION), { ok: false, gone: 'card' });
        const answer = await reader.transmit(again, VERSION);
        assert.ok(answer.ok);
      });
    }

    test('swapped right after a tear, the other card hears nothing of the old talk', async () => {
      const [first, second] = [purse(), purse({ uid: OTHER_UID })];
      const heard = overhear(second);
      const presence = await tap(first);
      stand().tear({ apdu: 1, when: 'after' });
      const known = ear.arrivals.length;
      const talks = Array.from({ length: 5 }, () => reader.transmit(presence, VERSION));
      await talks[0];
      await stand().present(second);
      const results = await Promise.all(talks);
      assert.ok(results.every((result) => !result.ok && result.gone === 'card'));
      const other = await ear.arrival(known);
      assert.equal(hex(other.uid), hex(OTHER_UID));
      assert.deepEqual(heard, []);
      assert.deepEqual(await reader.transmit(presence, SELECT), { ok: false, gone: 'card' });
      const answer = await reader.transmit(other, SELECT);
      assert.ok(answer.ok && hex(answer.response) === '9100');
      assert.deepEqual(heard, [hex(SELECT)]);
    });

    test('swapped with no command under way, secure messaging tells', async () => {
      const [first, second] = [purse(), purse({ uid: OTHER_UID })];
      const presence = await tap(first);
      await say(presence, exchange(PLAIN, selectApplication(AID)));
      const key = KEYS[DEBIT] ?? ZERO_KEY;
      const proven = await say(presence, authenticateEv2First(DEBIT, key, repeatable(7)(16)));
      assert.ok(proven.ok);
      await stand().present(second);
      const done = await say(presence, exchange(proven.session, debit(FILES.value, 5, 'full')));
      assert.equal(done.ok, false);
      assert.deepEqual([balanceOf(first), balanceOf(second)], [10_000, 10_000]);
    });

    test('put back at once after a tear it is a new presence, without the old session', async () => {
      const card = purse();
      const presence = await tap(card);
      stand().tear({ apdu: 1, when: 'before' });
      const known = ear.arrivals.length;
      assert.deepEqual(await reader.transmit(presence, VERSION), { ok: false, gone: 'card' });
      await stand().present(card);
      const again = await ear.arrival(known);
      assert.ok(again.number > presence.number);
      assert.equal(await pay(again, 100), '01000000');
    });

    test('garbage is handed on or is a tear, and no payment comes of it', async () => {
      const card = purse();
      const presence = await tap(card);
      for (const garbage of ['00', '0102', '9000', 'ff'.repeat(60)]) {
        stand().field.garbage = () => Uint8Array.from(Buffer.from(garbage, 'hex'));
        const last = ear.arrivals.at(-1) ?? presence;
        assert.equal(await pay(last, 100), 'refused');
      }
      stand().field.garbage = null;
      assert.equal(balanceOf(card), 10_000);
    });

    test('two cards at once are unreadable; one of them alone is read', async () => {
      const [first, second] = [purse(), purse({ uid: OTHER_UID })];
      await stand().present(first, second);
      await until('it to be told', () => ear.unreadables > 0);
      assert.deepEqual(ear.arrivals, []);
      await stand().remove();
      assert.equal(hex((await tap(second)).uid), hex(OTHER_UID));
    });

    test('no answer in time is an error in time, and a fresh reader works', async () => {
      const card = purse();
      const presence = await tap(card);
      await stand().hang(true);
      const begun = performance.now();
      const hung = [reader.transmit(presence, VERSION, 200), reader.transmit(presence, VERSION)];
      const results = await Promise.all(hung);
      assert.ok(performance.now() - begun < 10_000);
      assert.deepEqual(results, [
        { ok: false, gone: 'silent' },
        { ok: false, gone: 'silent' },
      ]);
      assert.equal(ear.losses[0]?.code, 'timeout');
      await reader.close();
      await stand().hang(false);
      await stand().remove();
      ear = new Ear();
      reader = await bench.open({
        arrived: (each) => ear.arrived(each),
        left: (each) => ear.left(each),
        unreadable: () => ear.unreadable(),
        lost: (error) => ear.lost(error),
      });
      assert.equal(await pay(await tap(card), 1250), '01000000');
    });

    test('closed, nothing is sent; closing twice is fine and tells no loss', async () => {
      const card = purse();
      const presence = await tap(card);
      const heard = overhear(card);
      const last = reader.transmit(presence, VERSION);
      await Promise.all([reader.close(), reader.close()]);
      await last;
      heard.length = 0;
      assert.deepEqual(await reader.transmit(presence, VERSION), { ok: false, gone: 'reader' });
      assert.deepEqual([heard, ear.losses], [[], []]);
    });
  });
}
