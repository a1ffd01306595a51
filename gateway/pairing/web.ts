/** The pairing's part of the HTTP door. */
import type { FastifyInstance } from 'fastify';
import type { Core } from '../core.ts';
import { addPairingApi } from './door.ts';
import { addPairingPages } from './pages.ts';

export function addPairing(server: FastifyInstance, core: Core): void {
  addPairingApi(server, core);
  addPairingPages(server, core);
}
