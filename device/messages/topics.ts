/**
 * MQTT topics, version 1. A terminal publishes and reads below its own identifier alone, so that one
 * pattern in a broker's access list is enough: `hawker/1/%u/#`.
 */
const ROOT = 'hawker/1';

/** Terminal → gateway, QoS 1: a JWS whose payload is an `Uplink`. */
export const uplinkTopic = (terminal: string): string => `${ROOT}/${terminal}/up`;

/** Gateway → terminal, QoS 1: a JWS whose payload is a `Downlink`. */
export const downlinkTopic = (terminal: string): string => `${ROOT}/${terminal}/down`;

/** What a gateway subscribes to on an external broker. */
export const ALL_UPLINKS = `${ROOT}/+/up`;

/** The terminal that a topic belongs to and the direction, or `null` where it is not one of ours. */
export function readTopic(topic: string): { terminal: string; direction: 'up' | 'down' } | null {
  const match = /^hawker\/1\/([a-z0-9][a-z0-9-]{1,30})\/(up|down)$/.exec(topic);
  if (match === null) return null;
  return { terminal: match[1] ?? '', direction: match[2] === 'up' ? 'up' : 'down' };
}
