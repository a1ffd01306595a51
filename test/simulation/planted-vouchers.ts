/** What is planted where vouchers are issued, redeemed and let go. */
import { PAYERS } from './people.ts';
import {
  inTables,
  NOTHING_PLANTED,
  neverDeclined,
  type PlantedFault,
  repeatAnew,
} from './plant-kit.ts';

/** By the name that `--plant` takes. */
export const VOUCHER_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'keeps-frozen': {
    what: 'what is left of an ended voucher is not let go',
    found: /^frozen/,
    planted: inTables(({ funds }) => ({
      funds: {
        ...funds,
        putAsk: (row) =>
          funds.putAsk(row.kind === 'release' ? { ...row, state: 'done', next_at: null } : row),
      },
    })),
  },
  'forgets-first': {
    what: 'a freezing that was overtaken by a change is not undone',
    found: /^frozen/,
    planted: inTables(({ funds }) => ({
      funds: {
        ...funds,
        putAsk: (row) =>
          funds.putAsk(row.kind === 'undo' ? { ...row, state: 'done', next_at: null } : row),
      },
    })),
  },
  'forgets-part': {
    what: 'a part that was redeemed is not counted, and may be redeemed again',
    found: /^voucher/,
    planted: inTables(({ funds }, chance) => ({
      funds: {
        ...funds,
        change(number, change) {
          const { captured_minor: _part, ...rest } = change;
          return funds.change(number, chance.happens(0.3) ? rest : change);
        },
      },
    })),
  },
  'spent-again': {
    what: 'an ended voucher is good again when its beneficiary asks once more',
    found: /^(voucher|value|frozen|stuck)/,
    planted: inTables(({ funds }) => ({
      funds: {
        ...funds,
        change: (number, change) =>
          funds.change(
            number,
            change.state === 'redeemed' ? { ...change, state: 'issued' } : change,
          ),
      },
    })),
  },
  'never-freezes': {
    what: 'a question about a voucher whose answer was lost is not asked again',
    found: /^stuck/,
    planted: inTables(({ funds }) => ({ funds: { ...funds, dueAsks: () => [] } })),
  },
  'redeems-anew': {
    what: 'a till asks the fund server again under another id',
    found: /^debit/,
    planted: {
      ...NOTHING_PLANTED,
      peer: (client, who) =>
        who === 'fund-server' ? repeatAnew(client, '/v1/funds/debits') : client,
    },
  },
  'issues-unfrozen': {
    what: 'an answer of the issuer that declines to freeze is read as frozen',
    found: /^(frozen|voucher|stuck)/,
    planted: {
      ...NOTHING_PLANTED,
      peer: (client, who) =>
        who === 'issuer' ? neverDeclined(client, '/v1/issuer/authorisations', frozenAs) : client,
    },
  },
  'never-refills': {
    what: 'what a till gives back is frozen for the voucher, and not good again',
    found: /^voucher/,
    planted: inTables(({ funds }) => ({
      funds: {
        ...funds,
        change(number, change) {
          const { captured_minor, ...rest } = change;
          const was = funds.voucher(number)?.captured_minor ?? 0;
          const refills = captured_minor !== undefined && captured_minor < was;
          return funds.change(number, refills ? rest : change);
        },
      },
    })),
  },
  'refills-elsewhere': {
    what: 'what a till gives back goes to the paying account, though the voucher waits to be refilled',
    found: /^(stuck|voucher|frozen)/,
    planted: inTables(({ funds }) => ({
      funds: {
        ...funds,
        putAsk(row) {
          const question = JSON.parse(row.question) as { readonly kind: string };
          const back = question.kind === 'give_back' ? { ...question, frozen: null } : question;
          funds.putAsk({ ...row, question: JSON.stringify(back) });
        },
      },
    })),
  },
  'refills-anew': {
    what: 'a till’s refund that had no answer is asked for again under another id',
    found: /^(debit|voucher|value|stuck)/,
    planted: {
      ...NOTHING_PLANTED,
      peer: (client, who) =>
        who === 'fund-server' ? repeatAnew(client, '/v1/funds/refunds') : client,
    },
  },
  'others-voucher': {
    what: 'a party is registered with another phone number than it proved',
    found: /^owner/,
    planted: inTables(({ funds }) => ({
      funds: {
        ...funds,
        setPartyPhone: (id, phone) =>
          funds.setPartyPhone(id, phone === null ? null : nextPhone(phone)),
      },
    })),
  },
  'never-expires': {
    what: 'vouchers do not expire',
    found: /^stuck/,
    planted: inTables(({ funds }) => ({ funds: { ...funds, due: () => [] } })),
  },
};

const nextPhone = (phone: string): string => {
  const at = PAYERS.findIndex((payer) => payer.phone === phone);
  return PAYERS[(at + 1) % PAYERS.length]?.phone ?? phone;
};

const frozenAs = (id: string): object => ({
  said: 'authorised',
  authorisation: id,
  payer: '',
  at: 0,
});
