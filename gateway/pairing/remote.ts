/** What the order centre shows the acquirer, where it is another process. */
import { type GateThere, there } from '../gate.ts';
import type { PeerClient } from '../peers/client.ts';
import { ask } from '../peers/http-client.ts';
import { type PairedVerbs, pairedPaymentsSchema } from './merchant-payments.ts';

export const remotePaired = (client: PeerClient): GateThere<PairedVerbs> => ({
  payments: there((asked) =>
    ask(client, pairedPaymentsSchema, {
      ...{ method: 'POST', path: '/v1/centre/paired-payments', body: asked },
    }),
  ),
});
