/** The card that is simulated, and the reader's side of a talk with a card that answers anything. */
import { concat, hex, utf8 } from '#device/codecs/bytes.ts';
import type { Exchange } from '#device/codecs/desfire-exchange.ts';
import { mintCardId, purseKey, terminalMark } from '#device/codecs/purse.ts';
import { makePurse } from '#device/codecs/purse-making.ts';
import { oneByOne } from '#device/codecs/purse-rounds.ts';
import { commitDebit, creditPurse, prepareDebit } from '#device/codecs/purse-talks.ts';
import { Card } from '#simulators/card/card.ts';
import { Eeprom } from '#simulators/card/eeprom.ts';
import { writeState } from '#simulators/card/state.ts';
import { DEBIT, opened, purse, repeatable } from '#test/card/bench.ts';
import { broken, type Door } from './door.ts';

const NATIVE = '90bd0000070100000010000000,906a000000,90 6f000000,905a000003e01cf500,90af000000';
const commands = [
  ...NATIVE.replaceAll(' ', '').split(','),
  ...['00a4040c0c4841574b45522e5055525345', '906c0000010100', '90f50000010100', '90c7000000'],
  ...['9071000008010600000000000000', '90aa0000010100', '90dc000005010a00000000', '90fc000000'],
  ...['903b00000f010000000800000001020304050607080900', '9051000000', '90600000', '90ca000000'],
];

/** One command of any kind to a card whose debit key was proven, and one to a card as it wakes. */
export function cardDoor(): Door {
  return {
    name: 'card',
    shape: 'bytes',
    golden: commands.map((text) => Uint8Array.from(Buffer.from(text, 'hex'))),
    take(input) {
      for (const wakes of [true, false]) {
        const card = purse({ eeprom: new Eeprom(KEPT.eeprom.image()) });
        if (!wakes) opened(card, DEBIT);
        const before = hex(writeState(card.state));
        const answer = card.process(input).bytes;
        if (answer.length < 2 || answer.length > 2 + 60) broken(`answers ${answer.length} bytes`);
        const after = hex(writeState(card.state));
        // The session's key may debit, but nothing counts before it commits.
        if (after !== before) broken(`${hex(input)} changed the card and answered ${hex(answer)}`);
        card.powerDown();
        if (hex(writeState(card.state)) !== before)
          broken(`${hex(input)} is there after power-down`);
      }
    },
  };
}

const KEPT = purse();

const UID = Uint8Array.of(0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66);
const own = (seed: number): Uint8Array => purseKey(new Uint8Array(16).fill(seed), UID);
const PURSE = { master: own(1), debit: own(2), load: own(3), read: own(4) };
const LOADED = 10_000;
const PRICE = 1250;

const line = (kind: 'debit' | 'load', amountMinor: number, balanceMinor: number) => ({
  ...{ kind, amountMinor, balanceMinor, order: '0123456789ABCDEF', atS: 1_900_000 },
  terminal: terminalMark('t-0001'),
});

/** Runs a talk to its end over whatever carries it. */
function talk<Result>(said: Exchange<Result>, transmit: (apdu: Uint8Array) => Uint8Array): Result {
  let step = said.next();
  while (!step.done) step = said.next(transmit(step.value));
  return step.value;
}

function makeLoaded(): Card {
  const chance = repeatable(77);
  const card = new Card({ uid: UID, chance: repeatable() });
  const transmit = (apdu: Uint8Array): Uint8Array => card.process(apdu).bytes;
  const holder = { card: mintCardId(repeatable(4)(10)), currency: 156, personalisedAtS: 1_800_000 };
  const cardKey = purseKey(new Uint8Array(16).fill(9), UID, 0);
  const proof = { transactionKey: own(5), keyVersion: 1, mostMinor: 100_000 };
  talk(oneByOne(makePurse({ holder, cardKey, keys: PURSE, ...proof, chance })), transmit);
  card.powerDown();
  const decide = () => line('load', LOADED, LOADED);
  const opening = { key: PURSE.load, rndA: chance(16) };
  talk(oneByOne(creditPurse({ ...opening, decide })), transmit);
  card.powerDown();
  return card;
}

/** What stands on the card, asked with a reader of its own over a clean line. */
function balanceOf(card: Card): number {
  const opening = { key: PURSE.debit, rndA: repeatable(5)(16) };
  const read = talk(oneByOne(prepareDebit(opening)), (apdu) => card.process(apdu).bytes);
  card.powerDown();
  return read.ok ? read.balanceMinor : Number.NaN;
}

/**
 * What a reader makes of a card whose answers somebody changes: the input is XORed over them, byte
 * after byte. A debit that it believes was made once; one that it does not was made once at most.
 */
export function answerDoor(): Door {
  const kept = makeLoaded();
  if (balanceOf(kept) !== LOADED) throw new Error('the card was not loaded');
  return {
    name: 'card-answers',
    shape: 'bytes',
    golden: [new Uint8Array(600), concat(new Uint8Array(260), utf8('x'), new Uint8Array(340))],
    take(input) {
      const card = new Card({ eeprom: new Eeprom(kept.eeprom.image()), chance: repeatable() });
      let at = 0;
      let rounds = 0;
      const transmit = (apdu: Uint8Array): Uint8Array => {
        rounds += 1;
        if (rounds > 1500) broken('the talk does not end');
        const answer = card.process(apdu).bytes;
        const spoilt = answer.map((byte) => byte ^ (input[at++] ?? 0));
        return rounds % 3 === 2 && (input.length & 7) === 7 ? spoilt.slice(0, -1) : spoilt;
      };
      const opening = { key: PURSE.debit, rndA: repeatable(3)(16) };
      const open = talk(oneByOne(prepareDebit(opening)), transmit);
      let believed = false;
      if (open.ok && open.balanceMinor !== LOADED) broken(`reads ${open.balanceMinor}`);
      if (open.ok) {
        const record = line('debit', PRICE, open.balanceMinor - PRICE);
        believed = talk(oneByOne(commitDebit(open, record)), transmit).ok;
      }
      card.powerDown();
      const left = balanceOf(card);
      if (left !== LOADED && left !== LOADED - PRICE) broken(`${left} is left`);
      if (believed && left === LOADED) broken('believes a debit that was not made');
    },
  };
}
