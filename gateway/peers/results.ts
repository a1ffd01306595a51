/**
 * What acquirer and settlement tell an order centre elsewhere: each an outbox of signed webhooks.
 */
import { hkdfSync } from 'node:crypto';
import { writeWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import { type AcquirerResult, acquirerResultSchema, type TellResult } from '../acquirer/gate.ts';
import type { Chance, Clock } from '../clock.ts';
import type { Core } from '../core.ts';
import type { PeerIdentity } from '../identity/mutual.ts';
import { Courier } from '../notify/courier.ts';
import { addDelivery } from '../notify/notifier.ts';
import { type Post, webhooksOverHttp } from '../notify/webhook-sender.ts';
import { type CardEvent, cardEventSchema, type TellCard } from '../settlement/gate.ts';
import type { Transaction } from '../store/writer.ts';
import { type Receiver, receiver } from '../web/webhooks.ts';
import { peerAgent, securePost } from './agent.ts';

const RECIPIENT = 'order-centre';

/** Puts each result into the outbox of the unit that decided it. */
export const tellByWebhook =
  (chance: Chance, clock: Pick<Clock, 'now'>): TellResult =>
  (tx, result) => {
    const body = { payload: JSON.stringify(result) };
    const outgoing = { owner: 'acquirer', recipient: RECIPIENT, order_number: result.order };
    addDelivery(tx, chance, { ...outgoing, channel: 'webhook', body }, Math.floor(clock.now()));
  };

/** The same for what the settlement tells of cards. */
export const tellCardsByWebhook = (chance: Chance, clock: Pick<Clock, 'now'>): TellCard => ({
  event: (tx, event) => {
    const body = { payload: JSON.stringify(event) };
    const order_number = 'order' in event ? event.order : event.event;
    const outgoing = { owner: 'settlement', recipient: RECIPIENT, order_number } as const;
    addDelivery(tx, chance, { ...outgoing, channel: 'webhook', body }, Math.floor(clock.now()));
  },
  // It agreed before it asked.
  begun: () => true,
});

export type Teller = 'acquirer' | 'settlement';

/** What the two sides sign and verify with: `whsec_…`. */
export const resultSecret = (shared: Uint8Array, of: Teller = 'acquirer'): string =>
  writeWebhookSecret(
    new Uint8Array(hkdfSync('sha256', shared, '', `hawker peer/1 results of the ${of}`, 32)),
  );

/** Sends what is in the outbox, beginning with what an earlier process left. */
export function startResults(
  core: Core,
  url: string,
  shared: Uint8Array,
  identity: () => PeerIdentity | null,
  owner: Teller = 'acquirer',
): { close(): void } {
  const { tables, writer, clock, chance, log } = core;
  const endpoint = { url: `${url}/v1/webhooks/${owner}`, secret: resultSecret(shared, owner) };
  const endpoints = (name: string) => (name === RECIPIENT ? endpoint : undefined);
  const agent = peerAgent(identity, RECIPIENT);
  const secure: Post = (to, payload, headers) => securePost(agent, to, payload, headers);
  const post = url.startsWith('https:') ? secure : undefined;
  const courier = new Courier({
    owner,
    deliveries: tables.deliveries,
    ...{ writer, clock, chance, log },
    notifiers: {
      email: undefined,
      sms: undefined,
      webhook: webhooksOverHttp(endpoints, clock, post),
    },
  });
  return {
    close() {
      courier.close();
      agent.close();
    },
  };
}

/** The order centre's side. */
export const resultReceiver = (
  shared: Uint8Array,
  take: (tx: Transaction, result: AcquirerResult) => void,
): Receiver => receiver('acquirer', [resultSecret(shared)], acquirerResultSchema, take);

export const cardReceiver = (
  shared: Uint8Array,
  take: (tx: Transaction, event: CardEvent) => void,
): Receiver => receiver('settlement', [resultSecret(shared, 'settlement')], cardEventSchema, take);
