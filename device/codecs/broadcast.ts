/**
 * The broadcast: data of one manufacturer-specific AD structure (Bluetooth Core 5.4, Vol 3 Part C
 * §11; Supplement Part A §1.4). 24 bytes: company identifier, version, order number, time step,
 * transmit power at one metre, MAC. With the flags structure it fits the 31 bytes of legacy advertising.
 *
 * The MAC changes with each step, so that a recording is worthless soon; the power is under the MAC,
 * so that a phone can tell how far away the terminal is and a repeater can't claim to be near.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, readUint, sameBytes, uint } from './bytes.ts';
import { offerStep } from './offer.ts';
import { ORDER_NUMBER_BYTES, orderNumberBytes, writeOrderNumber } from './order-number.ts';
import { labelled, widenStep } from './place-time.ts';

/** 0xFFFF is the identifier for tests and for companies without one (Assigned Numbers §7.1). */
const COMPANY = Uint8Array.of(0xff, 0xff);
const VERSION = 0x48;
const MAC_BYTES = 8;
const LENGTH = 2 + 1 + ORDER_NUMBER_BYTES + 2 + 1 + MAC_BYTES;

/** Steps (of `OFFER_STEP_S` seconds) for which a broadcast is taken after its own. */
const VALID_STEPS = 3;

function broadcastMac(key: Uint8Array, number: Uint8Array, step: number, power: Uint8Array) {
  const signed = labelled('broadcast', number, uint(step, 6), power);
  return hmac(sha256, key, signed).subarray(0, MAC_BYTES);
}

/** `powerAtOneMetre` in dBm, −128 to 127, as a phone would measure it one metre away. */
export function writeBroadcast(
  key: Uint8Array,
  order: string,
  gatewayMs: number,
  powerAtOneMetre: number,
): Uint8Array {
  const number = orderNumberBytes(order);
  const step = offerStep(gatewayMs);
  const power = Uint8Array.of(powerAtOneMetre & 255);
  const head = concat(COMPANY, Uint8Array.of(VERSION), number, uint(step % 65536, 2), power);
  return concat(head, broadcastMac(key, number, step, power));
}

export interface HeardBroadcast {
  readonly order: string;
  /** Low 16 bits of the time step. */
  readonly step: number;
  /** dBm at one metre. */
  readonly powerAtOneMetre: number;
}

/** What a broadcast says, unverified, or `null` where it is not one of ours. */
export function readBroadcast(data: Uint8Array): HeardBroadcast | null {
  if (data.length !== LENGTH || data[2] !== VERSION) return null;
  if (!sameBytes(data.subarray(0, 2), COMPANY)) return null;
  const numberEnd = 3 + ORDER_NUMBER_BYTES;
  return {
    order: writeOrderNumber(data.subarray(3, numberEnd)),
    step: readUint(data.subarray(numberEnd, numberEnd + 2)),
    powerAtOneMetre: ((data[numberEnd + 2] ?? 0) << 24) >> 24,
  };
}

export type BroadcastVerdict = 'good' | 'malformed' | 'forged' | 'too_old' | 'too_early';

/** Verifies a broadcast with the key of the order's terminal. */
export function verifyBroadcast(
  key: Uint8Array,
  data: Uint8Array,
  gatewayMs: number,
): BroadcastVerdict {
  const heard = readBroadcast(data);
  if (heard === null) return 'malformed';
  const now = offerStep(gatewayMs);
  const step = widenStep(heard.step, now);
  if (step < 0) return 'forged';
  const power = Uint8Array.of(heard.powerAtOneMetre & 255);
  const mac = broadcastMac(key, orderNumberBytes(heard.order), step, power);
  if (!sameBytes(data.subarray(LENGTH - MAC_BYTES), mac)) return 'forged';
  if (step > now + 2) return 'too_early';
  return step < now - VALID_STEPS ? 'too_old' : 'good';
}
