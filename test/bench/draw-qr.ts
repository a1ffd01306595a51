/** Draws a QR as the kiosk does, in a process like the terminal's; prints the times as JSON. */
import { drawQr } from '#firmware/display/kiosk-qr.ts';

const times = Array.from({ length: Number(process.argv[2]) }, (_, at) => {
  const began = performance.now();
  drawQr(`http://127.0.0.1:${40000 + at}/p/AaIEM8W96tplroMr6orh4jJJoUw`);
  return performance.now() - began;
});
process.stdout.write(JSON.stringify(times));
