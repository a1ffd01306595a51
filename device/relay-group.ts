/** Sends a group of commands to a card, as the gateway asked. */
import { fromHex } from './codecs/bytes.ts';
import { goesOn } from './codecs/purse-rounds.ts';
import type { Ran } from './flows/relay.ts';
import type { Clock } from './ports/clock.ts';
import type { TransmitResult } from './ports/reader.ts';

/**
 * In their order, up to the first that the card does not accept, cannot answer, or that would begin
 * after `timeoutMs`; whatever came back until then is told. Never rejects.
 */
export async function runGroup(
  apdus: readonly string[],
  timeoutMs: number,
  clock: Pick<Clock, 'monotonic'>,
  transmit: (apdu: Uint8Array, timeoutMs: number) => Promise<TransmitResult>,
): Promise<Ran> {
  const end = clock.monotonic() + timeoutMs;
  const answers: Uint8Array[] = [];
  for (const apdu of apdus) {
    const left = end - clock.monotonic();
    if (left <= 0) return { answers, ended: 'silent' };
    const result = await transmit(fromHex(apdu), left);
    if (!result.ok) return { answers, ended: result.gone };
    answers.push(result.response);
    if (!goesOn(result.response)) break;
  }
  return { answers };
}
