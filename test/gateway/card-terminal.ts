/** A terminal on the wire that carries what the gateway asks of a card. */
import assert from 'node:assert/strict';
import { base64url, fromHex, hex } from '#device/codecs/bytes.ts';
import { goesOn } from '#device/codecs/purse-rounds.ts';
import type { RelayPurpose } from '#device/messages/relay.ts';
import { systemChance } from '#gateway/clock.ts';
import type { Card } from '#simulators/card/card.ts';
import { until } from '#test/until.ts';
import type { Terminal } from './harness.ts';

/**
 * Holds a card to the terminal until the relay ends; `answering` is waited for between the card's
 * answers to a step and their way back.
 */
export async function holdCard(
  terminal: Terminal,
  card: Card,
  purpose: RelayPurpose,
  answering: (step: number) => Promise<void> = async () => undefined,
) {
  card.powerDown();
  const relay = base64url(systemChance.bytes(9));
  const wanted = { relay, uid: hex(card.uid), purpose };
  await terminal.say({ kind: 'relay_wanted', wanted });
  for (let step = 1; ; step += 1) {
    const next = await until(`step ${step} of ${purpose}`, () =>
      terminal.heard.find(
        (each) =>
          (each.kind === 'relay' && each.group.relay === relay && each.group.step === step) ||
          (each.kind === 'relay_end' && each.end.relay === relay),
      ),
    );
    if (next.kind === 'relay_end') return { ...next.end, steps: step - 1 };
    assert.ok(next.kind === 'relay');
    const answers: string[] = [];
    for (const apdu of next.group.apdus) {
      const answer = card.process(fromHex(apdu)).bytes;
      answers.push(hex(answer));
      if (!goesOn(answer)) break;
    }
    await answering(step);
    await terminal.say({ kind: 'relay_answer', answer: { relay, step, answers } });
  }
}
