/**
 * Where and when, as bytes under a MAC. Times are of the gateway's clock, in whole steps, so that the
 * two sides agree without sending the step whole.
 */

import type { Place } from '../messages/order.ts';
import { concat, uint, utf8 } from './bytes.ts';

/** Degrees as 1e-5 steps (about a metre), latitude then longitude, four bytes each. */
export function placeBytes(place: Pick<Place, 'latitude' | 'longitude'>): Uint8Array {
  const step = (degrees: number): Uint8Array => uint(Math.round(degrees * 1e5) + 2 ** 31, 4);
  return concat(step(place.latitude), step(place.longitude));
}

/** What a MAC covers: a label, so that no MAC is good for two purposes, then the fields. */
export const labelled = (label: string, ...fields: readonly Uint8Array[]): Uint8Array =>
  concat(utf8(`${label}\0`), ...fields);

/**
 * The full step nearest to `nearStep` whose low 16 bits are `low`. With steps of 10 seconds it is
 * unambiguous within ±3.8 days.
 */
export function widenStep(low: number, nearStep: number): number {
  const base = nearStep - ((((nearStep - low) % 65536) + 65536) % 65536);
  return nearStep - base > 32768 ? base + 65536 : base;
}

/** Great-circle distance in metres (haversine, mean earth radius). */
export function distanceMetres(
  a: { latitude: number; longitude: number },
  b: { latitude: number; longitude: number },
): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const latitude = radians(b.latitude - a.latitude);
  const longitude = radians(b.longitude - a.longitude);
  const h =
    Math.sin(latitude / 2) ** 2 +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(longitude / 2) ** 2;
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
}
