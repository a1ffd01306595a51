/** A USB barcode scanner as the kernel shows it, in the words of umockdev: sysfs nodes and evdev. */

export const VENDOR_ID = '05e0';
export const PRODUCT_ID = '1200';

const USB = '/devices/pci0000:00/0000:00:14.0/usb1/1-2';
const INPUT = `${USB}/1-2:1.0/0003:05E0:1200.0002/input/input9`;

/** Present while the scanner is plugged in. */
export const CLASS_LINK = 'sys/class/input/event5';
export const CLASS_TARGET = `../..${INPUT}/event5`;

export const DEVICES = `\
P: ${INPUT}/event5
N: input/event5
E: DEVNAME=/dev/input/event5
E: MAJOR=13
E: MINOR=69
E: SUBSYSTEM=input
A: dev=13:69\\n
L: device=../../input9

P: ${INPUT}
E: SUBSYSTEM=input
E: NAME="Hawker USB Scanner"
A: name=Hawker USB Scanner\\n
A: id/bustype=0003\\n
A: id/vendor=${VENDOR_ID}\\n
A: id/product=${PRODUCT_ID}\\n
A: capabilities/ev=120013\\n
A: capabilities/key=e080ffdf01cfffff fffffffffffffffe\\n

P: ${USB}
N: bus/usb/001/003
E: DEVTYPE=usb_device
E: SUBSYSTEM=usb
E: DEVNAME=/dev/bus/usb/001/003
E: BUSNUM=001
E: DEVNUM=003
E: MAJOR=189
E: MINOR=2
A: idVendor=${VENDOR_ID}\\n
A: idProduct=${PRODUCT_ID}\\n
A: manufacturer=Hawker\\n
A: product=USB Scanner\\n
A: dev=189:2\\n
A: busnum=1\\n
A: devnum=3\\n
`;
