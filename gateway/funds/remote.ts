/** The fund server's gate where the fund server is another process. */
import { type GateThere, there } from '../gate.ts';
import {
  debitAnswerSchema,
  issuerRefundAnswerSchema,
  issuerStatusSchema,
  reverseAnswerSchema,
} from '../issuer/gate.ts';
import type { PeerClient } from '../peers/client.ts';
import { ask } from '../peers/http-client.ts';
import { type FundVerbs, voucherAdmittedSchema } from './gate.ts';
import { voucherLookedUpSchema } from './schemas.ts';

export function remoteFunds(client: PeerClient): GateThere<FundVerbs> {
  const post = (path: string, body: { readonly id: string }) =>
    ({ method: 'POST', path: `/v1/funds/${path}`, body, id: body.id }) as const;
  return {
    admit: there((body) =>
      ask(client, voucherAdmittedSchema, { method: 'POST', path: '/v1/funds/admissions', body }),
    ),
    lookUp: there((body) =>
      ask(client, voucherLookedUpSchema, { method: 'POST', path: '/v1/funds/look-ups', body }),
    ),
    debit: there(({ payer, ...rest }) =>
      ask(
        client,
        debitAnswerSchema,
        post('debits', { ...rest, payer: payer.proof } as typeof rest),
      ),
    ),
    reverse: there((asked) => ask(client, reverseAnswerSchema, post('reversals', asked))),
    refund: there((asked) => ask(client, issuerRefundAnswerSchema, post('refunds', asked))),
    status: there((id) =>
      ask(client, issuerStatusSchema, {
        ...{ method: 'GET', path: `/v1/funds/requests/${encodeURIComponent(id)}` },
      }),
    ),
  };
}
