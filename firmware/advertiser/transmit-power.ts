/**
 * Tells a controller how loud it may be. Bluetooth has no command for legacy advertising, so each
 * maker has its own; a Raspberry Pi's is Broadcom's. A controller that can't be told is refused:
 * an order must not be heard farther than the vendor set.
 */
import { OPCODE, readS8, u16 } from '#device/codecs/hci.ts';
import { rangeOf, transmitPower } from '#device/codecs/radio-range.ts';
import { DeviceError } from '#device/ports/device.ts';
import type { HciLink } from './hci-link.ts';

/** Company identifiers (Assigned Numbers §7.1) as Read Local Version Information tells them. */
const BROADCOM = 15;
const CYPRESS = 305;
const NORDIC = 89;
const LINUX_FOUNDATION = 1521;

/** Broadcom's handle for whatever is advertised, in place of a connection's. */
const BROADCOM_ADVERTISING = 0x00fe;
const ZEPHYR_ADVERTISING = 0;
/** Louder than this no controller of a terminal is. */
const LOUDEST = 10;

/** Resolves with the dBm that the controller took, or `null` where it refuses `power`. */
async function request(link: HciLink, maker: number, power: number): Promise<number | null> {
  const level = power & 255;
  if (maker === BROADCOM || maker === CYPRESS) {
    const parameters = Uint8Array.of(...u16(BROADCOM_ADVERTISING), level);
    const { status } = await link.command(OPCODE.broadcomSetTransmitPower, parameters);
    return status === 0 ? power : null;
  }
  const parameters = Uint8Array.of(ZEPHYR_ADVERTISING, 0, 0, level);
  const { status, values } = await link.command(OPCODE.zephyrWriteTransmitPower, parameters);
  return status === 0 && values.length === 4 ? readS8(values, 3) : null;
}

/** Resolves when nothing beyond `range_m` is reached; rejects with `protocol` where it would be. */
export async function limitRange(organ: string, link: HciLink, range_m: number): Promise<void> {
  const version = await link.command(OPCODE.readLocalVersion);
  const maker = (version.values[4] ?? 0) | ((version.values[5] ?? 0) << 8);
  if (![BROADCOM, CYPRESS, NORDIC, LINUX_FOUNDATION].includes(maker)) {
    throw new DeviceError(
      'protocol',
      organ,
      `no way to limit the range of maker ${maker}'s radio`,
      {
        mend: "use a Raspberry Pi's own Bluetooth, or a controller that runs Zephyr",
      },
    );
  }
  const wanted = transmitPower(range_m);
  for (let power = wanted; power <= LOUDEST; power += 1) {
    const taken = await request(link, maker, power);
    if (taken === null) continue;
    if (taken <= wanted) return;
    // Some Broadcom firmware refuses a good level until it took another.
    const again = await request(link, maker, wanted);
    if (again !== null && again <= wanted) return;
    throw new DeviceError(
      'protocol',
      organ,
      `this radio sends ${taken} dBm at the least, which reaches ${rangeOf(taken).toFixed(1)} m`,
      { mend: `set range_m to ${Math.ceil(rangeOf(taken))} or more in boards.json` },
    );
  }
  throw new DeviceError('protocol', organ, 'this radio refuses every transmit power', {
    mend: 'update the firmware of the Bluetooth controller',
  });
}
