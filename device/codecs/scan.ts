/** What a scanned text is: a voucher, or something else that a customer may hold there by mistake. */

export type ReadScan =
  /** What is signed of it, in either form; whether it is genuine is still to be found out. */
  | { readonly is: 'voucher'; readonly token: string }
  | { readonly is: 'other'; readonly what: OtherCode };

export type OtherCode =
  /** A number of a product (GTIN: EAN, UPC, ISBN). */
  | 'product'
  /** For a wallet: an EMVCo payload, a stall's offer, or a wallet's own address. */
  | 'payment'
  | 'link'
  /** The scanner types for another keyboard layout than the US one. */
  | 'layout'
  | 'unknown';

/** `]Q1` and the like: which symbology it was (ISO/IEC 15424), where the scanner says so. */
const AIM_PREFIX = /^\][A-Za-z][0-9A-Za-z]/;
const ADDRESS = /^https?:\/\/[^/\s]+(\/\S*)?$/i;
const WALLETS = /^(wxp|weixin|alipays?|upi|bitcoin|lightning):/i;

/** Reads the text of one scan, with or without an AIM prefix; never throws. */
export function readScan(scanned: string): ReadScan {
  const text = scanned.replace(AIM_PREFIX, '').trim();
  const token = tokenIn(text);
  return token === null ? { is: 'other', what: whatElse(text) } : { is: 'voucher', token };
}

function tokenIn(text: string): string | null {
  const path = ADDRESS.exec(text)?.[1];
  if (path !== undefined) {
    return /\/V\/([^/?#]+)$/.exec(path)?.[1] ?? /\/v\?t=([\w.-]+)$/.exec(path)?.[1] ?? null;
  }
  const bare = /^[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}$/.test(text);
  return bare || /^[0-9A-Z$*+\-:]{120,}$/.test(text) ? text : null;
}

function whatElse(text: string): OtherCode {
  if (isProduct(text)) return 'product';
  if (/^0002\d\d/.test(text) || WALLETS.test(text)) return 'payment';
  // `http` is where it is on all layouts with Latin letters; `://` is not.
  if (/^https?(?!:\/\/)[^\w\s]/i.test(text)) return 'layout';
  const path = ADDRESS.exec(text)?.[1];
  if (path !== undefined && /^\/p\/[\w-]+$/.test(path)) return 'payment';
  return /^[a-z][a-z0-9+.-]*:\S/i.test(text) ? 'link' : 'unknown';
}

/** GTIN-8, -12, -13 or -14: the last digit fits the others (GS1 General Specifications §7.9). */
function isProduct(text: string): boolean {
  if (!/^(\d{8}|\d{12,14})$/.test(text)) return false;
  const sum = [...text]
    .reverse()
    .reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0);
  return sum % 10 === 0;
}
