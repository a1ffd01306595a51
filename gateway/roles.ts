/** The organisations of a gateway. A process is one of them, or all but the platform. */
import type { FastifyInstance } from 'fastify';
import type { Core } from './core.ts';

export const ROLES = ['order-centre', 'acquirer', 'issuer', 'platform'] as const;
export type Role = (typeof ROLES)[number];

/** Those that share one store where nothing else is asked for. */
export const HOUSE_ROLES: readonly Role[] = ['order-centre', 'acquirer', 'issuer'];

/** Adds the HTTP interface of a role; called once for each role of the process. */
export type AddRoutes = (server: FastifyInstance, core: Core) => void | Promise<void>;

export const isRole = (text: string): text is Role => ROLES.some((role) => role === text);
