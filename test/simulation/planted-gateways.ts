/** What is planted in stores and between organisations. */
import type { Engine } from '#gateway/store/tables.ts';
import {
  inTables,
  NOTHING_PLANTED,
  neverDeclined,
  type PlantedFault,
  repeatAnew,
} from './plant-kit.ts';

/** By the name that `--plant` takes. */
export const GATEWAY_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'lost-outbox': {
    what: 'a result is not put into the outbox',
    found: /^stuck/,
    planted: inTables(({ outbox }) => ({
      outbox: {
        ...outbox,
        add(row) {
          if (row.kind !== 'result') outbox.add(row);
        },
      },
    })),
  },
  'early-answer': {
    what: 'the gateway answers before it has committed',
    found: /^(lost|value|stuck|disagree|journal|debit)/,
    planted: { ...NOTHING_PLANTED, engine: () => answerEarly },
  },
  'spends-frozen': {
    what: 'holds are written down and not counted',
    found: /^frozen|sum of its holds/,
    planted: inTables(({ ledger }) => ({
      ledger: {
        ...ledger,
        addHold: (row) => ledger.addHold(row, 0),
        endHold: (row) => ledger.endHold(row, 0),
      },
    })),
  },
  'lost-cent': {
    what: 'a posting is a cent short',
    found: /value/,
    planted: inTables(({ ledger }, chance) => ({
      ledger: {
        ...ledger,
        addPosting(row) {
          const short = row.amount_minor > 100 && chance.happens(0.01) ? 1 : 0;
          ledger.addPosting({ ...row, amount_minor: row.amount_minor - short });
        },
      },
    })),
  },
  'asks-anew': {
    what: 'a repeated debit goes to the issuer under another id',
    found: /^debit/,
    planted: {
      ...NOTHING_PLANTED,
      peer: (client, who) => (who === 'issuer' ? repeatAnew(client, '/v1/issuer/debits') : client),
    },
  },
  'invented-answer': {
    what: 'a decline of the issuer is read as a debit',
    found: /^(debit|value|announced)/,
    planted: {
      ...NOTHING_PLANTED,
      peer: (client, who) =>
        who === 'issuer' ? neverDeclined(client, '/v1/issuer/debits', debited) : client,
    },
  },
  'never-resolves': {
    what: 'a payment whose answer was lost is not asked after',
    found: /^(stuck|disagree|debit)/,
    planted: inTables(({ payments, attempts }) => ({
      payments: { ...payments, nextAt: () => undefined },
      attempts: { ...attempts, nextAt: () => undefined },
    })),
  },
};

/** Each commit is kept back until the next begins: a crash in between takes it away. */
function answerEarly(engine: Engine): Engine {
  // A life before this one may have left one behind: it is gone, as after a power cut.
  engine.abandon();
  let open = false;
  return {
    ...engine,
    begin() {
      if (open) engine.commit();
      open = false;
      engine.begin();
    },
    commit() {
      open = true;
    },
  };
}

const debited = (): object => ({ said: 'debited', payer: '', at: 0 });
