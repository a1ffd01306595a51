/** What the certificate authority keeps: whom it has certified, and the codes for it. */

export interface CertificateRow {
  /** Hexadecimal, lower case. */
  readonly serial: string;
  readonly kind: string;
  readonly subject: string;
  /** Host names and addresses, JSON. */
  readonly names: string;
  /** Digest of its public key. */
  readonly public_key: string;
  readonly pem: string;
  readonly issued_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
  readonly because: string | null;
}

export interface CertificateCodeRow {
  readonly digest: string;
  readonly kind: string;
  readonly subject: string;
  /** JSON. */
  readonly names: string;
  readonly until: number;
  readonly used_at: number | null;
  /** Digest of the Idempotency-Key that it was used with. */
  readonly used_with: string | null;
}

export interface IdentityTable {
  find(serial: string): CertificateRow | undefined;
  /** The newest certificate of a public key that is not revoked. */
  ofKey(publicKey: string): CertificateRow | undefined;
  /** All of a holder's that are not revoked. */
  ofHolder(kind: string, subject: string): CertificateRow[];
  add(row: Omit<CertificateRow, 'revoked_at' | 'because'>): void;
  /** Revokes one; the engine refuses to take it back. */
  revoke(serial: string, at: number, because: string): void;
  /** Those revoked that have not expired by `now`. */
  revoked(now: number): CertificateRow[];
  code(digest: string): CertificateCodeRow | undefined;
  addCode(row: Omit<CertificateCodeRow, 'used_at' | 'used_with'>): void;
  useCode(digest: string, at: number, usedWith: string | null): void;
  /** Ends all codes of a holder, used or not. */
  dropCodes(kind: string, subject: string): void;
}
