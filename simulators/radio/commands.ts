/** The controller's side of each HCI command (Bluetooth Core 5.4, Vol 4 Part E §7). */
import { concat } from '#device/codecs/bytes.ts';
import {
  addressBytes,
  EVENT,
  OPCODE,
  readAddress,
  readS8,
  readU16,
  STATUS,
  u16,
} from '#device/codecs/hci.ts';
import type { Controller } from './controller.ts';

/** Core 5.0, Cypress. */
const VERSION = Uint8Array.of(0x09, 0x00, 0x01, 0x09, ...u16(305), 0x19, 0x61);
/** Without data length extension a link layer packet holds 27 bytes. */
const ACL_LENGTH = 27;
const ACL_PACKETS = 8;
const BROADCOM_ADVERTISING = 0x00fe;
/** Bytes of parameters of commands whose parameters are read. */
const LENGTHS: Record<number, number> = {
  [OPCODE.disconnect]: 3,
  [OPCODE.readRemoteVersion]: 2,
  [OPCODE.readRssi]: 2,
  [OPCODE.leSetAdvertisingParameters]: 15,
  [OPCODE.leSetAdvertisingData]: 32,
  [OPCODE.leSetScanResponseData]: 32,
  [OPCODE.leSetAdvertisingEnable]: 1,
  [OPCODE.leSetScanParameters]: 7,
  [OPCODE.leSetScanEnable]: 2,
  [OPCODE.leCreateConnection]: 25,
  [OPCODE.leUpdateConnection]: 14,
  [OPCODE.leReadRemoteFeatures]: 2,
  [OPCODE.broadcomSetTransmitPower]: 3,
};

export function answerCommand(controller: Controller, opcode: number, parameters: Uint8Array) {
  const length = LENGTHS[opcode];
  if (length !== undefined && parameters.length !== length) {
    controller.complete(opcode, STATUS.invalidParameters);
    return;
  }
  if (answerSetup(controller, opcode)) return;
  if (answerAdvertising(controller, opcode, parameters)) return;
  if (answerScanning(controller, opcode, parameters)) return;
  if (answerConnection(controller, opcode, parameters)) return;
  controller.unknownCommands.set(opcode, (controller.unknownCommands.get(opcode) ?? 0) + 1);
  controller.complete(opcode, STATUS.unknownCommand);
}

function answerSetup(controller: Controller, opcode: number): boolean {
  switch (opcode) {
    case OPCODE.reset:
      controller.radio.reset();
      controller.complete(opcode, 0);
      return true;
    case OPCODE.setEventMask:
    case OPCODE.leSetEventMask:
    case OPCODE.writeLeHostSupported:
      controller.complete(opcode, 0);
      return true;
    case OPCODE.readLocalVersion:
      controller.complete(opcode, 0, VERSION);
      return true;
    case OPCODE.readLeHostSupported:
      controller.complete(opcode, 0, 1, 0);
      return true;
    case OPCODE.readAddress:
      controller.complete(opcode, 0, addressBytes(controller.radio.address));
      return true;
    case OPCODE.leReadBufferSize:
      controller.complete(opcode, 0, u16(ACL_LENGTH), ACL_PACKETS);
      return true;
    case OPCODE.readLocalFeatures:
    case OPCODE.leReadLocalFeatures:
      // Bit 12 would make noble scan with the extended commands, which few Pis have.
      controller.complete(opcode, 0, new Uint8Array(8));
      return true;
    default:
      return false;
  }
}

function answerAdvertising(controller: Controller, opcode: number, from: Uint8Array): boolean {
  const { radio } = controller;
  switch (opcode) {
    case OPCODE.leSetAdvertisingParameters: {
      const interval_ms = readU16(from, 2) * 0.625;
      const type = from[4] ?? 0;
      const wrong = interval_ms < 20 || interval_ms > 10_240 || ![0, 2, 3].includes(type);
      if (radio.isAdvertising || wrong) {
        controller.complete(opcode, wrong ? STATUS.invalidParameters : STATUS.disallowed);
        return true;
      }
      radio.advertising = { interval_ms, connectable: type === 0, scannable: type !== 3 };
      controller.complete(opcode, 0);
      return true;
    }
    case OPCODE.leSetAdvertisingData:
    case OPCODE.leSetScanResponseData: {
      const length = from[0] ?? 0;
      if (length > 31) {
        controller.complete(opcode, STATUS.invalidParameters);
        return true;
      }
      const data = from.slice(1, 1 + length);
      if (opcode === OPCODE.leSetAdvertisingData) radio.advertisement = data;
      else radio.scanResponse = data;
      controller.complete(opcode, 0);
      return true;
    }
    case OPCODE.leSetAdvertisingEnable: {
      const refused = from[0] === 1 && radio.isConnected && !controller.busyAdvertising;
      if (!refused) radio.enableAdvertising(from[0] === 1);
      controller.complete(opcode, refused ? STATUS.connectionLimit : STATUS.success);
      return true;
    }
    case OPCODE.leReadAdvertisingPower:
      controller.complete(opcode, 0, radio.power_dbm & 255);
      return true;
    case OPCODE.broadcomSetTransmitPower:
      controller.complete(opcode, setPower(controller, readU16(from, 0), readS8(from, 2)));
      return true;
    default:
      return false;
  }
}

