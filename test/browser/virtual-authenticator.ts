/** Chromium's own authenticator, by which a page meets a finger or a face that a test moves. */
import type { CDPSession, Page } from 'playwright-core';

export interface VirtualAuthenticator {
  readonly cdp: CDPSession;
  readonly id: string;
}

export async function addAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true },
      ...{ hasUserVerification: true, isUserVerified: true },
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, id };
}
