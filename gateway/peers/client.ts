/** Calls from one organisation to another: with a time-out, an Idempotency-Key and a signature. */

export interface PeerRequest {
  readonly method: 'GET' | 'POST';
  /** Below the peer's base URL, such as `/v1/issuer/debits`; names no person. */
  readonly path: string;
  readonly body?: unknown;
  /** Becomes the Idempotency-Key. */
  readonly id?: string;
}

export interface PeerAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Whether the peer did it is not known: the answer did not come, or was none. */
export class PeerError extends Error {}

export interface PeerClient {
  /** Resolves with 2xx and 4xx answers; rejects with a {@link PeerError} for all else. */
  call(request: PeerRequest): Promise<PeerAnswer>;
}
