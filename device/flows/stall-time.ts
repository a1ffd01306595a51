/** Dates and times at a stall: what formats them is made once a time zone, as that takes long. */

export interface StallTime {
  /** `2026-01-05`. */
  readonly date: Intl.DateTimeFormat;
  /** `2026-01-05 08:00`. */
  readonly minute: Intl.DateTimeFormat;
  /** Its part `timeZoneName` is the offset, such as `GMT+8`. */
  readonly zone: Intl.DateTimeFormat;
}

const KNOWN = new Map<string, StallTime>();

/** For one zone of the IANA list; throws a RangeError for another word. */
export function stallTime(timeZone: string): StallTime {
  const known = KNOWN.get(timeZone);
  if (known !== undefined) return known;
  const made: StallTime = {
    date: new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }),
    minute: new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }),
    zone: new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'shortOffset' }),
  };
  KNOWN.set(timeZone, made);
  return made;
}
