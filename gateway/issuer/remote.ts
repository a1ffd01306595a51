/** The issuer's gate where the issuer is another process. */
import { type GateThere, there } from '../gate.ts';
import type { PeerClient } from '../peers/client.ts';
import { ask } from '../peers/http-client.ts';
import {
  admitAnswerSchema,
  authoriseAnswerSchema,
  captureAnswerSchema,
  type DebitRequest,
  debitAnswerSchema,
  type IssuerPresents,
  type IssuerVerbs,
  issuerRefundAnswerSchema,
  issuerStatusSchema,
  releaseAnswerSchema,
  reverseAnswerSchema,
} from './gate.ts';

export function remoteIssuer(client: PeerClient): GateThere<IssuerVerbs> & IssuerPresents {
  const post = (path: string, body: { readonly id: string }) =>
    ({ method: 'POST', path: `/v1/issuer/${path}`, body, id: body.id }) as const;
  const proved = ({ payer, ...rest }: DebitRequest) => ({ ...rest, payer: payer.proof });
  return {
    // It is the issuer that checks, when it is asked.
    present: async (proof) => ({ proof }),
    admit: there(({ payer }) =>
      ask(client, admitAnswerSchema, {
        ...{ method: 'POST', path: '/v1/issuer/admissions', body: { payer: payer.proof } },
      }),
    ),
    authorise: there((asked) =>
      ask(client, authoriseAnswerSchema, post('authorisations', proved(asked))),
    ),
    debit: there((asked) => ask(client, debitAnswerSchema, post('debits', proved(asked)))),
    capture: there((asked) => ask(client, captureAnswerSchema, post('captures', asked))),
    release: there((asked) => ask(client, releaseAnswerSchema, post('releases', asked))),
    reverse: there((asked) => ask(client, reverseAnswerSchema, post('reversals', asked))),
    refund: there((asked) => ask(client, issuerRefundAnswerSchema, post('refunds', asked))),
    status: there((id) =>
      ask(client, issuerStatusSchema, {
        method: 'GET',
        path: `/v1/issuer/requests/${encodeURIComponent(id)}`,
      }),
    ),
  };
}
