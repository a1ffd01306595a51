/**
 * A USB numeric keypad as the kernel shows it, in the words of umockdev: sysfs nodes, the hidraw
 * device and the two ioctls with which a program reads its report descriptor.
 */

export const VENDOR_ID = '1a2c';
export const PRODUCT_ID = '0e24';

/** A boot keyboard (HID 1.11 appendix B.1): modifiers, six keys, five lamps. */
const REPORT_DESCRIPTOR =
  '05010906a101050719e029e71500250175019508810295017508810195057501050819012905910295017503910195' +
  '067508150025650507190029658100c0';

const USB = '/devices/pci0000:00/0000:00:14.0/usb1/1-1';
const HID = `${USB}/1-1:1.0/0003:1A2C:0E24.0001`;

/** Below sysfs: present while the keypad is plugged in. */
export const CLASS_LINK = 'sys/class/hidraw/hidraw0';
export const CLASS_TARGET = `../..${HID}/hidraw/hidraw0`;
/** Below sysfs: `1` while the kernel's keyboard driver gets no keys. */
export const INHIBITED = `sys${HID}/input/input7/inhibited`;

export const DEVICES = `\
P: ${HID}/hidraw/hidraw0
N: hidraw0
E: DEVNAME=/dev/hidraw0
E: MAJOR=240
E: MINOR=0
E: SUBSYSTEM=hidraw
A: dev=240:0\\n
L: device=../../../0003:1A2C:0E24.0001

P: ${HID}/input/input7
E: SUBSYSTEM=input
E: NAME="Hawker USB Keypad"
A: inhibited=0\\n
A: name=Hawker USB Keypad\\n

P: ${HID}
E: DRIVER=hid-generic
E: HID_ID=0003:00001A2C:00000E24
E: HID_NAME=Hawker USB Keypad
E: HID_PHYS=usb-0000:00:14.0-1/input0
E: HID_UNIQ=SN0001
E: MODALIAS=hid:b0003g0001v00001A2Cp00000E24
E: SUBSYSTEM=hid
H: report_descriptor=${REPORT_DESCRIPTOR.toUpperCase()}

P: ${USB}/1-1:1.0
E: DEVTYPE=usb_interface
E: SUBSYSTEM=usb
E: DRIVER=usbhid
A: bInterfaceNumber=00\\n
A: bInterfaceClass=03\\n

P: ${USB}
N: bus/usb/001/002
E: DEVTYPE=usb_device
E: SUBSYSTEM=usb
E: DEVNAME=/dev/bus/usb/001/002
E: BUSNUM=001
E: DEVNUM=002
E: MAJOR=189
E: MINOR=1
A: idVendor=${VENDOR_ID}\\n
A: idProduct=${PRODUCT_ID}\\n
A: manufacturer=Hawker\\n
A: product=USB Keypad\\n
A: serial=SN0001\\n
A: bcdDevice=0110\\n
A: dev=189:1\\n
A: busnum=1\\n
A: devnum=2\\n
`;

/** HID_MAX_DESCRIPTOR_SIZE of <linux/hidraw.h>, after four bytes of length. */
const DESCRIPTOR_ROOM = 4096;

/** What HIDIOCGRDESCSIZE and HIDIOCGRDESC answer. */
export function writeIoctls(): string {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(REPORT_DESCRIPTOR.length / 2);
  const descriptor = Buffer.alloc(4 + DESCRIPTOR_ROOM);
  length.copy(descriptor);
  Buffer.from(REPORT_DESCRIPTOR, 'hex').copy(descriptor, 4);
  const upper = (bytes: Buffer): string => bytes.toString('hex').toUpperCase();
  return [
    '@DEV /dev/hidraw0',
    `HIDIOCGRDESCSIZE 0 ${upper(length)}`,
    `HIDIOCGRDESC 0 ${upper(descriptor)}`,
    '',
  ].join('\n');
}
