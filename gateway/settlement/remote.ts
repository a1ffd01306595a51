/** The settlement's gate where the settlement is another process. */
import { fromHex, hex } from '#device/codecs/bytes.ts';
import { cardKeysSchema } from '#device/messages/card.ts';
import { type GateThere, there } from '../gate.ts';
import { type PeerClient, PeerError, type PeerRequest } from '../peers/client.ts';
import { ask } from '../peers/http-client.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import {
  cardAnswerSchema,
  debitsSchema,
  hotlistStateSchema,
  jobAnswerSchema,
  keySpreadSchema,
  purchasedSchema,
  type SettlementDrives,
  type SettlementVerbs,
  takeAnswerSchema,
  validatedSchema,
} from './gate.ts';
import { type SittingAnswer, type SittingStep, sittingAnswerSchema } from './sittings.ts';

export function remoteSettlement(
  client: PeerClient,
): GateThere<SettlementVerbs> & SettlementDrives {
  const get = (path: string): PeerRequest => ({ method: 'GET', path: `/v1/settlement/${path}` });
  const post = (path: string, body: unknown, id?: string): PeerRequest => ({
    ...{ method: 'POST', path: `/v1/settlement/${path}`, body },
    ...(id === undefined ? {} : { id }),
  });
  return {
    take: there((told) => ask(client, takeAnswerSchema, post('card-messages', told))),
    validate: there((asked) => ask(client, validatedSchema, post('validations', asked))),
    ask: there((job) => ask(client, jobAnswerSchema, post('asks', job, job.id))),
    job: there((id) => ask(client, jobAnswerSchema, get(`asks/${id}`))),
    cancel: there((id) => ask(client, jobAnswerSchema, post(`asks/${id}/cancellation`, {}))),
    purchased: there((order) => ask(client, purchasedSchema, get(`purchases/${order}`))),
    keys: there(() => ask(client, cardKeysSchema, get('terminal-keys'))),
    spread: there((told) => ask(client, keySpreadSchema, post('key-spread', told))),
    hotlist: there(() => ask(client, hotlistStateSchema, get('hotlist'))),
    debits: there((wish) => ask(client, debitsSchema, post('debits', wish))),
    card: there((id) => ask(client, cardAnswerSchema, get(`briefs/${id}`))),
    change: there((asked) => ask(client, cardAnswerSchema, post('changes', asked))),
    serve: (card, job) => sitThrough(client, card, job === undefined ? {} : { job }),
    purchase: (purchase, card) => sitThrough(client, card, { purchase }),
    load: (load, card) => sitThrough(client, card, { load }),
    make: (make, card) => sitThrough(client, card, { make }),
  };
}

/** Brings each group to the card, and its answers back. */
async function sitThrough(
  client: PeerClient,
  card: RelayedCard,
  what: Pick<SittingStep, 'job' | 'purchase' | 'load' | 'make'>,
): Promise<RelayOutcome> {
  const { relay: id, terminal, purpose } = card;
  const order = card.order === undefined ? {} : { order: card.order };
  const about = { id, terminal, uid: hex(card.uid), purpose, ...order, ...what };
  let brought: Pick<SittingStep, 'answers' | 'ended'> = { answers: [] };
  for (let step = 0; ; step += 1) {
    const said = await sit(client, { ...about, step, ...brought });
    if (said === null || said.said === 'unknown_sitting') return { said: 'again' };
    if (said.said === 'over') return said.outcome as RelayOutcome;
    const { answers, ended } = await card.transport(said.apdus.map(fromHex));
    brought = { answers: answers.map(hex), ...(ended === undefined ? {} : { ended }) };
  }
}

/** Asks once more where no answer came: the same step is answered the same. */
async function sit(client: PeerClient, body: SittingStep): Promise<SittingAnswer | null> {
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      return await ask(client, sittingAnswerSchema, {
        ...{ method: 'POST', path: '/v1/settlement/sittings', body },
      });
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
    }
  }
  return null;
}
