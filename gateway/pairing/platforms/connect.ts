/** The platforms that are known, by their kind; a further one is one file and one line here. */
import { hkdfSync } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { GatewayKeys } from '../../keys.ts';
import { connectHarbour } from './harbour.ts';
import { connectLotus } from './lotus.ts';
import type { PaymentPlatform } from './platform.ts';

/** How one platform is reached. */
export interface PlatformConnection {
  readonly kind: 'lotus' | 'harbour';
  /** Of letters, digits and hyphens; the kind where absent. */
  readonly name?: string | undefined;
  /** What payers know it by. */
  readonly title: string;
  /** Base URL of its interface, without a slash at its end. */
  readonly url: string;
  /** What phones reach its pages by, where that is another address. */
  readonly pageUrl?: string | undefined;
  /** What it gave us to prove who we are: a registration code, or a merchant's number and key. */
  readonly secret: string;
}

export interface ConnectParts {
  readonly keys: Pick<GatewayKeys, 'digest'>;
  readonly clock: Clock;
  /** What the platform and phones reach this server by. */
  readonly publicUrl: string;
}

export interface ConnectedPlatform {
  readonly platform: PaymentPlatform;
  readonly returnUrl: string;
}

export function connectPlatform(
  { keys, clock, publicUrl }: ConnectParts,
  connection: PlatformConnection,
): ConnectedPlatform {
  const { kind, name = kind, title, url, secret } = connection;
  const returnUrl = `${publicUrl}/pair/return/${name}`;
  const webhookUrl = `${publicUrl}/v1/webhooks/platform/${name}`;
  const pageOrigin = new URL(connection.pageUrl ?? url).origin;
  // Payers come back to the pairing page, or to that of a payment link.
  const own = { webhookUrl, returnUrl: `${publicUrl}/` };
  const shared = { name, title, url, pageOrigin, ...own, clock };
  switch (kind) {
    case 'lotus': {
      const info = `hawker gateway/1 platform client ${name}`;
      const key = new Uint8Array(hkdfSync('sha256', keys.digest, '', info, 32));
      return { returnUrl, platform: connectLotus({ ...shared, key, registrationCode: secret }) };
    }
    case 'harbour':
      return { returnUrl, platform: connectHarbour({ ...shared, secret }) };
  }
}
