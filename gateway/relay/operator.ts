/** How an operator has cards made: at the reader of a terminal, by whoever stands there. */
import { z } from 'zod';
import { wrap } from '#device/codecs/desfire.ts';
import { selectApplication } from '#device/codecs/desfire-commands.ts';
import { currencySchema } from '#device/messages/money.ts';
import { terminalIdSchema } from '#device/messages/order.ts';
import type { Registry } from '../terminals/registry.ts';
import { type Route, route } from '../web/routes.ts';
import type { RelayDesk } from './desk.ts';

export interface ReaderRouteParts {
  readonly relay: RelayDesk;
  readonly registry: Registry;
}

const LIFETIME_MS = 120_000;
/** What any card takes, made or not. */
const PICC = selectApplication(0);
const OPENING = [wrap(PICC.ins, PICC.header)];

export const readerRoutes = ({ relay, registry }: ReaderRouteParts): readonly Route[] => [
  route({
    ...{ method: 'POST', path: '/v1/settlement/terminals/{terminal}/making', caller: 'operator' },
    says: 'Has that terminal ask for a blank card, which becomes the oldest that waits to be made',
    params: z.strictObject({ terminal: terminalIdSchema }),
    body: { schema: z.strictObject({ currency: currencySchema }), example: { currency: 'CNY' } },
    answers: {
      200: {
        says: 'Whether the terminal has heard it; else it does when it comes, within two minutes',
        schema: z.strictObject({ heard: z.boolean() }),
      },
    },
    problems: ['operator_only', 'unknown_terminal', 'terminal_taken'],
    async handle({ params: { terminal }, body: { currency } }) {
      if (registry.keys(terminal) === undefined) return { problem: 'unknown_terminal', extras: {} };
      if (relay.busy(terminal)) return { problem: 'terminal_taken', extras: {} };
      const invitation = relay.inviteDue({
        ...{ terminal, currency, purpose: 'personalise', lifetimeMs: LIFETIME_MS },
        opening: OPENING,
        over: () => undefined,
      });
      return { status: 200, body: { heard: invitation.heard } };
    },
  }),
];
