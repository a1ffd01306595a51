/** A card of another kind, such as a bus pass: it knows none of our commands. */
import { SW, writeResponse } from '#device/codecs/apdu.ts';
import { Card, type CardAnswer } from './card.ts';

export class ForeignCard extends Card {
  override process(_apdu: Uint8Array): CardAnswer {
    return {
      bytes: writeResponse({ data: new Uint8Array(0), sw: SW.noSuchInstruction }),
      durationMs: 1,
    };
  }
}
