/**
 * A terminal's key and the request for its certificate (PKCS #10, RFC 2986), by hand: a library for
 * it is more memory than a terminal has to spare, for one message in its life.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';

/** A private key on P-256 (PKCS #8, PEM). */
export function makeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The request, PEM, signed with the key; the gateway decides whose certificate it becomes. */
export function writeRequest(key: string): string {
  const privateKey = createPrivateKey(key);
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const name = sequence(der(SET, sequence(COMMON_NAME, der(UTF8_STRING, Buffer.from('terminal')))));
  const info = sequence(der(INTEGER, Buffer.of(0)), name, spki, der(ATTRIBUTES));
  const signature = sign('sha256', info, privateKey);
  const bits = der(BIT_STRING, Buffer.of(0), signature);
  const text = sequence(info, sequence(ECDSA_WITH_SHA256), bits).toString('base64');
  const lines = text.match(/.{1,64}/g) ?? [];
  return [
    '-----BEGIN CERTIFICATE REQUEST-----',
    ...lines,
    '-----END CERTIFICATE REQUEST-----',
    '',
  ].join('\n');
}

// Tags of DER (X.690).
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTF8_STRING = 0x0c;
const SEQUENCE = 0x30;
const SET = 0x31;
const ATTRIBUTES = 0xa0;
/** 2.5.4.3 */
const COMMON_NAME = Buffer.from('0603550403', 'hex');
/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(SEQUENCE, ...parts);
