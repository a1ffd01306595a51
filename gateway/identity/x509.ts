/**
 * X.509 (RFC 5280) and PKCS #10 (RFC 2986) by the library, which takes a while to load: import this
 * file when something is to be written. ECDSA on P-256 with SHA-256, and nothing else.
 */
import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { AUTHORITY_LIFETIME_MS, commonName, type Holder, USAGES } from './kinds.ts';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** A clock that is a little behind must not refuse what was issued just now. */
const BACKDATED_MS = 300_000;
const { subtle } = webcrypto;

/** An authority's key (PKCS #8) and certificate, both PEM. */
export interface AuthorityPems {
  readonly key: string;
  readonly certificate: string;
}

export async function makeAuthority(serial: string, now: number): Promise<AuthorityPems> {
  const keys = await subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial,
    name: [{ CN: [`Hawker authority ${serial.slice(0, 8)}`] }],
    notBefore: whole(now - BACKDATED_MS),
    notAfter: whole(now + AUTHORITY_LIFETIME_MS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await writeKey(keys.privateKey), certificate: pem(certificate) };
}

export interface CertificateWish {
  readonly holder: Holder;
  /** Host names and addresses that it answers to. */
  readonly names: readonly string[];
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Hexadecimal. */
  readonly serial: string;
  readonly now: number;
  readonly lifetimeMs: number;
}

/** PEM of a certificate that the authority has signed. */
export async function writeCertificate(
  authority: AuthorityPems,
  wish: CertificateWish,
): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const { holder, names } = wish;
  const publicKey = await new x509.PublicKey(bytes(wish.publicKey)).export(CURVE, ['verify']);
  const usages = USAGES[holder.kind].map((usage) =>
    usage === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth,
  );
  const uri = { type: 'url', value: `urn:hawker:${holder.kind}:${holder.subject}` } as const;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: wish.serial,
    subject: [{ CN: [commonName(holder)] }, { OU: [holder.kind] }],
    issuer: issuer.subjectName,
    notBefore: whole(wish.now - BACKDATED_MS),
    notAfter: whole(wish.now + wish.lifetimeMs),
    signingAlgorithm: SIGNING,
    publicKey,
    signingKey: await readKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      new x509.SubjectAlternativeNameExtension([
        uri,
        ...names.map((name) => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name }) as const),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return pem(certificate);
}

/**
 * The public key (DER) of a certificate request whose signature shows that its sender has the private
 * one; `null` for anything else. What it says of its subject does not count.
 */
export async function readRequest(text: string): Promise<Uint8Array | null> {
  try {
    const request = new x509.Pkcs10CertificateRequest(text);
    const { algorithm, rawData } = request.publicKey;
    const curve = 'namedCurve' in algorithm ? algorithm.namedCurve : null;
    if (algorithm.name !== CURVE.name || curve !== CURVE.namedCurve) return null;
    return (await request.verify()) ? new Uint8Array(rawData) : null;
  } catch {
    return null;
  }
}

export interface FreshRequest {
  /** PKCS #8, PEM. */
  readonly key: string;
  /** PKCS #10, PEM. */
  readonly request: string;
}

/** A request with the key in `key`, or with a new one. */
export async function makeRequest(name: string, key?: string): Promise<FreshRequest> {
  const keys =
    key === undefined ? await subtle.generateKey(CURVE, true, ['sign', 'verify']) : await pair(key);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: SIGNING,
  });
  return { key: key ?? (await writeKey(keys.privateKey)), request: pem(request) };
}

/** SubjectPublicKeyInfo (DER) of a private key. */
export async function publicKeyOf(key: string): Promise<Uint8Array> {
  return new Uint8Array(await subtle.exportKey('spki', (await pair(key)).publicKey));
}

export interface Revoked {
  /** Hexadecimal. */
  readonly serial: string;
  readonly at: number;
}

/** The revocation list (RFC 5280 §5) as PEM and DER. */
export async function writeCrl(
  authority: AuthorityPems,
  revoked: readonly Revoked[],
  now: number,
  lifetimeMs: number,
): Promise<{ readonly pem: string; readonly der: Uint8Array }> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const crl = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: whole(now - BACKDATED_MS),
    nextUpdate: whole(now + lifetimeMs),
    signingAlgorithm: SIGNING,
    signingKey: await readKey(authority.key),
    entries: revoked.map(({ serial, at }) => ({
      serialNumber: serial,
      revocationDate: whole(at),
    })),
    extensions: [await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)],
  });
  // The label of RFC 7468 §6, which OpenSSL insists on.
  return { pem: pem(crl).replaceAll(' CRL-', ' X509 CRL-'), der: new Uint8Array(crl.rawData) };
}

/** Serials (hexadecimal, lower case) of a list that this authority signed, or `null`. */
export async function readCrl(
  authorityCertificate: string,
  text: string,
): Promise<{ readonly serials: readonly string[]; readonly until: number } | null> {
  try {
    const crl = new x509.X509Crl(text.replaceAll(' X509 CRL-', ' CRL-'));
    const publicKey = await new x509.X509Certificate(authorityCertificate).publicKey.export();
    if (!(await crl.verify({ publicKey }))) return null;
    const serials = crl.entries.map(({ serialNumber }) => serialNumber.toLowerCase());
    return { serials, until: crl.nextUpdate?.getTime() ?? 0 };
  } catch {
    return null;
  }
}

/** Digest of a public key: what a certificate is found again by. */
export const keyDigest = (publicKey: Uint8Array): string =>
  createHash('sha256').update(publicKey).digest('base64url');

/** Certificates know whole seconds alone. */
const whole = (at: number): Date => new Date(Math.floor(at / 1000) * 1000);

const pem = (data: { toString(format: 'pem'): string }): string => `${data.toString('pem')}\n`;

/** A view of a pooled buffer would give the whole pool away. */
const bytes = (view: Uint8Array): ArrayBuffer => new Uint8Array(view).buffer;

async function writeKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

function keyBytes(text: string): ArrayBuffer {
  const base64 = text.replaceAll(/-----[A-Z ]+-----|\s/g, '');
  return bytes(Buffer.from(base64, 'base64'));
}

const readKey = (text: string): Promise<webcrypto.CryptoKey> =>
  subtle.importKey('pkcs8', keyBytes(text), CURVE, true, ['sign']);

async function pair(text: string): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = await readKey(text);
  const { kty, crv, x, y } = await subtle.exportKey('jwk', privateKey);
  if (kty === undefined || crv === undefined || x === undefined || y === undefined) {
    throw new Error('the key is not on P-256');
  }
  const publicKey = await subtle.importKey('jwk', { kty, crv, x, y }, CURVE, true, ['verify']);
  return { privateKey, publicKey };
}

/** When a certificate begins and ends, ms since 1970. */
export function lifeOf(pem: string): { readonly issuedAt: number; readonly expiresAt: number } {
  const { notBefore, notAfter } = new x509.X509Certificate(pem);
  return { issuedAt: notBefore.getTime(), expiresAt: notAfter.getTime() };
}
