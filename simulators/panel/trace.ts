/** Firmata bytes in a few words for the live trace, such as `pin mode ×8, report ×2`. */
import { hex } from '#device/codecs/bytes.ts';

const SYSEX: Readonly<Record<number, string>> = {
  105: 'ask analog mapping',
  106: 'analog mapping',
  107: 'ask capabilities',
  108: 'capabilities',
  109: 'ask pin state',
  110: 'pin state',
  111: 'extended analog',
  112: 'servo',
  113: 'text',
  118: 'I2C request',
  119: 'I2C reply',
  120: 'I2C setup',
  121: 'firmware',
  122: 'sampling interval',
};

const MESSAGES: Readonly<Record<number, string>> = {
  144: 'port',
  192: 'report analog',
  208: 'report port',
  224: 'analog',
  244: 'pin mode',
  245: 'pin',
  249: 'version',
  255: 'reset',
};

export function summarise(bytes: Uint8Array): { readonly text: string; readonly hex: string } {
  const counts = new Map<string, number>();
  const count = (word: string): void => {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  };
  for (const [at, byte] of bytes.entries()) {
    if (byte < 0x80 || byte === 0xf7) continue;
    if (byte === 0xf0) count(SYSEX[bytes[at + 1] ?? 0] ?? 'unknown');
    else count(MESSAGES[byte < 0xf0 ? byte & 0xf0 : byte] ?? 'unknown');
  }
  const words = [...counts].map(([word, times]) => (times > 1 ? `${word} ×${times}` : word));
  return { text: words.join(', ') || 'data', hex: hex(bytes.subarray(0, 64)) };
}
