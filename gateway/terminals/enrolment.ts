/** A terminal brings its one-time code and becomes one. */
import { base64url } from '#device/codecs/bytes.ts';
import { type Identity, identitySchema } from '#device/messages/enrolment.ts';
import type { Chance, Clock } from '../clock.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import { terminalNumber } from '../pairing/numbers.ts';
import type { Transaction, Writer } from '../store/writer.ts';

export interface EnrolmentParts {
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: GatewayKeys;
  /** Where terminals find the broker and payers the cashier page. */
  readonly addresses: () => { readonly broker: string; readonly payUrl: string };
}

export type Enrolled =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly code: 'code_refused' };

export const codeDigest = (keys: Pick<GatewayKeys, 'digest'>, code: string): string =>
  keyedDigest(keys, `enrolment\n${code}`);

/**
 * Gives the identity for a code that was never used, or used with the same `idempotencyKey` by a
 * terminal that lost the answer. A second code for an enrolled terminal ends its first secret.
 */
export function enrol(
  parts: EnrolmentParts,
  code: string,
  idempotencyKey: string | null,
): Promise<Enrolled> {
  const { writer, clock, chance, keys } = parts;
  const secret = base64url(chance.bytes(32));
  const usedWith = idempotencyKey === null ? null : keyedDigest(keys, `use\n${idempotencyKey}`);
  return writer.run((tx) => {
    const row = tx.terminals.code(codeDigest(keys, code));
    if (row === undefined) return { ok: false, code: 'code_refused' };
    if (row.used_at !== null) {
      const again = usedWith !== null && row.used_with === usedWith;
      return again ? identify(tx, parts, row.terminal) : { ok: false, code: 'code_refused' };
    }
    tx.terminals.useCode(row.digest, clock.now(), usedWith);
    tx.terminals.enrol(row.terminal, secret, clock.now());
    return identify(tx, parts, row.terminal);
  });
}

function identify(tx: Transaction, parts: EnrolmentParts, id: string): Enrolled {
  const terminal = tx.terminals.find(id);
  if (terminal === undefined || terminal.secret === null)
    return { ok: false, code: 'code_refused' };
  const { broker, payUrl } = parts.addresses();
  const identity = identitySchema.parse({
    terminal: terminal.id,
    secret: terminal.secret,
    gateway_key: parts.keys.public,
    broker,
    pay_url: payUrl,
    stall: { ...JSON.parse(terminal.stall), number: terminalNumber(tx, parts.chance, id) },
  });
  return { ok: true, identity };
}
