/** One agent who is logged in: pages that come and go, what they ask, and what they are told. */
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { languageSchema } from '#device/messages/enrolment.ts';
import type { Clock } from '#device/ports/clock.ts';
import type { CallerOrder } from '#device/ports/order-centre.ts';
import { type AgentCalls, type AgentSeat, AWAY_MS } from './agent-calls.ts';
import type { HttpOrderCentre } from './centre.ts';
import type { DeskEvent } from './desk.ts';

const wordSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('ready'), ready: z.boolean() }),
  z.strictObject({ do: z.literal('answer'), id: z.string().max(60) }),
  z.strictObject({ do: z.literal('hang_up') }),
  z.strictObject({ do: z.literal('assistant') }),
  z.strictObject({ do: z.literal('record'), on: z.boolean() }),
  z.strictObject({ do: z.literal('products') }),
  z.strictObject({ do: z.literal('earlier'), phone: z.string().min(4).max(30) }),
  z.strictObject({
    ...{ do: z.literal('place'), key: z.uuid() },
    lines: z
      .array(z.strictObject({ code: z.string().max(8), quantity: z.int().min(1).max(9999) }))
      .min(1)
      .max(50),
    phone: z.string().min(4).max(30),
    email: z.string().max(200).nullable(),
    language: languageSchema,
  }),
]);
type Word = z.infer<typeof wordSchema>;

export interface SessionParts {
  readonly name: string;
  readonly centre: HttpOrderCentre;
  readonly calls: AgentCalls;
  readonly clock: Clock;
  readonly tell: (event: DeskEvent) => void;
}

/** Longest sound of one message: 200 ms. */
const MOST_BYTES = 3200;
/** Orders that are followed at once. */
const MOST_ORDERS = 20;
/** A page that does not read is told no more. */
const MOST_UNREAD = 64 * 1024;

export class AgentSession implements AgentSeat {
  readonly #parts: SessionParts;
  #socket: WebSocket | null = null;
  #cancelAway = (): void => undefined;
  #watches: { stop(): void }[] = [];
  /** Orders of this shift as they were told last, for a page that is loaded anew. */
  readonly #orders = new Map<string, CallerOrder>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  get name(): string {
    return this.#parts.name;
  }

  /** A page of this agent; an earlier one is let go. */
  connect(socket: WebSocket): void {
    this.#cancelAway();
    this.#socket?.close(4001, 'another page');
    this.#socket = socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, binary) => {
      if (!Buffer.isBuffer(data) || socket !== this.#socket) return;
      if (binary) this.#sound(data);
      else void this.#take(data.toString('utf8'));
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#cancelAway = this.#parts.clock.after(AWAY_MS, () => this.#parts.calls.leave(this));
    });
    this.#parts.calls.sit(this);
    this.changed();
    for (const order of this.#orders.values()) this.#say({ is: 'order', order });
  }

  /** The seat is given up at once; `restart` where the desk goes and the page may wait for it. */
  close(why: 'logged out' | 'restart' = 'logged out'): void {
    this.#cancelAway();
    for (const watch of this.#watches) watch.stop();
    // 1012: service restart (RFC 6455, IANA).
    this.#socket?.close(why === 'restart' ? 1012 : 4000, why);
    this.#socket = null;
    this.#parts.calls.leave(this);
  }

  changed(): void {
    this.#say({ is: 'calls', ...this.#parts.calls.view(this) });
  }

  hear(samples: Int16Array): void {
    const socket = this.#socket;
    if (socket === null || socket.bufferedAmount > MOST_UNREAD) return;
    const bytes = Buffer.alloc(2 * samples.length);
    for (let at = 0; at < samples.length; at += 1) bytes.writeInt16LE(samples[at] ?? 0, 2 * at);
    socket.send(bytes);
  }

  #sound(bytes: Buffer): void {
    if (bytes.length > MOST_BYTES || bytes.length % 2 !== 0) return;
    const samples = Int16Array.from({ length: bytes.length / 2 }, (_, at) =>
      bytes.readInt16LE(2 * at),
    );
    this.#parts.calls.speak(this, samples);
  }

  async #take(text: string): Promise<void> {
    const word = wordSchema.safeParse(readJson(text));
    if (!word.success) {
      const [issue] = word.error.issues;
      this.#say({ is: 'trouble', code: 'malformed', at: issue?.path.join('.') ?? '' });
      return;
    }
    try {
      await this.#do(word.data);
    } catch {
      this.#say({ is: 'trouble', code: 'away' });
    }
  }

  async #do(word: Word): Promise<void> {
    const { calls, centre } = this.#parts;
    switch (word.do) {
      case 'ready':
        return calls.setReady(this, word.ready);
      case 'answer':
        if (!calls.answer(this, word.id)) this.#say({ is: 'trouble', code: 'gone' });
        return;
      case 'hang_up':
        return calls.hangUp(this);
      case 'assistant':
        return calls.toAssistant(this);
      case 'record':
        return calls.pauseRecording(this, !word.on);
      case 'products':
        return this.#say({ is: 'products', products: await centre.products() });
      case 'earlier':
        return this.#say({ is: 'earlier', orders: await centre.ofPhone(word.phone) });
      case 'place':
        return this.#place(word);
    }
  }

  async #place(word: Extract<Word, { do: 'place' }>): Promise<void> {
    const { centre, calls, tell, name } = this.#parts;
    const { key, do: _, ...wish } = word;
    const placing = await centre.place(wish, key);
    this.#say({ is: 'placed', key, placing });
    if (!placing.ok) return;
    const id = calls.view(this).call?.id ?? null;
    tell({ event: 'order', id, order: placing.order.number, by: `agent ${name}` });
    this.#watch(placing.order);
  }

  /** The last few orders are told of until they end. */
  #watch(order: CallerOrder): void {
    const { number } = order;
    this.#orders.set(number, order);
    const watch = this.#parts.centre.watch(number, (news) => {
      this.#orders.set(number, news);
      this.#say({ is: 'order', order: news });
    });
    this.#watches.push(watch);
    if (this.#watches.length > MOST_ORDERS) this.#watches.shift()?.stop();
    const [oldest] = this.#orders.keys();
    if (this.#orders.size > MOST_ORDERS && oldest !== undefined) this.#orders.delete(oldest);
  }

  #say(word: Readonly<Record<string, unknown>>): void {
    this.#socket?.send(JSON.stringify(word));
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
