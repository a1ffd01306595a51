/** What the payment platform keeps: clients, accounts, permissions, refunds. */
import type { AttemptReason } from '#device/messages/order.ts';

export interface PlatformClientRow {
  readonly id: string;
  readonly name: string;
  /** Digest of its registration code. */
  readonly code: string;
  /** Ed25519 public key, base64url; `null` until it has registered. */
  readonly key: string | null;
  readonly webhook_url: string | null;
  /** What return addresses begin with. */
  readonly return_url: string | null;
  /** `whsec_…` */
  readonly webhook_secret: string;
}

export interface PlatformAccountRow {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  readonly state: 'active' | 'blocked';
}

export interface PlatformSessionRow {
  readonly digest: string;
  readonly account: string;
  readonly until: number;
}

export type PermissionState = 'requested' | 'paid' | 'failed';

export interface PermissionRow {
  /** Unguessable: whoever has it may open its page. */
  readonly permission: string;
  readonly client: string;
  /** The client's own id for it. */
  readonly request: string;
  readonly fingerprint: string;
  readonly merchant: string;
  readonly order_number: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly return_url: string;
  readonly state: PermissionState;
  readonly reason: AttemptReason | null;
  /** Of the account that paid. */
  readonly account: string | null;
  readonly payer: string | null;
  readonly payment: string | null;
  readonly made_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
}

export interface PlatformRefundRow {
  readonly client: string;
  readonly request: string;
  readonly fingerprint: string;
  readonly permission: string;
  readonly amount_minor: number;
  readonly refund: string;
  readonly at: number;
}

export interface PlatformTable {
  client(id: string): PlatformClientRow | undefined;
  clientOfCode(digest: string): PlatformClientRow | undefined;
  /** Adds it, or leaves what is there. */
  addClient(row: Pick<PlatformClientRow, 'id' | 'name' | 'code' | 'webhook_secret'>): void;
  registerClient(
    row: Required<Pick<PlatformClientRow, 'id' | 'key' | 'webhook_url' | 'return_url'>>,
  ): void;
  account(id: string): PlatformAccountRow | undefined;
  accountOfName(name: string): PlatformAccountRow | undefined;
  addAccount(row: PlatformAccountRow): void;
  /** Wrong passwords in a row for a name, whether or not there is such an account. */
  tries(name: string): { failures: number; locked_until: number } | undefined;
  setTries(name: string, failures: number, lockedUntil: number, at: number): void;
  session(digest: string): PlatformSessionRow | undefined;
  addSession(row: PlatformSessionRow, now: number): void;
  endSession(digest: string): void;
  permission(permission: string): PermissionRow | undefined;
  permissionOf(client: string, request: string): PermissionRow | undefined;
  addPermission(row: PermissionRow): void;
  endPermission(row: PermissionRow): void;
  expired(now: number, limit: number): PermissionRow[];
  nextExpiry(): number | undefined;
  /** A request that was withdrawn before it arrived. */
  withdrawn(client: string, request: string): boolean;
  addWithdrawn(client: string, request: string, at: number): void;
  refund(client: string, request: string): PlatformRefundRow | undefined;
  refundsOf(permission: string): PlatformRefundRow[];
  addRefund(row: PlatformRefundRow): void;
}
