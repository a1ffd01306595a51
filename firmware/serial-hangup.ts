/**
 * A serial device that is unplugged hangs its port up, and from then on reading gives zero bytes at
 * once. `serialport` 13 takes that for "nothing yet" and reads again, for ever: a core is busy and
 * nobody is told. Here zero bytes are what POSIX says: the end.
 */
import { read } from 'node:fs';
import type { SerialPort } from 'serialport';

type Binding = NonNullable<SerialPort['port']>;
type UnixBinding = Extract<Binding, { poller: unknown }>;
type ReadResult = Awaited<ReturnType<Binding['read']>>;

/** From the next opening on, `port` emits `close` when its device hangs up. */
export function closeOnHangup(port: SerialPort): void {
  // Before the port's own listener, which starts the first read.
  port.prependOnceListener('open', () => {
    const binding = port.port;
    if (binding === undefined || !('poller' in binding)) return;
    binding.read = (buffer, offset, length) => readSome(binding, buffer, offset, length);
  });
}

async function readSome(
  binding: UnixBinding,
  buffer: Buffer,
  offset: number,
  length: number,
): Promise<ReadResult> {
  for (;;) {
    if (binding.fd === null) throw canceled();
    const { error, bytesRead } = await readOnce(binding.fd, buffer, offset, length);
    if (error === null && bytesRead > 0) return { buffer, bytesRead };
    if (error === null) throw new Error('the device hung up');
    if (!binding.isOpen) throw canceled();
    if (error.code !== 'EAGAIN' && error.code !== 'EINTR') throw error;
    await new Promise<void>((resolve, reject) => {
      binding.poller.once('readable', (failure) => (failure ? reject(failure) : resolve()));
    });
  }
}

function readOnce(
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
): Promise<{ error: NodeJS.ErrnoException | null; bytesRead: number }> {
  return new Promise((resolve) => {
    read(fd, buffer, offset, length, null, (error, bytesRead) => resolve({ error, bytesRead }));
  });
}

/** What the port's stream expects of a read that was pending when it was closed. */
const canceled = (): Error => Object.assign(new Error('the port is closed'), { canceled: true });
