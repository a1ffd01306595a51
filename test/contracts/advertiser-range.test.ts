/** How far the broadcast is heard, and by whom, in our air. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeAdvertisement } from '#device/codecs/advertisement.ts';
import { hex } from '#device/codecs/bytes.ts';
import { rangeOf, transmitPower } from '#device/codecs/radio-range.ts';
import type { Advertiser } from '#device/ports/advertiser.ts';
import type { DeviceError } from '#device/ports/device.ts';
import type { RadioPhone } from '#simulators/phone/radio.ts';
import { Beacon } from '#simulators/radio/beacon.ts';
import { exampleBroadcast } from '#test/contracts/advertiser.ts';
import { Stall, TERMINAL } from '#test/contracts/radio-stall.ts';
import { until } from '#test/until.ts';

describe('range', () => {
  const stall = new Stall();
  let near: RadioPhone;
  let far: RadioPhone;
  let advertiser: Advertiser;
  const broadcast = exampleBroadcast(1);
  const isOurs = ({ address }: { address: string }): boolean => address === TERMINAL;

  /** Someone who sends as often as the terminal, so that hearing only this one proves silence. */
  const witnessAt = (x_m: number): Beacon =>
    Beacon.start({
      air: stall.air,
      name: 'witness',
      address: 'c2:00:00:00:00:01',
      spot: { x_m, y_m: 0 },
      power_dbm: 0,
      data: writeAdvertisement(Uint8Array.of(0xff, 0xff, 1)),
    });

  before(async () => {
    await stall.plug();
    advertiser = await stall.open(5);
    [near, far] = await Promise.all([stall.phone('near', 4.5), stall.phone('far', 5.05)]);
  });
  after(async () => {
    await advertiser?.close();
    await near?.close();
    await far?.close();
    await stall.close();
  });

  test('a phone inside the range hears, one just outside does not, though it hears others', async () => {
    const witness = witnessAt(6);
    await Promise.all([advertiser.advertise(broadcast), near.waitForHeard(isOurs, 8000)]);
    const witnessed = far.heard().length;
    await until(
      'the far phone to hear 20 of the witness',
      () => far.heard().length > witnessed + 20,
    );
    witness.stop();
    assert.ok(!far.heard().some(isOurs));
  });

  test('it hears when it comes nearer, and no more when it leaves', async () => {
    const heard = far.waitForHeard(isOurs, 8000);
    far.moveTo(1);
    const packet = await heard;
    assert.equal(packet.data, hex(broadcast.manufacturerData));
    assert.ok(packet.rssi_dbm <= transmitPower(5) - 59 && packet.rssi_dbm > -92);
    far.moveTo(30);
    const witness = witnessAt(31);
    // What was sent before the move may still be on its way; the witness comes behind it.
    await far.waitForHeard(({ address }) => address === witness.address, 8000);
    const from = far.heard().length;
    await until('the far phone to hear 10 more', () => far.heard().length > from + 10);
    witness.stop();
    assert.ok(!far.heard().slice(from).some(isOurs));
  });

  test('a phone that leaves while it is connected is disconnected, and the broadcast goes on', async () => {
    far.moveTo(1);
    await far.waitForHeard(isOurs, 8000);
    const connected = until('a connection', () =>
      stall.events.some(({ text }) => text === 'far connects to terminal'),
    );
    const read = far.readUrl(TERMINAL);
    await connected;
    far.moveTo(30);
    await assert.rejects(read);
    await near.waitForHeard(isOurs, 8000);
  });

  test("a fraudster's transmitter is heard as another sender", async () => {
    const forged = Uint8Array.of(0xff, 0xff, 0x48, 9, 9, 9);
    const address = 'c2:66:00:00:00:02';
    const spot = { x_m: 3, y_m: 0 };
    const data = writeAdvertisement(forged);
    const fraud = Beacon.start({
      air: stall.air,
      name: 'fraud',
      address,
      spot,
      power_dbm: 9,
      data,
    });
    const packet = await near.waitForHeard(({ data: heard }) => heard === hex(forged), 8000);
    assert.equal(packet.address, address);
    fraud.stop();
  });

  test('half of all packets lost, it is still heard', async () => {
    await near.apply({ fault: 'loss', probability: 0.5 });
    const next = exampleBroadcast(2);
    const heard = near.waitForHeard(({ data }) => data === hex(next.manufacturerData), 8000);
    await advertiser.advertise(next);
    await heard;
    await near.apply({ fault: 'clear' });
  });
});

describe('a radio that can not be quiet enough', () => {
  test('is refused, and the mend names the range that it can keep', async () => {
    const stall = new Stall();
    await stall.plug({ power: { lowest_dbm: -20, highest_dbm: 9 } });
    const error: DeviceError = await stall.open(1).then(
      () => assert.fail('it was opened'),
      (reason) => reason,
    );
    assert.equal(error.code, 'protocol');
    const reached = Math.ceil(rangeOf(-20));
    assert.match(error.mend ?? '', new RegExp(`range_m to ${reached} `));
    await (await stall.open(reached)).close();
    await stall.close();
  });
});

describe('a radio that is silent while someone is connected', () => {
  test('takes a new broadcast meanwhile and sends it afterwards', async () => {
    const stall = new Stall();
    const controller = await stall.plug({ busyAdvertising: false });
    const advertiser = await stall.open();
    const phone = await stall.phone('ann', 1);
    const [first, next] = [exampleBroadcast(1), exampleBroadcast(2)];
    await advertiser.advertise(first);
    await phone.waitForHeard(({ address }) => address === TERMINAL, 8000);
    const read = phone.readUrl(TERMINAL);
    await until('a connection', () => controller.radio.isConnected);
    await advertiser.advertise(next);
    assert.equal(controller.radio.isAdvertising, false);
    const heard = phone.waitForHeard(({ data }) => data === hex(next.manufacturerData), 8000);
    await Promise.all([read, heard]);
    await advertiser.close();
    await phone.close();
    await stall.close();
  });
});
