/** The shop's part of the HTTP door. */
import type { FastifyInstance } from 'fastify';
import type { Core } from '../core.ts';
import { addShopLive } from './live.ts';
import { addShopPages } from './pages.ts';

export function addShop(server: FastifyInstance, core: Core): void {
  addShopPages(server, core);
  addShopLive(server, core);
}
