/** The kinds of certificates that the authority writes, and what each is good for. */

export const KINDS = ['terminal', 'merchant', 'party', 'role', 'server'] as const;
export type Kind = (typeof KINDS)[number];

/** Who holds a certificate. */
export interface Holder {
  readonly kind: Kind;
  /** Terminal id, merchant id, party id, role or a server's name. */
  readonly subject: string;
}

const DAY_MS = 86_400_000;

/** A terminal that winters in a shed must still be one in spring; a server is always on. */
export const LIFETIME_MS: Readonly<Record<Kind, number>> = {
  terminal: 365 * DAY_MS,
  merchant: 365 * DAY_MS,
  party: 365 * DAY_MS,
  role: 90 * DAY_MS,
  server: 90 * DAY_MS,
};

export const AUTHORITY_LIFETIME_MS = 3650 * DAY_MS;

/** Extended key usage (RFC 5280 §4.2.1.12): who may open connections with it, and who take them. */
export const USAGES: Readonly<Record<Kind, readonly ('client' | 'server')[]>> = {
  terminal: ['client'],
  merchant: ['client'],
  party: ['client'],
  role: ['client', 'server'],
  server: ['server'],
};

/**
 * The common name. A terminal's is its id, because brokers take it for the user; no terminal id has
 * a colon, so that none can bear the name of another kind.
 */
export const commonName = ({ kind, subject }: Holder): string =>
  kind === 'terminal' ? subject : `${kind}:${subject}`;

/** The other way round; `null` for a name that the authority does not give. */
export function readCommonName(name: string): Holder | null {
  const at = name.indexOf(':');
  if (at < 0) return name === '' ? null : { kind: 'terminal', subject: name };
  const kind = KINDS.find((each) => each === name.slice(0, at));
  const subject = name.slice(at + 1);
  return kind === undefined || kind === 'terminal' || subject === '' ? null : { kind, subject };
}

/** Renewed when less than a third of its time is left. */
export const renewAt = (issuedAt: number, expiresAt: number): number =>
  expiresAt - (expiresAt - issuedAt) / 3;
