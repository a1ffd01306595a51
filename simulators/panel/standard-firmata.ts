/**
 * StandardFirmata 2.5 as the firmware does it, byte by byte (Firmata protocol 2.5): what a pin can
 * do, which state a message leaves behind, what is answered, and what is silently ignored. The real
 * firmware is run against the same recorded exchange in test/hardware.
 */
import {
  type Chip,
  FIRMWARE,
  isAnalog,
  isDigital,
  MODE,
  sevenBits,
  VERSION,
  writeAnalogMapping,
  writeCapabilities,
  writeI2cReply,
  writeString,
} from './chips.ts';
import type { Drive } from './circuit.ts';
import { FirmataParser } from './firmata-parser.ts';
import type { I2cDevice } from './ssd1306.ts';

export interface FirmataPorts {
  send(bytes: Uint8Array): void;
  /** The level a pin that is an input sees. */
  level(pin: number): 0 | 1;
  /** A pin is driven otherwise than before. */
  driven(pin: number): void;
  i2c(address: number): I2cDevice | null;
  /** A message the firmware knows nothing of, and why. */
  unknown(why: string): void;
}

interface Pin {
  mode: number;
  /** What a pin-state query answers. */
  state: number;
  /** The port's bit, or the duty of PWM: drives an output, pulls an input up, outlives a reset. */
  latch: number;
}

export class StandardFirmata {
  readonly #chip: Chip;
  readonly #ports: FirmataPorts;
  #pins: Pin[] = [];
  #reported: boolean[] = [];
  #before: number[] = [];
  #analog = new Set<number>();
  #i2cEnabled = false;
  #resetting = false;
  readonly #parser: FirmataParser;
  #samplingMs = 19;

