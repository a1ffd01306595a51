/** One key a card, all from one master key: NXP AN10922 §2.2, AES-128 by CMAC. */
import { cmac } from './aes.ts';
import { concat } from './bytes.ts';

/** Tells AES-128 keys from the other kinds of keys (table 1). */
const AES_128 = Uint8Array.of(0x01);
const LONGEST = 31;

/**
 * The card's 16-byte key. `input` is 1 to 31 bytes that no two cards and no two purposes share: UID,
 * application, system identifier, in this order (§2.2). Throws a RangeError where it is not.
 */
export function diversifyKey(master: Uint8Array, input: Uint8Array): Uint8Array {
  if (input.length < 1 || input.length > LONGEST) {
    throw new RangeError(`${input.length} bytes to diversify with; 1 to ${LONGEST} are allowed`);
  }
  return cmac(master, concat(AES_128, input), { padTo: 32 });
}
