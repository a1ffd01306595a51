/** The versions of the cards' keys, for the settlement's operator: made, looked at, retired. */
import { z } from 'zod';
import type { KeyVersionRow } from '../store/tables-settlement.ts';
import { type Reply, type Route, route } from '../web/routes.ts';
import type { KeysChanged } from './key-versions.ts';
import type { OperatorRouteParts } from './operator.ts';

const DAY_S = 86_400;
const becauseSchema = z.string().min(1).max(200);

const newKeysSchema = z.strictObject({
  because: becauseSchema,
  /** Cards are given the new keys then at the latest, and before as soon as each terminal has them. */
  ready_within_s: z
    .int()
    .min(0)
    .max(90 * DAY_S)
    .default(3 * DAY_S),
  /** From then on how long terminals take cards with older keys; without it, while there are such. */
  older_for_s: z
    .int()
    .min(0)
    .max(3650 * DAY_S)
    .optional(),
});

const keyVersionSchema = z.strictObject({
  version: z.int().min(1).max(255),
  state: z.enum(['spreading', 'current', 'accepted', 'retired']),
  because: z.string(),
  made_at: z.int(),
  /** Active cards that have these keys. */
  cards: z.int().min(0),
  /** While it spreads: terminals that do not have it, by the last count. */
  waiting: z.int().min(0).optional(),
  ready_at: z.int().optional(),
  ends_at: z.int().optional(),
  ended_at: z.int().optional(),
});

const optional = <K extends string>(name: K, value: number | null) =>
  value === null ? {} : { [name]: value };

export function keyRoutes({ settlement }: OperatorRouteParts): readonly Route[] {
  const view = (row: KeyVersionRow) => ({
    ...{ version: row.version, state: row.state, because: row.because, made_at: row.made_at },
    cards: settlement.cardsWith(row.version),
    ...optional('waiting', row.state === 'spreading' ? row.waiting : null),
    ...optional('ready_at', row.state === 'spreading' ? row.ready_at : null),
    ...optional('ends_at', row.ends_at),
    ...optional('ended_at', row.ended_at),
  });
  const replyTo = (changed: KeysChanged, status: number): Reply =>
    changed.ok ? { status, body: view(changed.row) } : { problem: changed.code, extras: {} };
  return [
    route({
      ...{ method: 'GET', path: '/v1/settlement/key-versions', caller: 'operator' },
      says: 'Which versions of the cards’ keys there are, and how many cards have each',
      answers: {
        200: {
          says: 'Oldest first',
          schema: z.strictObject({ versions: z.array(keyVersionSchema) }),
        },
      },
      problems: ['operator_only'],
      async handle() {
        const versions = (await settlement.keyVersions()).map(view);
        return { status: 200, body: { versions } };
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/key-versions', caller: 'operator' },
      says: 'Makes a further version: terminals are given it, and then cards, as they come',
      idempotency: 'required',
      body: { schema: newKeysSchema, example: { because: 'terminal t-0007 was stolen' } },
      answers: { 201: { says: 'The version', schema: keyVersionSchema } },
      problems: ['operator_only', 'key_version_spreads'],
      handle({ body: { because, ready_within_s, older_for_s }, keep }) {
        const olderForMs = older_for_s === undefined ? null : older_for_s * 1000;
        const wanted = { because, readyWithinMs: ready_within_s * 1000, olderForMs };
        return settlement.renewKeys(wanted, (tx, made) => keep(tx, replyTo(made, 201)));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/key-versions/{version}/retirement' },
      caller: 'operator',
      says: 'No terminal takes cards with these keys any more: they are given newer ones where they come online',
      idempotency: 'kept',
      params: z.strictObject({ version: z.coerce.number().int().min(1).max(255) }),
      body: {
        schema: z.strictObject({ because: becauseSchema }),
        example: { because: 'terminal t-0007 was stolen' },
      },
      answers: { 200: { says: 'The version', schema: keyVersionSchema } },
      problems: ['operator_only', 'unknown_key_version', 'key_version_in_use'],
      async handle({ params, body }) {
        return replyTo(await settlement.retireKeys(params.version, body.because), 200);
      },
    }),
  ];
}
