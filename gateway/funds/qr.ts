/** A QR symbol as one SVG (ISO/IEC 18004), with its quiet zone of four modules. */
import QRCode from 'qrcode';
import { Html } from '../web/html.ts';

/** Throws a `RangeError` where the text is too long for any symbol. */
export function voucherQr(text: string, label: string): Html {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M' });
  const { size, data } = modules;
  let path = '';
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      let length = 0;
      while (x + length < size && data[y * size + x + length]) length += 1;
      if (length > 0) path += `M${x + 4} ${y + 4}h${length}v1h-${length}z`;
      x += length;
    }
  }
  const side = size + 8;
  return new Html(
    `<svg class="qr" viewBox="0 0 ${side} ${side}" role="img" aria-label="${label}">` +
      `<path fill="#fff" d="M0 0h${side}v${side}h-${side}z"/><path d="${path}"/></svg>`,
  );
}
