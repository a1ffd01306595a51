/** What every modem promises, in a simulated network and on metal. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeviceError } from '#device/ports/device.ts';
import {
  CALL_RATE,
  type Call,
  type CallEnd,
  isRegistered,
  type Modem,
  type ModemEvents,
  type ReceivedSms,
  type SmsReport,
} from '#device/ports/modem.ts';
import type { ModemSimulator } from '#simulators/modem/modem.ts';
import { until } from '#test/until.ts';

export interface ModemBench {
  open(events: ModemEvents): Promise<Modem>;
  /** On metal nobody calls by himself: what needs a caller is skipped. */
  readonly network: ModemSimulator | null;
  close(): Promise<void>;
}

/** Everything that a modem told. */
export class Ear implements ModemEvents {
  readonly rang: Call[] = [];
  readonly waited: Call[] = [];
  readonly ends: { call: Call; how: CallEnd }[] = [];
  readonly keys: string[] = [];
  readonly messages: ReceivedSms[] = [];
  readonly reports: SmsReport[] = [];
  readonly losses: DeviceError[] = [];
  readonly registrations: string[] = [];
  heard: Int16Array[] = [];
  said: Int16Array[] = [];
  /** Rejects the next message, as a full disk would. */
  refuses = 0;

  state({ registration }: { readonly registration: string }): void {
    this.registrations.push(registration);
  }
  ringing(call: Call): void {
    this.rang.push(call);
  }
  waiting(call: Call): void {
    this.waited.push(call);
  }
  frame(_: Call, { heard, said }: { readonly heard: Int16Array; readonly said: Int16Array }): void {
    this.heard.push(heard.slice());
    this.said.push(said.slice());
  }
  key(_: Call, key: string): void {
    this.keys.push(key);
  }
  ended(call: Call, how: CallEnd): void {
    this.ends.push({ call, how });
  }
  async sms(message: ReceivedSms): Promise<void> {
    if (this.refuses > 0) {
      this.refuses -= 1;
      throw new Error('the disk is full');
    }
    this.messages.push(message);
  }
  report(report: SmsReport): void {
    this.reports.push(report);
  }
  lost(error: DeviceError): void {
    this.losses.push(error);
  }
}

export const ALICE = '+8613800000001';
export const BOB = '+8613800000002';
export const CAROL = '+8613800000003';

/** A tone that no other is mistaken for. */
export const tone = (hertz: number, ms: number): Int16Array =>
  Int16Array.from({ length: (CALL_RATE * ms) / 1000 }, (_, at) =>
    Math.round(12_000 * Math.sin((2 * Math.PI * hertz * at) / CALL_RATE)),
  );

/** Whether `samples` hold `part` without a gap, anywhere. */
export function holds(samples: Int16Array, part: Int16Array): boolean {
  const whole = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const sought = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  return whole.includes(sought);
}

export const joined = (frames: readonly Int16Array[]): Int16Array =>
  Int16Array.from(frames.flatMap((frame) => [...frame]));

