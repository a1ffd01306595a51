/**
 * An ATmega328P at 16 MHz on a thread of its own, in real time: its UART, its I2C bus with a small
 * OLED, and a key matrix, two LEDs and a buzzer on its pins. Runs whatever program it is given.
 */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import {
  AVRADC,
  AVRIOPort,
  AVRTimer,
  AVRTWI,
  AVRUSART,
  adcConfig,
  avrInstruction,
  CPU,
  PinState,
  portBConfig,
  portCConfig,
  portDConfig,
  timer0Config,
  timer1Config,
  timer2Config,
  twiConfig,
  usart0Config,
} from 'avr8js';
import { Circuit, type Drive } from '#simulators/panel/circuit.ts';
import { VirtualSsd1306 } from '#simulators/panel/ssd1306.ts';
import type { ChipData, Contact, FromChip, ToChip } from './atmega.ts';

const HZ = 16_000_000;
const SLICE_CYCLES = HZ / 2000;
const PROGRAM_WORDS = 0x4000;

const { program, matrix, leds, buzzer, oledAddress, beat } = workerData as ChipData;
if (parentPort === null) throw new Error('runs as a thread');
const outside: MessagePort = parentPort;
const tell = (message: FromChip): void => outside.postMessage(message);

const words = new Uint16Array(PROGRAM_WORDS);
new Uint8Array(words.buffer).set(program);
const cpu = new CPU(words);
const ports = [portDConfig, portBConfig, portCConfig].map((config) => new AVRIOPort(cpu, config));
for (const timer of [timer0Config, timer1Config, timer2Config]) new AVRTimer(cpu, timer);
new AVRADC(cpu, adcConfig); // Nothing is wired to it: it measures ground.
const usart = new AVRUSART(cpu, usart0Config, HZ);
keepReceived();
const oled = new VirtualSsd1306();
const circuit = new Circuit(matrix);

/**
 * avr8js drops a byte that was received but not yet fetched whenever the program turns the sending
 * interrupt on or off; the chip does not (data sheet §19.7.3). Its flag is therefore set again.
 */
function keepReceived(): void {
  const { UCSRA, UCSRB, rxCompleteInterrupt } = usart0Config;
  const received = {
    address: rxCompleteInterrupt,
    flagRegister: UCSRA,
    flagMask: 0x80,
    enableRegister: UCSRB,
    enableMask: 0x80,
    constant: true,
  };
  const hook = cpu.writeHooks[UCSRB];
  cpu.writeHooks[UCSRB] = (value, old, address, mask) => {
    const waiting = ((cpu.data[UCSRA] ?? 0) & received.flagMask) !== 0;
    const done = hook?.(value, old, address, mask);
    if (waiting) cpu.setInterruptFlag(received);
    return done;
  };
}

/** Digital 0 to 7 are port D, 8 to 13 port B, 14 to 19 port C. */
function placeOf(pin: number): { readonly port: AVRIOPort; readonly bit: number } {
  const [port, first] = pin < 8 ? [ports[0], 0] : pin < 14 ? [ports[1], 8] : [ports[2], 14];
  if (port === undefined) throw new RangeError(`there is no pin ${pin}`);
  return { port, bit: pin - first };
}

const DRIVES: Record<PinState, Drive> = {
  [PinState.Low]: 'low',
  [PinState.High]: 'high',
  [PinState.Input]: 'floating',
  [PinState.InputPullUp]: 'pullup',
};
const drive = (pin: number): Drive => {
  const { port, bit } = placeOf(pin);
  return DRIVES[port.pinState(bit)];
};

function settle(): void {
  for (const [pin, level] of circuit.levels(drive)) {
    const { port, bit } = placeOf(pin);
    port.setPin(bit, level === 1);
  }
}

let edges = 0;
let buzzing = drive(buzzer);
let lit = '';
let rested = false;
for (const port of ports) {
  port.addListener(() => {
    settle();
    const now = drive(buzzer);
    if (now !== buzzing) edges += 1;
    buzzing = now;
    const shown = leds.map((pin) => (drive(pin) === 'high' ? '1' : '0')).join('');
    if (shown !== lit) tell({ leds: shown });
    lit = shown;
    const rests = matrix.rows.every((pin) => drive(pin) === 'low');
    if (rests !== rested) tell({ rests });
    rested = rests;
  });
}

