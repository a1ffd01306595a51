/** The pairing's part of the HTTP door. */
import type { FastifyInstance } from 'fastify';
import type { Core } from '../core.ts';
import { addPairingApi, addPlatformReports } from './door.ts';
import { addPairingPages } from './pages.ts';

export async function addPairing(server: FastifyInstance, core: Core): Promise<void> {
  addPairingApi(server, core);
  addPairingPages(server, core);
  await addPlatformReports(server, core);
}
