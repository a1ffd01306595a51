/** Connections to one organisation over mutual TLS, with the certificate of the moment. */
import { Agent, type AgentOptions, request } from 'node:https';
import { callOptions, type PeerIdentity } from '../identity/mutual.ts';

export interface PeerAgent {
  /** The pool to call with; throws where there is no certificate yet. */
  readonly pool: () => Agent;
  close(): void;
}

/** Begins a new pool when the certificate was renewed or somebody was revoked. */
export function peerAgent(
  identity: () => PeerIdentity | null,
  role: string,
  options: AgentOptions = {},
): PeerAgent {
  let made: { readonly agent: Agent; readonly cert: string; readonly unlisten: () => void } | null =
    null;
  const drop = (): void => {
    made?.unlisten();
    made?.agent.destroy();
    made = null;
  };
  return {
    pool() {
      const who = identity();
      if (who === null) throw new Error('this process has no certificate yet');
      const { cert } = who.own.current();
      if (made !== null && made.cert !== cert) drop();
      made ??= {
        agent: new Agent({ keepAlive: true, ...options, ...callOptions(who, role) }),
        cert,
        unlisten: who.trust.listen(drop),
      };
      return made.agent;
    },
    close: drop,
  };
}

const TIMEOUT_MS = 10_000;

/** Posts JSON; rejects where no answer came. */
export function securePost(
  agent: PeerAgent,
  url: string,
  payload: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number }> {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        ...{ method: 'POST', agent: agent.pool(), signal: AbortSignal.timeout(TIMEOUT_MS) },
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(payload),
          ...headers,
        },
      },
      (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0 });
      },
    );
    call.on('error', reject);
    call.end(payload);
  });
}