/** Bytes to the chip that its UART had no time for yet, at the UART's own speed. */
const incoming: number[] = [];
const feed = (): void => {
  const [byte] = incoming;
  if (byte !== undefined && usart.writeByte(byte) !== false) incoming.shift();
};
usart.onRxComplete = feed;
const outgoing: number[] = [];
usart.onByteTransmit = (byte) => outgoing.push(byte);

const twi = new AVRTWI(cpu, twiConfig, HZ);
let transaction: number[] | null = null;
const endTransaction = (): void => {
  if (transaction !== null && transaction.length > 0) oled.write(Uint8Array.from(transaction));
  transaction = null;
};
twi.eventHandler = {
  start: () => twi.completeStart(),
  stop() {
    endTransaction();
    twi.completeStop();
  },
  connectToSlave(address, write) {
    const here = address === oledAddress;
    transaction = here && write ? [] : null;
    twi.completeConnect(here);
  },
  writeByte(byte) {
    transaction?.push(byte);
    twi.completeWrite(transaction !== null);
  },
  readByte: () => twi.completeRead(oled.read(1)[0] ?? 0xff),
};

/** Contacts to come, by the chip's own time: on a busy machine it passes more slowly. */
const contacts: (Contact & { readonly at: number; readonly last?: boolean })[] = [];
let moved = { host_ms: Number.NEGATIVE_INFINITY, at: 0 };

function schedule(keys: readonly { row: number; column: number }[], halfMs: number): void {
  const half = (halfMs * HZ) / 1000;
  for (const [at, key] of keys.entries()) {
    const last = at === keys.length - 1;
    contacts.push({ ...key, closed: true, at: cpu.cycles + 2 * at * half });
    contacts.push({ ...key, closed: false, at: cpu.cycles + (2 * at + 1) * half, last });
  }
}

/** As long after the movement before as the host meant it, also where the chip lags behind. */
function move(contact: Contact, host_ms: number): void {
  const since = ((host_ms - moved.host_ms) * HZ) / 1000;
  const at = since < HZ / 4 ? Math.max(cpu.cycles, moved.at + since) : cpu.cycles;
  moved = { host_ms, at };
  contacts.push({ ...contact, at, last: true });
}

function touch(): void {
  for (let next = contacts[0]; next !== undefined && next.at <= cpu.cycles; next = contacts[0]) {
    contacts.shift();
    circuit.connect(next.row, next.column, next.closed);
    settle();
    if (next.last === true) tell({ released: true });
  }
}

function obey(message: ToChip): void {
  if ('uart' in message) incoming.push(...message.uart);
  else if ('contact' in message) {
    move(message.contact, message.host_ms);
  } else if ('press' in message) {
    schedule(message.press, message.half_ms);
  } else if ('look' in message) {
    tell({
      seen: { pixels: oled.pixels(message.look), lit: oled.lit, unknown: [...oled.unknown] },
    });
  } else if ('stop' in message) process.exit(0);
}

settle();
/** How far the chip may run ahead of a host that gets no time: the wire's far end must live too. */
const LEASH_CYCLES = (HZ * 6) / 1000;
const heart = new Int32Array(beat);
let heard = { count: Atomics.load(heart, 0), at: cpu.cycles };
const waiter = new Int32Array(new SharedArrayBuffer(4));
// As fast as it goes until the firmware has blinked its version, which takes it two seconds.
let origin: number | null = null;
let toldEdges = 0;
for (;;) {
  for (let each = receiveMessageOnPort(outside); each; each = receiveMessageOnPort(outside)) {
    obey(each.message as ToChip);
  }
  feed();
  touch();
  const until = cpu.cycles + SLICE_CYCLES;
  while (cpu.cycles < until) {
    avrInstruction(cpu);
    cpu.tick();
  }
  if (outgoing.length > 0) {
    origin ??= performance.now() - (cpu.cycles / HZ) * 1000;
    tell({ uart: outgoing.splice(0) });
  }
  if (edges !== toldEdges) tell({ edges });
  toldEdges = edges;
  if (origin === null) continue;
  if (cpu.cycles - heard.at > LEASH_CYCLES) Atomics.wait(heart, 0, heard.count, 1000);
  const count = Atomics.load(heart, 0);
  if (count !== heard.count) heard = { count, at: cpu.cycles };
  const ahead = (cpu.cycles / HZ) * 1000 - (performance.now() - origin);
  if (ahead > 1) Atomics.wait(waiter, 0, 0, ahead);
  // Too slow a machine: time passes more slowly for the chip, it does not race afterwards.
  else if (ahead < -20) origin = performance.now() - (cpu.cycles / HZ) * 1000;
}