function setPower(controller: Controller, handle: number, power_dbm: number): number {
  const { radio, power } = controller;
  if (handle !== BROADCOM_ADVERTISING) {
    // A link keeps the power of the advertisement it began with.
    return radio.link(handle) === undefined ? STATUS.unknownConnection : STATUS.success;
  }
  if (power_dbm < power.lowest_dbm || power_dbm > power.highest_dbm) return STATUS.outOfRange;
  radio.power_dbm = power_dbm;
  return STATUS.success;
}

function answerScanning(controller: Controller, opcode: number, from: Uint8Array): boolean {
  const { radio } = controller;
  switch (opcode) {
    case OPCODE.leSetScanParameters: {
      const [interval, window] = [readU16(from, 1), readU16(from, 3)];
      const wrong = interval < 4 || window < 4 || window > interval;
      if (radio.isScanning || wrong) {
        controller.complete(opcode, wrong ? STATUS.invalidParameters : STATUS.disallowed);
        return true;
      }
      radio.scan = { active: from[0] === 1, duty: window / interval };
      controller.complete(opcode, 0);
      return true;
    }
    case OPCODE.leSetScanEnable:
      radio.enableScanning(from[0] === 1, from[1] === 1);
      controller.complete(opcode, 0);
      return true;
    default:
      return false;
  }
}

function answerConnection(controller: Controller, opcode: number, from: Uint8Array): boolean {
  const { radio } = controller;
  switch (opcode) {
    case OPCODE.leCreateConnection: {
      const parameters = {
        interval_ms: Math.max(7.5, readU16(from, 13) * 1.25),
        supervision_ms: Math.max(100, readU16(from, 19) * 10),
      };
      const begun = radio.connect(readAddress(from.subarray(6, 12)), parameters);
      controller.status(opcode, begun ? 0 : STATUS.disallowed);
      return true;
    }
    case OPCODE.leCancelConnection:
      controller.complete(opcode, radio.cancelConnect() ? 0 : STATUS.disallowed);
      return true;
    case OPCODE.disconnect:
      if (!knownLink(controller, opcode, from)) return true;
      radio.disconnect(readU16(from, 0), from[2] ?? STATUS.remoteEnded);
      return true;
    case OPCODE.leUpdateConnection: {
      const link = radio.link(readU16(from, 0));
      if (!knownLink(controller, opcode, from) || link === undefined) return true;
      link.parameters = {
        interval_ms: Math.max(7.5, readU16(from, 4) * 1.25),
        supervision_ms: Math.max(100, readU16(from, 8) * 10),
      };
      controller.updated(readU16(from, 0), link.parameters);
      return true;
    }
    case OPCODE.readRssi:
      if (radio.link(readU16(from, 0)) === undefined) {
        controller.complete(opcode, STATUS.unknownConnection, from.slice(0, 2), 0);
      } else {
        const strength = radio.strength(readU16(from, 0)) & 255;
        controller.complete(opcode, 0, from.slice(0, 2), strength);
      }
      return true;
    case OPCODE.leReadRemoteFeatures:
      if (!knownLink(controller, opcode, from)) return true;
      controller.event(
        EVENT.le,
        concat(Uint8Array.of(0x04, 0), from.slice(0, 2), new Uint8Array(8)),
      );
      return true;
    case OPCODE.readRemoteVersion:
      if (!knownLink(controller, opcode, from)) return true;
      controller.event(
        EVENT.remoteVersion,
        concat(Uint8Array.of(0), from.slice(0, 2), Uint8Array.of(0x09, ...u16(305), 0x19, 0x61)),
      );
      return true;
    default:
      return false;
  }
}

/** Answers with Command Status; false where the handle names no connection. */
function knownLink(controller: Controller, opcode: number, from: Uint8Array): boolean {
  const known = controller.radio.link(readU16(from, 0)) !== undefined;
  controller.status(opcode, known ? 0 : STATUS.unknownConnection);
  return known;
}
