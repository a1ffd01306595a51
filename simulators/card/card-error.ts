import { statusName } from '#device/codecs/desfire.ts';

/** A native status other than 00, thrown where it is found and answered as 91 xx. */
export class CardError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(statusName(status));
    this.status = status;
  }
}