export function describeModemContract(name: string, setUp: () => Promise<ModemBench>): void {
  describe(`modem contract on ${name}`, () => {
    let bench: ModemBench;
    let modem: Modem;
    const ear = new Ear();
    const network = (): ModemSimulator => {
      assert.ok(bench.network !== null);
      return bench.network;
    };
    /** A call of that phone, ringing here. */
    const rung = async (from: string): Promise<Call> => {
      const before = ear.rang.length;
      network().phone(from).dial();
      return until('it rings', () => ear.rang[before]);
    };
    const over = (call: Call): Promise<CallEnd> =>
      until('the end', () => ear.ends.find((end) => end.call === call)?.how);

    before(async () => {
      bench = await setUp();
      modem = await bench.open(ear);
    });
    after(async () => {
      await modem?.close();
      await bench?.close();
    });

    test('it is registered, and says where and how well', async () => {
      await until('a network', () => isRegistered(modem.state), 60_000);
      assert.ok((modem.state.operator ?? '').length > 0);
      assert.ok(modem.state.signal_dbm === null || modem.state.signal_dbm < 0);
    });

    const calls = { skip: false };
    test(
      'a call rings once, with its number; what is said is heard, both ways',
      calls,
      async (t) => {
        if (bench.network === null) return t.skip('somebody would have to call');
        const phone = network().phone(ALICE);
        const call = await rung(ALICE);
        assert.equal(call.from, ALICE);
        assert.ok(await modem.answer(call));
        assert.equal(phone.call, 'talking');
        const [high, low] = [tone(700, 300), tone(400, 300)];
        const [said] = await Promise.all([modem.say(call, high), phone.speak(low)]);
        assert.equal(said, true);
        await until('both to be heard', () => holds(phone.heard(), high));
        await until('both to be heard', () => holds(joined(ear.heard), low));
        assert.ok(holds(joined(ear.said), high), 'what went out is told with what came in');
        phone.hangUp();
        assert.equal(await over(call), 'caller');
        assert.equal(ear.rang.length, 1);
        assert.equal(await modem.say(call, high), false);
      },
    );

    test('keys are heard in their order, and pressed', async (t) => {
      if (bench.network === null) return t.skip('somebody would have to call');
      const call = await rung(BOB);
      await modem.answer(call);
      network().phone(BOB).press('13800000001#*');
      await until('the keys', () => ear.keys.length >= 13);
      assert.equal(ear.keys.join(''), '13800000001#*');
      assert.ok(await modem.press(call, ['1', '#']));
      assert.equal(network().phone(BOB).keys.join(''), '1#');
      await modem.hangUp(call);
      assert.equal(network().phone(BOB).call, 'ended');
      assert.equal(await over(call), 'us');
    });

    test('it falls silent at once, and knows how much is still to be said', async (t) => {
      if (bench.network === null) return t.skip('somebody would have to call');
      const call = await rung(ALICE);
      await modem.answer(call);
      const long = modem.say(call, tone(500, 20_000));
      const behind = modem.say(call, tone(600, 1000));
      assert.ok(modem.ahead(call) > 20 * CALL_RATE);
      modem.hush(call);
      assert.deepEqual(await Promise.all([long, behind]), [false, false]);
      assert.equal(modem.ahead(call), 0);
      await modem.hangUp(call);
    });

    test('a caller who gives up, one who is refused, one who withholds his number', async (t) => {
      if (bench.network === null) return t.skip('somebody would have to call');
      const gone = await rung(ALICE);
      network().phone(ALICE).hangUp();
      assert.equal(await over(gone), 'unanswered');
      assert.equal(await modem.answer(gone), false);
      const refused = await rung(ALICE);
      await modem.hangUp(refused);
      assert.equal(await over(refused), 'us');
      assert.equal(network().phone(ALICE).call, 'busy');
      network().phone(CAROL).anonymous = true;
      const withheld = await rung(CAROL);
      assert.equal(withheld.from, null);
      await modem.hangUp(withheld);
      network().phone(CAROL).anonymous = false;
    });

    test('a second caller waits and is answered next; a third hears that we are busy', async (t) => {
      if (bench.network === null) return t.skip('somebody would have to call');
      const first = await rung(ALICE);
      await modem.answer(first);
      network().phone(BOB).dial();
      const second = await until('it waits', () => ear.waited.at(-1));
      assert.equal(second.from, BOB);
      assert.equal(await modem.answer(second), false, 'the line is in use');
      network().phone(CAROL).dial();
      assert.equal(network().phone(CAROL).call, 'busy');
      const rings = ear.rang.length;
      await modem.hangUp(first);
      assert.equal(network().phone(BOB).call, 'ringing', 'only the first was ended');
      assert.equal(await until('the second rings', () => ear.rang[rings]), second);
      assert.ok(await modem.answer(second));
      const words = tone(550, 200);
      await network().phone(BOB).speak(words);
      await until('the second is heard', () => holds(joined(ear.heard.slice(-100)), words));
      await modem.hangUp(second);
      assert.equal(await over(second), 'us');
    });

    test('a short message is taken and reported; a long one in two alphabets comes whole', async (t) => {
      if (bench.network === null) return t.skip('it would cost money');
      const long = 'Your order 0123456789: 2 × dumplings. '.repeat(9);
      const chinese = '【林阿姨饺子】订单0123456789，¥25.00，请在30分钟内付款。'.repeat(4);
      for (const text of ['Paid: 12.50 €', long, chinese]) {
        const before = ear.reports.length;
        const sent = await modem.sendSms(ALICE, text);
        assert.ok(sent.ok);
        assert.ok(
          text === 'Paid: 12.50 €' ? sent.references.length === 1 : sent.references.length > 1,
        );
        await until('it arrives', () => network().phone(ALICE).inbox.at(-1)?.text === text);
        await until('the reports', () => ear.reports.length === before + sent.references.length);
        const reports = ear.reports.slice(before);
        assert.deepEqual(
          reports.map(({ reference }) => reference),
          sent.references,
        );
        assert.ok(reports.every(({ outcome, to }) => outcome === 'delivered' && to === ALICE));
      }
    });

    test('a message to a phone that is off is reported when it is on again; to nobody, as failed', async (t) => {
      if (bench.network === null) return t.skip('it would cost money');
      const phone = network().phone(BOB);
      phone.off = true;
      const before = ear.reports.length;
      assert.ok((await modem.sendSms(BOB, 'later')).ok);
      assert.ok((await modem.sendSms('+8613899999999', 'never')).ok);
      await until('the failure', () => ear.reports[before]?.outcome === 'failed');
      assert.deepEqual(phone.inbox, []);
      phone.switchOn();
      await until('the delivery', () => ear.reports[before + 1]?.outcome === 'delivered');
      assert.deepEqual(
        phone.inbox.map(({ text }) => text),
        ['later'],
      );
    });

    test('messages come in whole, once, and are kept until they are safe', async (t) => {
      if (bench.network === null) return t.skip('somebody would have to write');
      const text = '您好，我想要两份饺子，送到人民路八号。'.repeat(8);
      ear.refuses = 1;
      network().phone(ALICE).text('kept');
      await until('the refusal', () => ear.refuses === 0);
      assert.equal(network().storedCount, 1);
      network().phone(ALICE).text(text);
      await until('both', () => ear.messages.length >= 2);
      assert.deepEqual(
        ear.messages.map((each) => each.text),
        ['kept', text],
      );
      assert.ok(ear.messages.every(({ from }) => from === ALICE));
      await until('they are deleted', () => network().storedCount === 0);
    });

    test('wrong numbers and empty texts are a programmer’s error', () => {
      assert.throws(() => modem.sendSms('13800000001', 'x'), RangeError);
      assert.throws(() => modem.sendSms(ALICE, ''), RangeError);
    });

    test('it was never lost, and the modem understood every command', () => {
      assert.deepEqual(ear.losses, []);
      if (bench.network !== null) assert.deepEqual([...bench.network.unknownCommands], []);
    });
  });
}
