/**
 * How a set range becomes transmit power. Log-distance path loss in a busy street: 59 dB over the
 * first metre (antennas and a hand included) and 25 dB for each tenfold distance; a phone hears down
 * to −92 dBm. The same numbers stand in data sheets of readers whose reach was measured (−18 dBm for
 * 4 m, 0 dBm for 25 m). An open field carries farther: the range is a choice, not a fence.
 */
export const STREET = {
  lossAtOneMetre: 59,
  lossPerDecade: 25,
  phoneSensitivity: -92,
} as const;

/** dBm that reaches `range_m` and no farther, rounded down to the radio's steps of 1 dB. */
export function transmitPower(range_m: number): number {
  const { lossAtOneMetre, lossPerDecade, phoneSensitivity } = STREET;
  return Math.floor(phoneSensitivity + lossAtOneMetre + lossPerDecade * Math.log10(range_m));
}

/**
 * dBm that a phone measures one metre away from a terminal set to `range_m`: what stands under the
 * broadcast's MAC.
 */
export function powerAtOneMetre(range_m: number): number {
  return transmitPower(range_m) - STREET.lossAtOneMetre;
}

/** The range in metres that `power_dbm` reaches: the inverse of {@link transmitPower}. */
export function rangeOf(power_dbm: number): number {
  const { lossAtOneMetre, lossPerDecade, phoneSensitivity } = STREET;
  return 10 ** ((power_dbm - lossAtOneMetre - phoneSensitivity) / lossPerDecade);
}
