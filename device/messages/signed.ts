/** What a terminal believes: what the gateway signed, for this very terminal, and nothing else. */
import { open } from '../codecs/jws.ts';
import { type Downlink, downlinkSchema } from './order.ts';

export type ReadDownlink =
  | { readonly ok: true; readonly downlink: Downlink }
  | { readonly ok: false; readonly why: string };

/** Opens a downlink's compact JWS; `why` names what is wrong with it, for the log. */
export function readDownlink(
  token: string,
  terminal: string,
  gatewayKey: Uint8Array,
): ReadDownlink {
  const opened = open('EdDSA', gatewayKey, token);
  if (!opened.ok) return { ok: false, why: opened.why };
  const parsed = downlinkSchema.safeParse(opened.payload);
  if (!parsed.success) {
    return { ok: false, why: `not understood at ${parsed.error.issues[0]?.path.join('.')}` };
  }
  if (parsed.data.terminal !== terminal) return { ok: false, why: 'for another terminal' };
  return { ok: true, downlink: parsed.data };
}
