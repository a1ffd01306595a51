/** The organisations of a gateway. A process is one of them, or all but the platform. */
export const ROLES = [
  ...(['order-centre', 'acquirer', 'issuer', 'settlement', 'fund-server', 'platform'] as const),
] as const;
export type Role = (typeof ROLES)[number];

/** Those that share one store where nothing else is asked for. */
export const HOUSE_ROLES: readonly Role[] = [
  ...(['order-centre', 'acquirer', 'issuer', 'settlement', 'fund-server'] as const),
];

export const isRole = (text: string): text is Role => ROLES.some((role) => role === text);