  constructor(chip: Chip, ports: FirmataPorts) {
    this.#chip = chip;
    this.#ports = ports;
    this.#parser = new FirmataParser({
      message: (command, low, high) => this.#doMessage(command, low, high),
      sysex: (command, data) => this.#doSysex(command, data),
    });
    this.#pins = unpowered(chip);
  }

  /** Milliseconds between samples, or `null` where no analog input is reported. */
  get samplingMs(): number | null {
    return this.#analog.size === 0 ? null : this.#samplingMs;
  }

  /** What the firmware says unasked when it starts. */
  boot(): void {
    this.#powerUp();
    this.#send(...VERSION);
    this.#send(...FIRMWARE);
  }

  drive(pin: number): Drive {
    const { mode, latch } = this.#pin(pin);
    if (mode === MODE.output || mode === MODE.pwm) return latch > 0 ? 'high' : 'low';
    return latch > 0 && mode !== MODE.servo ? 'pullup' : 'floating';
  }

  /** 0 to 255, where the pin is an output or does PWM. */
  duty(pin: number): number {
    const { mode, latch } = this.#pin(pin);
    if (mode === MODE.pwm) return latch;
    return mode === MODE.output && latch > 0 ? 255 : 0;
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#parser.take(byte);
      this.look();
    }
  }

  /** Reports each port whose inputs changed: the firmware does so in every turn of its loop. */
  look(): void {
    for (let port = 0; port * 8 < this.#chip.pins; port += 1) {
      if (this.#reported[port]) this.#report(port, false);
    }
  }

  /** Sends the analog inputs that are reported; the firmware does so every sampling interval. */
  sample(): void {
    for (const channel of this.#analog) {
      if (this.#pin(channel + this.#chip.firstAnalog).mode === MODE.analog) {
        this.#sendAnalog(channel);
      }
    }
  }

  #reset(): void {
    this.#i2cEnabled = false;
    this.#reported = [];
    this.#before = [];
    this.#parser.reset();
    this.#resetting = true;
    for (const pin of this.#pins.keys()) {
      if (isAnalog(this.#chip, pin)) this.#setMode(pin, MODE.analog);
      else if (isDigital(this.#chip, pin)) this.#setMode(pin, MODE.output);
    }
    this.#analog.clear();
    this.#resetting = false;
  }

  #powerUp(): void {
    this.#pins = unpowered(this.#chip);
    this.#reset();
  }

  #pin(pin: number): Pin {
    const found = this.#pins[pin];
    if (found === undefined) throw new RangeError(`there is no pin ${pin}`);
    return found;
  }

  #doMessage(command: number, low: number, high: number): void {
    const channel = command & 0x0f;
    switch (command < 0xf0 ? command & 0xf0 : command) {
      case 0x90:
        this.#writePort(channel, low | (high << 7));
        return;
      case 0xe0:
        this.#writeAnalog(channel, low | (high << 7));
        return;
      case 0xc0:
        this.#reportAnalog(channel, low !== 0);
        return;
      case 0xd0:
        if (channel * 8 >= this.#chip.pins) return;
        this.#reported[channel] = low !== 0;
        if (low !== 0) this.#report(channel, true);
        return;
      case 0xf4:
        this.#setMode(low, high);
        return;
      case 0xf5:
        this.#writePin(low, high);
        return;
      case 0xf9:
        this.#send(...VERSION);
        return;
      case 0xff:
        this.#reset();
        return;
      default:
        this.#ports.unknown(`byte ${command.toString(16)}`);
    }
  }

  #setMode(pin: number, mode: number): void {
    const state = this.#pins[pin];
    if (state === undefined) {
      this.#ports.unknown(`mode of pin ${pin}`);
      return;
    }
    if (state.mode === MODE.i2c && this.#i2cEnabled && mode !== MODE.i2c) this.#i2cEnabled = false;
    if (isAnalog(this.#chip, pin)) {
      this.#reportAnalog(pin - this.#chip.firstAnalog, mode === MODE.analog);
    }
    state.state = 0;
    const allowed = this.#allows(pin, mode);
    if (allowed === null) {
      this.#sendString('Unknown pin mode');
      return;
    }
    if (!allowed) return;
    // The output latch survives a change to OUTPUT: a pulled-up pin becomes a high one.
    if (mode === MODE.pullup) state.latch = state.state = 1;
    else if (mode === MODE.input || mode === MODE.analog || mode === MODE.pwm) state.latch = 0;
    else if (mode === MODE.output && state.mode === MODE.pwm) state.latch = 0;
    state.mode = mode;
    this.#ports.driven(pin);
  }

  /** `null` for a mode the firmware does not know. */
  #allows(pin: number, mode: number): boolean | null {
    switch (mode) {
      case MODE.input:
      case MODE.output:
      case MODE.pullup:
      case MODE.servo:
        return isDigital(this.#chip, pin);
      case MODE.analog:
        return isAnalog(this.#chip, pin);
      case MODE.pwm:
        return this.#chip.pwm.includes(pin);
      case MODE.i2c:
        return this.#chip.i2c.includes(pin);
      case 10 /* serial: this firmware was built without it */:
        return false;
      default:
        return null;
    }
  }

  #writePin(pin: number, value: number): void {
    const state = this.#pins[pin];
    if (state === undefined || state.mode !== MODE.output || !isDigital(this.#chip, pin)) return;
    state.state = value;
    state.latch = value === 0 ? 0 : 1;
    this.#ports.driven(pin);
  }

  #writePort(port: number, bits: number): void {
    for (let at = 0; at < 8; at += 1) {
      const pin = port * 8 + at;
      const state = this.#pins[pin];
      const bit = (bits >> at) & 1;
      if (state === undefined || !isDigital(this.#chip, pin)) continue;
      if (state.mode === MODE.output) {
        state.latch = bit;
        state.state = bit;
        this.#ports.driven(pin);
      } else if (state.mode === MODE.input) {
        // Kept from Firmata 2.3: writing 1 to an input pulls it up, and 0 does nothing.
        if (bit === 1) state.latch = 1;
        state.state = bit;
        this.#ports.driven(pin);
      }
    }
  }

  #writeAnalog(pin: number, value: number): void {
    const state = this.#pins[pin];
    if (state === undefined) return;
    if (state.mode !== MODE.pwm && state.mode !== MODE.servo) return;
    state.latch = state.mode === MODE.pwm ? value & 0xff : 0;
    state.state = value;
    this.#ports.driven(pin);
  }

  #reportAnalog(channel: number, on: boolean): void {
    if (channel >= this.#chip.pins - this.#chip.firstAnalog) return;
    if (on) this.#analog.add(channel);
    else this.#analog.delete(channel);
    if (on && !this.#resetting) this.#sendAnalog(channel);
  }

  #report(port: number, force: boolean): void {
    let bits = 0;
    for (let at = 0; at < 8; at += 1) {
      const pin = port * 8 + at;
      const mode = this.#pins[pin]?.mode;
      const reads = mode === MODE.input || mode === MODE.pullup;
      if (reads && isDigital(this.#chip, pin)) bits |= this.#ports.level(pin) << at;
    }
    if (!force && bits === (this.#before[port] ?? 0)) return;
    this.#before[port] = bits;
    this.#send(0x90 | port, bits & 0x7f, bits >> 7);
  }

  #doSysex(command: number, data: readonly number[]): void {
    const pin = data[0] ?? 0;
    switch (command) {
      case 0x79:
        this.#send(...FIRMWARE);
        return;
      case 0x6b:
        this.#send(...writeCapabilities(this.#chip));
        return;
      case 0x69:
        this.#send(...writeAnalogMapping(this.#chip));
        return;
      case 0x6d:
        if (data.length > 0) this.#sendPinState(pin);
        return;
      case 0x6f:
        if (data.length > 1) this.#writeAnalog(pin, sevenBits(data.slice(1)));
        return;
      case 0x7a:
        if (data.length > 1) this.#samplingMs = Math.max(1, sevenBits(data));
        return;
      case 0x78:
        this.#enableI2c();
        return;
      case 0x76:
        this.#doI2c(pin, data);
        return;
      case 0x70:
        if (data.length > 4) this.#setMode(pin, MODE.servo);
        return;
      case 0x71 /* a string: nobody listens */:
        return;
      default:
        this.#ports.unknown(`sysex ${command.toString(16)}`);
    }
  }

  #enableI2c(): void {
    if (this.#i2cEnabled) return;
    for (const pin of this.#chip.i2c) this.#setMode(pin, MODE.i2c);
    this.#i2cEnabled = true;
  }

  #doI2c(address: number, data: readonly number[]): void {
    const mode = (data[1] ?? 0) & 0x18;
    if (((data[1] ?? 0) & 0x20) !== 0) {
      this.#sendString('10-bit addressing not supported');
      return;
    }
    const device = this.#i2cEnabled ? this.#ports.i2c(address) : null;
    const bytes: number[] = [];
    for (let at = 2; at < data.length; at += 2) {
      bytes.push((((data[at] ?? 0) | ((data[at + 1] ?? 0) << 7)) >>> 0) & 0xff);
    }
    if (mode === 0x00) {
      device?.write(Uint8Array.from(bytes).subarray(0, 32)); // all the I2C library has room for
    } else if (mode === 0x08) {
      const register = data.length === 6 ? (bytes[0] ?? 0) : null;
      this.#readI2c(address, device, register, bytes.at(-1) ?? 0);
    } else this.#ports.unknown(`I2C mode ${mode}`);
  }

  #readI2c(address: number, device: I2cDevice | null, from: number | null, count: number): void {
    if (from !== null) device?.write(Uint8Array.of(from));
    const bytes = device?.read(count) ?? new Uint8Array(0);
    if (bytes.length < count) this.#sendString('I2C: Too few bytes received');
    this.#send(...writeI2cReply(address, from ?? 0, bytes));
  }

  #sendString(text: string): void {
    this.#send(...writeString(text));
  }

  #sendPinState(pin: number): void {
    const found = this.#pins[pin];
    if (found === undefined) {
      this.#send(0xf0, 0x6e, pin, 0xf7);
      return;
    }
    const { mode, state } = found;
    const high = (state & 0xff80) !== 0 ? [(state >> 7) & 0x7f] : [];
    this.#send(0xf0, 0x6e, pin, mode, state & 0x7f, ...high, 0xf7);
  }

  /** Nothing is wired to the analog inputs: they measure ground. */
  #sendAnalog(channel: number): void {
    this.#send(0xe0 | channel, 0, 0);
  }

  #send(...bytes: number[]): void {
    this.#ports.send(Uint8Array.from(bytes));
  }
}

const unpowered = (chip: Chip): Pin[] =>
  Array.from({ length: chip.pins }, () => ({ mode: MODE.input, state: 0, latch: 0 }));
