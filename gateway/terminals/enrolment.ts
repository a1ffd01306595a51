/** A terminal brings its one-time code and becomes one. */
import { base64url } from '#device/codecs/bytes.ts';
import type { CardKeys } from '#device/messages/card.ts';
import { type Identity, identitySchema } from '#device/messages/enrolment.ts';
import type { Chance, Clock } from '../clock.ts';
import type { IssuedCertificate } from '../identity/authority.ts';
import type { Granted, IdentityDesk } from '../identity/desk.ts';
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
  /** Who certifies terminals that ask for it; `null` where nobody does. */
  readonly desk: IdentityDesk | null;
  /** What terminals need to take cards; `null` where there is no settlement. */
  readonly cardKeys: () => Promise<CardKeys | null>;
}

export interface EnrolmentRequest {
  readonly code: string;
  /** Certificate request (PKCS #10, PEM). */
  readonly csr?: string | undefined;
}

export type Enrolled =
  | { readonly ok: true; readonly identity: Identity }
  | {
      readonly ok: false;
      readonly code: 'code_refused' | 'csr_refused' | 'idempotency_key_reused';
    };

type Refusal = Extract<Enrolled, { ok: false }>;
const refuse = (code: Refusal['code']): Refusal => ({ ok: false, code });

export const codeDigest = (keys: Pick<GatewayKeys, 'digest'>, code: string): string =>
  keyedDigest(keys, `enrolment\n${code}`);

/**
 * Gives the identity for a code that was never used, or used with the same `idempotencyKey` by a
 * terminal that lost the answer. A second code for an enrolled terminal ends its first secret and
 * its first certificate.
 */
export async function enrol(
  parts: EnrolmentParts,
  { code, csr }: EnrolmentRequest,
  idempotencyKey: string | null,
): Promise<Enrolled> {
  const { writer, clock, chance, keys, desk } = parts;
  const digest = codeDigest(keys, code);
  const secret = base64url(chance.bytes(32));
  const usedWith = idempotencyKey === null ? null : keyedDigest(keys, `use\n${idempotencyKey}`);
  const made = await prepare(parts, digest, csr);
  if (made === 'csr_refused') return refuse(made);
  const cardKeys = await parts.cardKeys();
  const enrolled = await writer.run((tx): Enrolled => {
    const row = tx.terminals.code(digest);
    if (row === undefined) return refuse('code_refused');
    const holder = { kind: 'terminal', subject: row.terminal } as const;
    if (row.used_at !== null) {
      if (usedWith === null || row.used_with !== usedWith) return refuse('code_refused');
      if (made === null) return identify(tx, parts, row.terminal, null, cardKeys);
      const granted = desk?.find(tx, holder, made.public_key) ?? null;
      if (granted === null) return refuse('idempotency_key_reused');
      return identify(tx, parts, row.terminal, granted, cardKeys);
    }
    const now = clock.now();
    // Whoever has an earlier code must not be told the new secret for it.
    tx.terminals.forgetUses(row.terminal);
    tx.terminals.useCode(row.digest, now, usedWith);
    tx.terminals.enrol(row.terminal, secret, now);
    desk?.revokeAll(tx, holder, 'enrolled anew');
    const granted = made === null ? null : (desk?.record(tx, made) ?? null);
    return identify(tx, parts, row.terminal, granted, cardKeys);
  });
  desk?.changed();
  return enrolled;
}

/** Signs before the unit, because that takes its time; what the unit does not record is forgotten. */
async function prepare(
  { writer, desk }: EnrolmentParts,
  digest: string,
  csr: string | undefined,
): Promise<IssuedCertificate | 'csr_refused' | null> {
  if (csr === undefined || desk === null) return null;
  const terminal = await writer.run((tx) => tx.terminals.code(digest)?.terminal);
  if (terminal === undefined) return null;
  const made = await desk.prepare({ kind: 'terminal', subject: terminal }, [], csr);
  return made ?? 'csr_refused';
}

function identify(
  tx: Transaction,
  parts: EnrolmentParts,
  id: string,
  granted: Granted | null,
  cardKeys: CardKeys | null,
): Enrolled {
  const terminal = tx.terminals.find(id);
  if (terminal === undefined || terminal.secret === null) return refuse('code_refused');
  const { broker, payUrl } = parts.addresses();
  const identity = identitySchema.parse({
    terminal: terminal.id,
    secret: terminal.secret,
    gateway_key: parts.keys.public,
    broker,
    pay_url: payUrl,
    stall: { ...JSON.parse(terminal.stall), number: terminalNumber(tx, parts.chance, id) },
    ...(granted === null ? {} : { certificate: granted.certificate, authority: granted.authority }),
    ...(cardKeys === null ? {} : { card_keys: cardKeys }),
  });
  return { ok: true, identity };
}
