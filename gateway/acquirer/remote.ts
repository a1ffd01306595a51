/** The acquirer's gate where the acquirer is another process. */
import { voucherLookedUpSchema } from '../funds/schemas.ts';
import { type GateThere, there } from '../gate.ts';
import { admitAnswerSchema, type IssuerPresents } from '../issuer/gate.ts';
import type { PeerClient } from '../peers/client.ts';
import { ask } from '../peers/http-client.ts';
import {
  type AcquirerVerbs,
  acquirerStatusSchema,
  captureAnswerSchema,
  closeLinkAnswerSchema,
  createLinkAnswerSchema,
  type LinkVerbs,
  payAnswerSchema,
  refundAnswerSchema,
  voidAnswerSchema,
} from './gate.ts';

export function remoteAcquirer(client: PeerClient): GateThere<AcquirerVerbs> & IssuerPresents {
  const post = (path: string, body: { readonly id: string }) =>
    ({ method: 'POST', path: `/v1/acquirer/${path}`, body, id: body.id }) as const;
  return {
    present: async (proof) => ({ proof }),
    admit: there(({ payer }) =>
      ask(client, admitAnswerSchema, {
        ...{ method: 'POST', path: '/v1/acquirer/admissions', body: { payer: payer.proof } },
      }),
    ),
    lookUpVoucher: there((body) =>
      ask(client, voucherLookedUpSchema, {
        ...{ method: 'POST', path: '/v1/acquirer/voucher-look-ups', body },
      }),
    ),
    pay: there(({ payer, ...rest }) => {
      const body = { ...rest, payer: payer.proof };
      return ask(client, payAnswerSchema, post('payments', body));
    }),
    capture: there((asked) => ask(client, captureAnswerSchema, post('captures', asked))),
    refund: there((asked) => ask(client, refundAnswerSchema, post('refunds', asked))),
    void: there((asked) => ask(client, voidAnswerSchema, post('voids', asked))),
    status: there((id) =>
      ask(client, acquirerStatusSchema, {
        method: 'GET',
        path: `/v1/acquirer/payments/${encodeURIComponent(id)}`,
      }),
    ),
  };
}

/** Payment links, where the acquirer is another process. */
export const remoteLinks = (client: PeerClient): GateThere<LinkVerbs> => ({
  createLink: there((asked) =>
    ask(client, createLinkAnswerSchema, {
      ...{ method: 'POST', path: '/v1/acquirer/links', body: asked, id: asked.id },
    }),
  ),
  closeLink: there((asked) =>
    ask(client, closeLinkAnswerSchema, {
      ...{ method: 'POST', path: '/v1/acquirer/link-closings', body: asked, id: asked.id },
    }),
  ),
});
