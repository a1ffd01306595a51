/**
 * A USB bus for a process started with {@link UsbTestbed.wrap}: umockdev shows it a sysfs with our
 * devices in it, and each device's node is a pseudo-terminal whose far end is a simulator.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export const UMOCKDEV = { program: 'umockdev-run', install: 'sudo apt-get install umockdev' };

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** To be added to the environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** A device in the words of umockdev. */
export interface MockedDevice {
  /** Of its files. */
  readonly name: string;
  /** Its node, such as `dev/hidraw0`. */
  readonly node: string;
  /** Present while it is plugged in, such as `sys/class/hidraw/hidraw0`; and where that leads. */
  readonly classLink: string;
  readonly classTarget: string;
  readonly description: string;
  /** Recorded answers of its ioctls. */
  readonly ioctls?: string;
}

export class UsbTestbed {
  readonly #directory: string;
  readonly #sockets: UsbSocket[] = [];

  /** `directory` is its own; what is not there is made. */
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
    rmSync(this.#file('testbed'), { force: true });
  }

  /** Where a device is plugged in; to be called before a process is started. */
  socket(device: MockedDevice): UsbSocket {
    const { name, description, ioctls } = device;
    writeFileSync(this.#file(`${name}.umockdev`), description);
    if (ioctls !== undefined) writeFileSync(this.#file(`${name}.ioctl`), ioctls);
    const socket = new UsbSocket(device, this, this.#file(`${name}.node`));
    this.#sockets.push(socket);
    return socket;
  }

  /** How to start a process so that it finds the devices; one process at a time. */
  wrap(command: string, args: readonly string[]): Launch {
    const devices = this.#sockets.map(({ device }) => device);
    writeFileSync(this.#file('launch.sh'), this.#launcher(devices));
    const described = devices.flatMap(({ name, node, ioctls }) => [
      ...['-d', this.#file(`${name}.umockdev`)],
      ...(ioctls === undefined ? [] : ['-i', `/${node}=${this.#file(`${name}.ioctl`)}`]),
    ]);
    const inside = ['sh', this.#file('launch.sh'), this.#directory, command, ...args];
    return { command: UMOCKDEV.program, args: [...described, '--', ...inside], env: {} };
  }

  /**
   * The process that runs now, or `null`: kill this one. umockdev-run passes SIGTERM on, but killed
   * itself it leaves the program running; when the program ends, it ends with the same code.
   */
  get pid(): number | null {
    return this.root === null ? null : Number(readFileSync(this.#file('pid'), 'utf8'));
  }

  /** Where umockdev keeps the devices of the process that runs now. */
  get root(): string | null {
    const file = this.#file('testbed');
    const testbed = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    return testbed !== '' && existsSync(testbed) ? testbed : null;
  }

  /**
   * Started inside the testbed: replaces each node by our pseudo-terminal, says where the testbed is,
   * and becomes the program. Without a node a device is unplugged.
   */
  #launcher(devices: readonly MockedDevice[]): string {
    const plug = devices.map(
      ({ name, node, classLink }) => `\
rm -f "$UMOCKDEV_DIR/${node}"
if [ -s "$dir/${name}.node" ]; then ln -s "$(cat "$dir/${name}.node")" "$UMOCKDEV_DIR/${node}"
else rm -f "$UMOCKDEV_DIR/${classLink}"; fi
`,
    );
    return `\
dir=$1; shift
${plug.join('')}\
echo $$ > "$dir/pid"
echo "$UMOCKDEV_DIR" > "$dir/testbed"
exec "$@"
`;
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}

export class UsbSocket {
  readonly device: MockedDevice;
  readonly #testbed: UsbTestbed;
  /** Holds the path of the pseudo-terminal; empty while the device is unplugged. */
  readonly #file: string;

  constructor(device: MockedDevice, testbed: UsbTestbed, file: string) {
    this.device = device;
    this.#testbed = testbed;
    this.#file = file;
  }

  /** The device is there, and its node is this pseudo-terminal. */
  plug(pseudoTerminal: string): void {
    writeFileSync(this.#file, pseudoTerminal);
    const { root } = this.#testbed;
    if (root === null) return;
    relink(pseudoTerminal, join(root, this.device.node));
    relink(this.device.classTarget, join(root, this.device.classLink));
  }

  unplug(): void {
    writeFileSync(this.#file, '');
    const { root } = this.#testbed;
    if (root === null) return;
    rmSync(join(root, this.device.classLink), { force: true });
    rmSync(join(root, this.device.node), { force: true });
  }

  /** The kernel keeps no reports for later: what nobody has opened nobody hears. */
  get opened(): boolean {
    const { pid } = this.#testbed;
    if (pid === null || !existsSync(this.#file)) return false;
    const node = readFileSync(this.#file, 'utf8');
    const files = `/proc/${pid}/fd`;
    try {
      return node !== '' && readdirSync(files).some((file) => target(join(files, file)) === node);
    } catch {
      return false; // The process has just ended.
    }
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // Closed meanwhile.
  }
}

/** Links anew; nothing where the testbed is just being taken away with the process that it ran. */
function relink(target: string, path: string): void {
  try {
    rmSync(path, { force: true });
    // umockdev takes folders away with the device.
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
