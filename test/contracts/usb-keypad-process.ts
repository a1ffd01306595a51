/** The USB keypad's driver in a process of its own, as umockdev wants it; says what happens line by line. */
import { createInterface } from 'node:readline';
import { DeviceError } from '#device/ports/device.ts';
import { openUsbHidKeypad } from '#firmware/keypad/usb-hid.ts';

const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const tell = ({ code, organ, message, mend }: DeviceError): object => ({
  code,
  organ,
  message,
  mend,
});

const [settings = '{}'] = process.argv.slice(2);
try {
  const keypad = await openUsbHidKeypad('keypad', JSON.parse(settings), {
    key: (key) => say({ key }),
    lost: (error) => say({ lost: tell(error) }),
  });
  say({ opened: true });
  const commands = createInterface({ input: process.stdin });
  for await (const _close of commands) break;
  await keypad.close();
} catch (error) {
  if (!(error instanceof DeviceError)) throw error;
  say({ failed: tell(error) });
}
process.stdin.destroy();
