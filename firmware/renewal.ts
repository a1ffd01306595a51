/** Keeps a terminal's certificate good: asks for the next one when a third of its time is left. */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { type CardKeys, cardKeysSchema } from '#device/messages/card.ts';
import { type Identity, pemSchema } from '#device/messages/enrolment.ts';
import type { Clock } from '#device/ports/clock.ts';
import { writeRequest } from './certificate-request.ts';
import { type Credentials, credentialsOf, storeIdentity } from './identity.ts';
import { postJson } from './post.ts';

export interface Renewal {
  /** What the next connection is opened with; `null` where this terminal has no certificate. */
  readonly credentials: () => Credentials | null;
  close(): void;
}

export interface RenewalParts {
  readonly dataDirectory: string;
  readonly identity: Identity;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly log: (what: string) => void;
  /** Where the answer brings newer keys of the house's cards. */
  readonly keepCardKeys: (keys: CardKeys) => Promise<void>;
}

const LOOK_EVERY_MS = 6 * 3_600_000;

const grantedSchema = z.object({ certificate: pemSchema, card_keys: cardKeysSchema.optional() });

/** Looks at once and every six hours; a refusal is told, and does not keep the terminal from selling. */
export function keepCertificate(parts: RenewalParts): Renewal {
  const { dataDirectory, clock, log } = parts;
  let identity = parts.identity;
  let credentials = credentialsOf(dataDirectory, identity);
  let closed = false;
  const look = async (): Promise<void> => {
    if (credentials === null || !isDue(credentials.cert, clock.now())) return;
    try {
      const { certificate, card_keys: keys } = await renew(identity, credentials);
      if (keys !== undefined) await parts.keepCardKeys(keys);
      identity = { ...identity, certificate };
      await storeIdentity(dataDirectory, identity);
      credentials = { ...credentials, cert: certificate };
      log('the certificate was renewed');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log(`the certificate can't be renewed: ${why}; it is asked for again`);
    }
  };
  let cancel: () => void = () => undefined;
  const tick = (): void => {
    void look().then(() => {
      if (!closed) cancel = clock.after(LOOK_EVERY_MS, tick);
    });
  };
  tick();
  return {
    credentials: () => credentials,
    close() {
      closed = true;
      cancel();
    },
  };
}

/** The payers' address is the gateway's, too. */
async function renew(
  { pay_url }: Identity,
  { key, ca }: Credentials,
): Promise<z.infer<typeof grantedSchema>> {
  const url = new URL('/v1/certificates/renewals', pay_url);
  const { status, body } = await postJson(url, {}, { csr: writeRequest(key) }, ca);
  const granted = grantedSchema.safeParse(body);
  if (status === 201 && granted.success) return granted.data;
  throw new Error(`${url} answered ${status}`);
}

function isDue(pem: string, now: number): boolean {
  const { validFrom, validTo } = new X509Certificate(pem);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return now >= to - (to - from) / 3;
}
