/** Bytes of the broadcast: AD structures, HCI packets, and the range as power. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  ORDER_SERVICE,
  readManufacturerData,
  readStructures,
  readUuid,
  writeAdvertisement,
  writeScanResponse,
  writeStructures,
} from '#device/codecs/advertisement.ts';
import { writeBroadcast } from '#device/codecs/broadcast.ts';
import { concat, fromHex, hex } from '#device/codecs/bytes.ts';
import {
  addressBytes,
  type HciPacket,
  PacketSplitter,
  readAddress,
  readCompletion,
  readPacket,
  writePacket,
} from '#device/codecs/hci.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { powerAtOneMetre, rangeOf, STREET, transmitPower } from '#device/codecs/radio-range.ts';

describe('advertisement', () => {
  test('reads what a published beacon sends', () => {
    // Flags and manufacturer data as in the proximity beacon specification of 2015.
    const beacon = fromHex('02011a1aff4c000215e2c56db5dffb48d2b060d0f5a71096e000010002c5');
    const [flags, maker] = readStructures(beacon);
    assert.deepEqual(flags, { type: 0x01, data: Uint8Array.of(0x1a) });
    assert.equal(maker?.type, 0xff);
    assert.equal(maker?.data.length, 25);
    assert.equal(hex(maker?.data.subarray(0, 2) ?? new Uint8Array()), '4c00');
  });

  test('a whole broadcast fits legacy advertising and comes back', () => {
    const order = mintOrderNumber(1_800_000_000_000, new Uint8Array(randomBytes(4)));
    const data = writeBroadcast(new Uint8Array(32), order, 1_800_000_000_000, powerAtOneMetre(5));
    const advertisement = writeAdvertisement(data);
    assert.ok(advertisement.length <= 31);
    assert.deepEqual(readManufacturerData(advertisement), data);
  });

  test('26 bytes fit, 27 do not', () => {
    assert.equal(writeAdvertisement(new Uint8Array(26)).length, 31);
    assert.throws(() => writeAdvertisement(new Uint8Array(27)), RangeError);
  });

  test('the scan response names the service and fits', () => {
    const response = writeScanResponse();
    assert.ok(response.length <= 31);
    const [service] = readStructures(response);
    assert.equal(readUuid(service?.data ?? new Uint8Array()), ORDER_SERVICE);
  });

  test('an early end and a structure that runs over are left out', () => {
    assert.deepEqual(readStructures(fromHex('02010600ff')).length, 1);
    assert.deepEqual(readStructures(fromHex('02010605ff01')).length, 1);
    assert.deepEqual(readStructures(fromHex('05')), []);
  });

  test('any bytes are read, and what was read is written back', () => {
    for (let round = 0; round < 2000; round += 1) {
      const bytes = new Uint8Array(randomBytes(round % 32));
      const structures = readStructures(bytes);
      const written = writeStructures(structures);
      assert.equal(hex(written), hex(bytes.subarray(0, written.length)));
    }
  });
});

describe('HCI packets', () => {
  const packets: HciPacket[] = [
    { kind: 'command', opcode: 0x0c03, parameters: new Uint8Array(0) },
    { kind: 'event', code: 0x0e, parameters: fromHex('01030c00') },
    { kind: 'acl', handle: 0x040, flags: 2, data: fromHex('0300040001aabb') },
  ];

  test('are the bytes of the standard', () => {
    assert.deepEqual(
      packets.map((packet) => hex(writePacket(packet))),
      ['01030c00', '040e0401030c00', '0240200700' + '0300040001aabb'],
    );
  });

  test('come whole out of any cut of the line', () => {
    const line = concat(...packets.map(writePacket));
    for (let cut = 0; cut <= line.length; cut += 1) {
      const splitter = new PacketSplitter();
      const first = splitter.push(line.subarray(0, cut));
      const second = splitter.push(line.subarray(cut));
      const found = [...first.packets, ...second.packets].map(readPacket);
      assert.deepEqual(found, packets);
      assert.ok(!first.lost && !second.lost);
    }
  });

  test('a byte that begins no packet is told, and any bytes are survived', () => {
    assert.equal(new PacketSplitter().push(fromHex('09')).lost, true);
    for (let round = 0; round < 2000; round += 1) {
      const splitter = new PacketSplitter();
      for (const packet of splitter.push(new Uint8Array(randomBytes(40))).packets) {
        const read = readPacket(packet);
        assert.ok(read !== null);
        assert.deepEqual(writePacket(read), packet);
        readCompletion(read);
      }
    }
  });

  test('completion and status tell which command', () => {
    const status: HciPacket = { kind: 'event', code: 0x0f, parameters: fromHex('0c010d20') };
    assert.equal(readCompletion(status)?.opcode, 0x200d);
    assert.equal(readCompletion(status)?.status, 0x0c);
    const short: HciPacket = { kind: 'event', code: 0x0e, parameters: fromHex('0103') };
    assert.equal(readCompletion(short), null);
  });

  test('addresses stand last byte first', () => {
    assert.equal(hex(addressBytes('00:a0:50:00:00:01')), '01000050a000');
    assert.equal(readAddress(addressBytes('00:a0:50:00:00:01')), '00:a0:50:00:00:01');
  });
});

describe('range', () => {
  test('power never reaches beyond the range, and not a step less than it may', () => {
    for (let range_m = 1; range_m <= 30; range_m += 0.5) {
      const reached = rangeOf(transmitPower(range_m));
      assert.ok(reached <= range_m + 1e-9 && rangeOf(transmitPower(range_m) + 1) > range_m);
    }
  });

  test('agrees with measured reach of card readers within a third', () => {
    // Transmit power and reach in a maker's reference manual.
    for (const [power, metres] of [
      [-18, 4],
      [-12, 7],
      [-6, 16],
      [0, 25],
    ] as const) {
      assert.ok(Math.abs(rangeOf(power) - metres) < metres / 3, `${power} dBm`);
    }
  });

  test('the power at one metre fits its signed byte and falls with the range', () => {
    assert.ok(powerAtOneMetre(1) >= -128 && powerAtOneMetre(30) <= 127);
    assert.equal(powerAtOneMetre(5), transmitPower(5) - STREET.lossAtOneMetre);
    assert.ok(powerAtOneMetre(2) < powerAtOneMetre(10));
  });
});
