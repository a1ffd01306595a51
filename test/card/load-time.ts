/** How long a card has to lie there while it is loaded through a slow network. */
import { openingOf } from '#device/codecs/purse-talks.ts';
import type { Card } from '#simulators/card/card.ts';
import type { WholeHouse } from './whole-house.ts';

const AMOUNT = 1000;
const STEP_MS = 5;
const LONGEST_MS = 10_000;

/** Virtual ms from the card's arrival to the end on the terminal's screen, at 200 ms each way. */
export async function measureLoad(house: WholeHouse, id: string, card: Card): Promise<number> {
  await house.lift();
  const { settlement, relay } = house.core;
  if (settlement === null) throw new Error('there is no settlement');
  const { terminal } = house.identity;
  const load = { id: house.number(), currency: 'CNY', amount_minor: AMOUNT } as const;
  const before = house.balance(card);
  house.delayMs = 200;
  const invitation = relay.invite({
    ...{ terminal, purpose: 'load', currency: 'CNY', amount_minor: AMOUNT, lifetimeMs: 60_000 },
    ...{ opening: openingOf('load'), over: () => undefined },
    work: (relayed) => settlement.load(load, relayed),
  });
  await house.pass(500);
  const began = house.clock.monotonic();
  const tapped = house.tap(card);
  const done = (): boolean => house.screen?.tone === 'good';
  for (let passed = 0; !done() && passed < LONGEST_MS; passed += STEP_MS) {
    await house.clock.pass(STEP_MS);
    // What takes no virtual time is done before the next of it passes.
    await house.rest(6);
  }
  const took = house.clock.monotonic() - began;
  await tapped;
  house.delayMs = 0;
  await house.lift();
  invitation.withdraw();
  await house.pass(500);
  if (house.balance(card) !== before + AMOUNT) throw new Error(`card ${id} was not loaded`);
  return took;
}
