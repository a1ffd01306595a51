/** A QR symbol as one SVG that scales to whole pixels. */
import QRCode from 'qrcode';

const LEVELS = ['H', 'Q', 'M'] as const;

/** The symbol at the best error correction that needs no more modules than M does. */
function strongestQr(text: string): QRCode.QRCode {
  // Any mask tells the version; to try all eight is most of the work.
  const { version } = QRCode.create(text, { errorCorrectionLevel: 'M', maskPattern: 0 });
  for (const errorCorrectionLevel of LEVELS) {
    try {
      return QRCode.create(text, { version, errorCorrectionLevel });
    } catch {
      // Too long for this level in this version: the next one has more room.
    }
  }
  throw new RangeError(`no QR symbol holds ${text.length} characters`);
}

/** One SVG with its quiet zone of four modules (ISO/IEC 18004 §6.3.8); throws where too long. */
export function drawQr(text: string): string {
  const { modules, version } = strongestQr(text);
  const { size, data } = modules;
  let path = '';
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      if (!data[y * size + x]) continue;
      let length = 1;
      while (x + length < size && data[y * size + x + length]) length += 1;
      path += `M${x + 4} ${y + 4}h${length}v1h-${length}z`;
      x += length;
    }
  }
  const side = size + 8;
  return (
    `<svg class="v${version}" viewBox="0 0 ${side} ${side}" role="img" aria-label="QR">` +
    `<path fill="#fff" d="M0 0h${side}v${side}h-${side}z"/><path d="${path}"/></svg>`
  );
}
