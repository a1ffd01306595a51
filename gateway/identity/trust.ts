/** Whom this process believes: an authority, and what became of each certificate since. */
import type { TLSSocket } from 'node:tls';
import { type Holder, readCommonName } from './kinds.ts';

/** `unknown` is signed by the authority and not in its books: then the books are not whole. */
export type Standing = 'good' | 'revoked' | 'expired' | 'unknown';

export interface Trust {
  /** The authority's certificate, PEM. */
  readonly certificate: string;
  standing(serial: string): Standing;
  /** Calls back when somebody may have to go; the answer ends it. */
  listen(then: () => void): () => void;
}

export interface Peer extends Holder {
  /** Hexadecimal, lower case. */
  readonly serial: string;
  readonly expires_at: number;
}

/** Who is at the other end; `null` where the authority did not sign that certificate. */
export function peerOf(socket: TLSSocket): Peer | null {
  // A resumed session keeps the certificate of the first handshake, and whether it was believed.
  if (!socket.authorized) return null;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const name = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  const holder = name === undefined ? null : readCommonName(name);
  if (holder === null) return null;
  const serial = certificate.serialNumber.toLowerCase();
  return { ...holder, serial, expires_at: Date.parse(certificate.validTo) };
}
