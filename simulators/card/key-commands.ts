/** Keys and their settings (§11.6). */
import { crc32, xor } from '#device/codecs/aes.ts';
import { sameBytes } from '#device/codecs/bytes.ts';
import { INS, STATUS } from '#device/codecs/desfire.ts';
import { needMaster, needSession, SETTING, settingsOf } from './access.ts';
import { simple } from './application-commands.ts';
import type { Card } from './card.ts';
import { CardError } from './card-error.ts';
import type { Command } from './commands.ts';

const NONE = new Uint8Array(0);
const AES = 0x80;

/** Which key may change others: a key number, the key itself (14), or none (15). */
function needChangeRight(card: Card, keyNo: number): void {
  needSession(card);
  const settings = settingsOf(card);
  const session = card.session?.keyNo;
  if (keyNo === 0) {
    if ((settings & SETTING.masterChangeable) === 0) throw new CardError(STATUS.permissionDenied);
    if (session !== 0) throw new CardError(STATUS.authenticationError);
    return;
  }
  const changer = settings >> 4;
  if (changer === 15) throw new CardError(STATUS.permissionDenied);
  if (session !== (changer === 14 ? keyNo : changer)) {
    throw new CardError(STATUS.authenticationError);
  }
}

function changeKey(card: Card, header: Uint8Array, data: Uint8Array): Uint8Array {
  const keyNo = (header[0] ?? 0) & 0x3f;
  const target = card.key(keyNo);
  if (target === undefined) throw new CardError(STATUS.noSuchKey);
  const own = card.session?.keyNo === keyNo;
  if (data.length !== (own ? 17 : 21)) throw new CardError(STATUS.lengthError);
  const key = own ? data.slice(0, 16) : xor(data.slice(0, 16), target.key);
  if (!own && !sameBytes(crc32(key), data.slice(17))) throw new CardError(STATUS.integrityError);
  target.key = key;
  target.version = data[16] ?? 0;
  card.save(1);
  if (own) card.session = null;
  return NONE;
}

function changeSettings(card: Card, _: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length !== 1) throw new CardError(STATUS.lengthError);
  if (card.aid === 0) card.state.settings = data[0] ?? 0;
  else card.application().settings = data[0] ?? 0;
  card.save(1);
  return NONE;
}

function keySettings(card: Card): Uint8Array {
  needMaster(card, SETTING.freeListing);
  const count = card.aid === 0 ? 1 : card.application().keys.length;
  return Uint8Array.of(settingsOf(card), AES | count);
}

function keyVersion(card: Card, header: Uint8Array): Uint8Array {
  const key = card.key((header[0] ?? 0) & 0x3f);
  if (key === undefined) throw new CardError(STATUS.noSuchKey);
  return Uint8Array.of(key.version);
}

export const KEY_COMMANDS: readonly (readonly [number, Command])[] = [
  [
    INS.changeKey,
    {
      header: () => 1,
      writes: true,
      mode(card, header) {
        const byte = header[0] ?? 0;
        const kind = byte & 0xc0;
        if (card.aid === 0 ? kind !== AES : kind !== 0) throw new CardError(STATUS.parameterError);
        if (card.key(byte & 0x3f) === undefined) throw new CardError(STATUS.noSuchKey);
        needChangeRight(card, byte & 0x3f);
        return 'full';
      },
      run: changeKey,
    },
  ],
  [
    INS.changeKeySettings,
    {
      header: () => 0,
      writes: true,
      mode(card) {
        if ((settingsOf(card) & SETTING.settingsChangeable) === 0) {
          throw new CardError(STATUS.permissionDenied);
        }
        needMaster(card);
        return 'full';
      },
      run: changeSettings,
    },
  ],
  [INS.getKeySettings, simple(0, keySettings)],
  [INS.getKeyVersion, simple(1, keyVersion)],
];
