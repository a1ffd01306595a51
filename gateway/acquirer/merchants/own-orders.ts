/**
 * Orders of merchants that have a system of their own. Their numbers are unique for one merchant
 * alone, so they are kept under its name, which no number of the order centre's looks like.
 */
export const ownOrder = (merchant: string, order: string): string => `${merchant}/${order}`;

export const isOwnOrder = (number: string): boolean => number.includes('/');

/** As its merchant and its payer know it. */
export const shownOrder = (number: string): string => number.slice(number.indexOf('/') + 1);
