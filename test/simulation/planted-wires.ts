/** What is planted where messages are believed: the signature of one kind that nobody verifies. */
import { peek, seal } from '#device/codecs/jws.ts';
import { type Downlink, downlinkSchema } from '#device/messages/order.ts';
import { readDownlink } from '#device/messages/signed.ts';
import { inTerminal, NOTHING_PLANTED, type Planted, type PlantedFault } from './plant-kit.ts';

/** Takes what is understood of these kinds, whoever signed it, for whomever. */
const believing = (...kinds: readonly Downlink['kind'][]): Planted =>
  inTerminal(() => ({
    read(token, terminal, key) {
      const parsed = downlinkSchema.safeParse(peek(token));
      return parsed.success && kinds.includes(parsed.data.kind)
        ? { ok: true, downlink: parsed.data }
        : readDownlink(token, terminal, key);
    },
  }));

/** By the name that `--plant` takes. */
export const WIRE_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'any-refund': {
    what: 'the terminal does not verify who signed a refund',
    found: /^(believed|announced)/,
    planted: believing('refund'),
  },
  'any-card-news': {
    what: 'the terminal does not verify who signed receipts and verdicts of card payments',
    found: /^(believed|announced|journal|stuck|debit)/,
    planted: believing('card_receipt', 'card_verdict'),
  },
  'any-relay': {
    what: 'the terminal lets anybody drive a card',
    found: /^believed/,
    planted: believing('relay_invite', 'relay', 'relay_end', 'relay_withdraw'),
  },
  'any-hotlist': {
    what: 'the terminal does not verify who signed a list of blocked cards',
    found: /^(believed|blocked)/,
    planted: believing('hotlist'),
  },
  'any-day': {
    what: 'the terminal does not verify who agreed to its day',
    found: /^(believed|day|stuck)/,
    planted: believing('day_receipt', 'day_wanted'),
  },
  'any-receipt': {
    what: 'the terminal does not verify who has its orders',
    found: /^(believed|lost|stuck)/,
    planted: believing('receipt', 'receipts'),
  },
  'takes-others': {
    what: 'the terminal does not look for whom a message is',
    found: /^(believed|announced)/,
    planted: inTerminal(() => ({
      read(token, _terminal, key) {
        const { terminal = '' } = (peek(token) ?? {}) as { readonly terminal?: string };
        return readDownlink(token, terminal, key);
      },
    })),
  },
  'any-uplink': {
    what: 'the gateway does not verify which terminal speaks',
    found: /^(believed|lost|debit)/,
    planted: {
      ...NOTHING_PLANTED,
      uplink(core, terminal, message) {
        const keys = core.registry.keys(terminal);
        const said = peek(new TextDecoder().decode(message));
        if (keys === undefined || said === null) return message;
        return new TextEncoder().encode(seal('HS256', keys.uplink, said));
      },
    },
  },
};
