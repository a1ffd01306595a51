/** The scanner's driver in a process of its own, as umockdev wants it; says what happens line by line. */
import { createInterface } from 'node:readline';
import { DeviceError } from '#device/ports/device.ts';
import { openEvdevScanner } from '#firmware/scanner/evdev.ts';

const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const tell = ({ code, organ, message, mend }: DeviceError): object => ({
  ...{ code, organ, message, mend },
});

const [settings = '{}'] = process.argv.slice(2);
try {
  const scanner = await openEvdevScanner('scanner', JSON.parse(settings), {
    scanned: (scan) => say({ scan }),
    lost: (error) => say({ lost: tell(error) }),
  });
  say({ opened: true });
  const commands = createInterface({ input: process.stdin });
  for await (const _close of commands) break;
  await scanner.close();
} catch (error) {
  if (!(error instanceof DeviceError)) throw error;
  say({ failed: tell(error) });
}
process.stdin.destroy();
