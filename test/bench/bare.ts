/** The wires alone, without the product: what no code on them could be faster than. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ReadStream } from 'node:tty';
import mqtt from 'mqtt';
import { writeWav } from '#firmware/speaker/wav.ts';
import { Pty } from '#simulators/pty.ts';
import { SoundCard } from '#simulators/speaker/card.ts';

/** Journal entry of an order, signed message of one, screen with a QR: about so many bytes. */
const ENTRY_BYTES = 400;
const MESSAGE_BYTES = 700;
const SCREEN_BYTES = 6000;
/** A boot keyboard's report. */
const REPORT_BYTES = 8;

async function times(count: number, act: () => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  for (let at = 0; at < count; at += 1) taken.push(await act());
  return taken;
}

/** An append made durable, on the disk that `directory` is on. */
export async function syncDisk(directory: string, count: number): Promise<number[]> {
  const path = join(directory, 'bench');
  const file = await open(path, 'a');
  const entry = Buffer.alloc(ENTRY_BYTES, 0x2e);
  try {
    return await times(count, async () => {
      const began = performance.now();
      await file.write(entry);
      await file.datasync();
      return performance.now() - began;
    });
  } finally {
    await file.close();
    await rm(path);
  }
}

/** A keypad's report through the pseudo-terminal that stands in for USB. */
export async function passReport(directory: string, count: number): Promise<number[]> {
  const path = join(directory, 'bench-pty');
  const pty = await Pty.open({ wire: 'bench', path, data: () => undefined });
  const near = new ReadStream(openSync(path, constants.O_RDWR | constants.O_NOCTTY));
  try {
    return await times(count, async () => {
      const began = performance.now();
      const arrived = once(near, 'data');
      pty.write(new Uint8Array(REPORT_BYTES).fill(0x59));
      await arrived;
      return performance.now() - began;
    });
  } finally {
    near.destroy();
    await pty.close();
  }
}

/** A server-sent event as large as a screen, over HTTP on loopback. */
export async function passScreen(count: number): Promise<number[]> {
  const server = createServer((_request, response) => {
    response.socket?.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': here\n\n');
    server.on('send', (text: string) => response.write(text));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const [response] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response');
  response.setEncoding('utf8');
  await once(response, 'data');
  const screen = `event: screen\ndata: ${'.'.repeat(SCREEN_BYTES)}\n\n`;
  try {
    return await times(count, async () => {
      const began = performance.now();
      let taken = 0;
      server.emit('send', screen);
      while (taken < screen.length) taken += (await once(response, 'data'))[0].length;
      return performance.now() - began;
    });
  } finally {
    response.destroy();
    server.close();
  }
}

/** A message from one MQTT client to another through a broker of the gateway's kind, QoS 1. */
export class BareBroker {
  readonly #child: ChildProcess;
  readonly #near: mqtt.MqttClient;
  readonly #far: mqtt.MqttClient;

  private constructor(child: ChildProcess, near: mqtt.MqttClient, far: mqtt.MqttClient) {
    this.#child = child;
    this.#near = near;
    this.#far = far;
  }

  static async open(): Promise<BareBroker> {
    const program = join(import.meta.dirname, 'bare-broker.ts');
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [url] = await once(createInterface({ input: child.stdout }), 'line');
    const clients = [await connect(url), await connect(url)] as const;
    const broker = new BareBroker(child, ...clients);
    await broker.#near.subscribeAsync('down', { qos: 1 });
    await broker.#far.subscribeAsync('up', { qos: 1 });
    return broker;
  }

  /** One way. */
  pass(count: number): Promise<number[]> {
    return times(count, async () => {
      const began = performance.now();
      const arrived = message(this.#near);
      this.#far.publish('down', Buffer.alloc(MESSAGE_BYTES), { qos: 1 });
      await arrived;
      return performance.now() - began;
    });
  }

  /** There, and an answer back. */
  passBoth(count: number): Promise<number[]> {
    const answer = (): void => {
      this.#far.publish('down', Buffer.alloc(MESSAGE_BYTES), { qos: 1 });
    };
    this.#far.on('message', answer);
    return times(count, async () => {
      const began = performance.now();
      const arrived = message(this.#near);
      this.#near.publish('up', Buffer.alloc(MESSAGE_BYTES), { qos: 1 });
      await arrived;
      return performance.now() - began;
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#near.endAsync(true), this.#far.endAsync(true)]);
    this.#child.kill('SIGTERM');
  }
}

const message = (client: mqtt.MqttClient): Promise<void> =>
  new Promise((resolve) => client.once('message', () => resolve()));

async function connect(url: string): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(url);
  const { stream } = client;
  if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true);
  return client;
}

/** `aplay` started on a card like the terminal's → its first sample there. */
export async function playSample(directory: string, count: number): Promise<number[]> {
  let heard: (at: number) => void = () => undefined;
  const own = join(directory, 'bench-sound');
  const card = await SoundCard.open({
    directory: own,
    clipDirectory: own,
    started: () => heard(performance.now()),
  });
  const samples = Int16Array.from({ length: 4410 }, (_, at) => 8000 * Math.sin(at / 8));
  const file = join(own, 'tone.wav');
  await writeFile(file, writeWav({ rate: 22_050, samples }));
  try {
    return await times(count, async () => {
      const first = new Promise<number>((resolve) => {
        heard = resolve;
      });
      const began = performance.now();
      const env = { ...process.env, ...card.environment };
      const player = spawn('aplay', ['-q', '-D', 'default', file], { stdio: 'ignore', env });
      const gone = once(player, 'exit');
      const before = card.heard().length;
      const at = await first;
      await gone;
      // What the card still has to play would delay the next one.
      await card.waitFor(() => card.heard().length > before, 2000);
      return at - began;
    });
  } finally {
    await card.close();
  }
}
