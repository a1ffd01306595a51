/**
 * Builds the real StandardFirmata for an ATmega328P out of the sources that ship inside node-pixel,
 * with Debian's compiler and Arduino core. Nothing of it is kept.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ARDUINO = '/usr/share/arduino/hardware/arduino/avr';
const INSTALL = 'sudo apt-get install gcc-avr avr-libc arduino-core-avr';

/** Servos need an interrupt-driven library of their own; the terminal has none. */
const SERVO_STUB = `
#pragma once
#define MAX_SERVOS 12
struct Servo {
  void attach(int) {}
  void attach(int, int, int) {}
  bool attached() { return false; }
  void write(int) {}
  void detach() {}
};
`;

const FLAGS = [
  '-mmcu=atmega328p',
  '-DF_CPU=16000000L',
  '-DARDUINO=10819',
  '-DARDUINO_AVR_UNO',
  '-DARDUINO_ARCH_AVR',
  '-DDECIMAL_DIG=10',
  '-Os',
  '-w',
  '-ffunction-sections',
  '-fdata-sections',
];
const CORE_C = ['hooks.c', 'WInterrupts.c', 'wiring.c', 'wiring_analog.c', 'wiring_digital.c'];
const CORE_CPP = ['abi', 'HardwareSerial', 'HardwareSerial0', 'main', 'new', 'Print', 'Stream'];

/** The program memory of the chip, in bytes. */
export async function buildStandardFirmata(): Promise<Uint8Array> {
  if (!existsSync(ARDUINO)) throw new Error(`there is no Arduino core: ${INSTALL}`);
  const directory = mkdtempSync(join(tmpdir(), 'standard-firmata-'));
  try {
    return await build(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Error(`there is no avr-gcc: ${INSTALL}`, { cause: error });
    }
    throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function build(directory: string): Promise<Uint8Array> {
  const pixel = dirname(createRequire(import.meta.url).resolve('node-pixel/package.json'));
  const firmata = join(pixel, 'firmware/src/libs/firmata/arduino');
  const core = join(ARDUINO, 'cores/arduino');
  const wire = join(ARDUINO, 'libraries/Wire/src');
  mkdirSync(join(directory, 'stub'));
  writeFileSync(join(directory, 'stub/Servo.h'), SERVO_STUB);
  const sketch = readFileSync(join(firmata, 'examples/StandardFirmata/StandardFirmata.ino'));
  // The name the firmware reports is that of its source file.
  writeFileSync(join(directory, 'StandardFirmata.ino.cpp'), sketch);
  const includes = [
    core,
    join(ARDUINO, 'variants/standard'),
    wire,
    join(wire, 'utility'),
    firmata,
    join(directory, 'stub'),
  ].flatMap((path) => ['-I', path]);
  const c = [...CORE_C.map((name) => join(core, name)), join(wire, 'utility/twi.c')];
  const cpp = [
    ...CORE_CPP.map((name) => join(core, `${name}.cpp`)),
    join(wire, 'Wire.cpp'),
    ...['Firmata', 'FirmataMarshaller', 'FirmataParser'].map((name) =>
      join(firmata, `${name}.cpp`),
    ),
    join(directory, 'StandardFirmata.ino.cpp'),
  ];
  const options = { cwd: directory };
  const dialect = ['-std=gnu++11', '-fno-exceptions', '-fpermissive', '-fno-threadsafe-statics'];
  await Promise.all([
    run('avr-gcc', [...FLAGS, ...includes, '-std=gnu11', '-c', ...c], options),
    run(
      'avr-g++',
      [...FLAGS, ...includes, ...dialect, '-include', 'Arduino.h', '-c', ...cpp],
      options,
    ),
  ]);
  await run(
    'sh',
    ['-c', 'avr-gcc -mmcu=atmega328p -Os -Wl,--gc-sections -o firmware.elf *.o -lm'],
    options,
  );
  await run(
    'avr-objcopy',
    ['-O', 'binary', '-R', '.eeprom', 'firmware.elf', 'firmware.bin'],
    options,
  );
  return new Uint8Array(readFileSync(join(directory, 'firmware.bin')));
}
