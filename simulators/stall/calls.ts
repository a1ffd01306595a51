/** What each call of the stall's interface does (docs/stall.md lists them with one curl each). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { MICROPHONE_RATE } from '#device/ports/microphone.ts';
import type { Phone } from '../phone/phone.ts';
import type { Answer } from '../phone/wallet.ts';
import { BODIES, checkFault, keysOf, readBody } from './bodies.ts';
import { speakNear } from './caller-voice.ts';
import { notNow, Problem, unknown, wrong } from './problems.ts';
import { readSound, SOUND_BYTES } from './sound-body.ts';
import type { Stall } from './stall.ts';
import { viewMessages, viewPapers, viewSpoken, viewStall } from './view.ts';

/** What a terminal needs to fall silent, and to open the microphone. */
const LISTENING_MS = 6000;

interface Named {
  Params: { name: string };
}

/** Adds every call below `/v1`. */
export function addCalls(server: FastifyInstance, stall: Stall): void {
  addTerminalCalls(server, stall);
  addPhoneCalls(server, stall);
  addBrowserCalls(server, stall);
  addMachineCalls(server, stall);
}

const sendPng = (reply: FastifyReply, png: Uint8Array): FastifyReply =>
  reply.type('image/png').send(Buffer.from(png));

function addTerminalCalls(server: FastifyInstance, stall: Stall): void {
  server.get('/v1', async () => viewStall(stall));

  server.post('/v1/keys', async (request) => {
    const { keys, text, pad, per_second } = readBody(BODIES.keys, request.body);
    const pressed = keys ?? keysOf(text ?? '');
    await stall.press(pressed, pad, per_second);
    return { pressed };
  });

  server.get('/v1/screen', async () => ({ ...stall.seen, address: stall.screenAddress }));
  server.get('/v1/screen.png', async (_request, reply) => sendPng(reply, await stall.eye.png()));

  const panel = () => {
    const { hmi } = stall.organs;
    if (hmi === null) throw notNow('The customer’s panel is missing; see "organs".');
    return hmi;
  };
  server.get('/v1/panel', async () => ({ text: panel().text(), qr: panel().qr() }));
  server.get('/v1/panel.png', async (_request, reply) => sendPng(reply, panel().png()));

  server.get('/v1/lamp', async () => {
    const board = stall.organs.panel;
    if (board === null) throw notNow('The panel with the lamp is missing; see "organs".');
    return { ...board.lamp(), beeps: board.beeps().length };
  });

  server.get('/v1/spoken', async () => viewSpoken(stall));
  server.get<Named>('/v1/spoken/:name', async (request, reply) => {
    const id = idOf(request.params.name, '.wav');
    const spoken = stall.organs.speaker?.heard()[id - 1];
    if (spoken === undefined) throw unknown(`Nothing was spoken under ${id}; see /v1/spoken.`);
    return reply.type('audio/wav').send(Buffer.from(spoken.wav));
  });

  server.post('/v1/microphone', async (request) => {
    const { text, voice, noise } = readBody(BODIES.utter, request.body);
    await utter(stall, await speakNear(text, voice, noise, MICROPHONE_RATE));
    return { said: text };
  });

  server.post('/v1/microphone/voice', { bodyLimit: SOUND_BYTES }, async (request) => {
    await utter(stall, readSound(request, MICROPHONE_RATE));
    return { said: '…' };
  });

  server.get('/v1/messages', async () => viewMessages(stall));
  server.get('/v1/papers', async () => viewPapers(stall));
  server.get<Named>('/v1/papers/:name', async (request, reply) => {
    const { name } = request.params;
    const id = idOf(name, name.endsWith('.txt') ? '.txt' : '.png');
    const { printer } = stall.organs;
    const paper = printer?.papers()[id - 1];
    if (printer === null || paper === undefined) {
      throw unknown(`Nothing was printed under ${id}; see /v1/papers.`);
    }
    if (name.endsWith('.txt')) return reply.type('text/plain; charset=utf-8').send(paper.text);
    return sendPng(reply, printer.png(id - 1));
  });
}

/** Says it as soon as the terminal listens; a person sees that on the screen. */
async function utter({ organs }: Stall, samples: Int16Array): Promise<void> {
  const { microphone } = organs;
  if (microphone === null) throw notNow('The microphone is missing; see "organs".');
  const deadline = performance.now() + LISTENING_MS;
  while (!microphone.heard) {
    if (performance.now() > deadline) {
      throw notNow('The terminal does not listen: press × where a line begins, then speak.');
    }
    await sleep(20);
  }
  // Nobody speaks at the very moment of the beep.
  const pause = new Int16Array(MICROPHONE_RATE / 2);
  await microphone.say(Int16Array.from([...pause, ...samples]));
}

function idOf(name: string, ending: string): number {
  const id = Number(name.slice(0, -ending.length));
  if (!name.endsWith(ending) || !Number.isSafeInteger(id) || id < 1) {
    throw wrong('id', `Ask for a number and ${ending}, such as 1${ending}; not ${name}.`);
  }
  return id;
}

/** A phone's view after what it did; a refusal by the gateway is an answer, not an error. */
function answerOf(stall: Stall, phone: Phone, answer: Answer<unknown>): object {
  const view = stall.street.view().find(({ name }) => name === phone.name);
  return { ok: answer.ok, ...view };
}

function addPhoneCalls(server: FastifyInstance, stall: Stall): void {
  const { street } = stall;
  server.get('/v1/phones', async () => street.view());
  server.post('/v1/phones', async (request, reply) => {
    const { name, distance_m } = readBody(BODIES.phone, request.body);
    street.add(name, distance_m);
    return reply.code(201).send(street.view().find((phone) => phone.name === name));
  });
  server.get<Named>('/v1/phones/:name', async (request) => {
    const phone = street.phone(request.params.name);
    await phone.look();
    return street.view().find(({ name }) => name === phone.name);
  });
  server.patch<Named>('/v1/phones/:name', async (request) => {
    const { distance_m } = readBody(BODIES.move, request.body);
    street.move(request.params.name, distance_m);
    return street.view().find(({ name }) => name === request.params.name);
  });
  server.delete<Named>('/v1/phones/:name', async (request, reply) => {
    await street.remove(request.params.name);
    stall.paired.forget(request.params.name);
    return reply.code(204).send();
  });
  server.get<Named>('/v1/phones/:name/heard', async (request) => street.heard(request.params.name));

  server.post<Named>('/v1/phones/:name/photograph', async (request) => {
    const phone = street.phone(request.params.name);
    const { of } = readBody(BODIES.photograph, request.body);
    phone.keepPhoto(await readCode(stall, of));
    return phone.photo;
  });
  server.post<Named>('/v1/phones/:name/scan', async (request) => {
    const phone = street.phone(request.params.name);
    const { of, digits } = readBody(BODIES.scan, request.body);
    const code = await readCode(stall, of);
    phone.keepPhoto(code);
    return answerOf(stall, phone, await phone.openCode(code, digits));
  });
  server.post<Named>('/v1/phones/:name/open', async (request) => {
    const phone = street.phone(request.params.name);
    const answer = await openOtherwise(stall, phone, readBody(BODIES.open, request.body));
    return answerOf(stall, phone, answer);
  });
  server.post<Named>('/v1/phones/:name/pay', async (request) => {
    const phone = street.phone(request.params.name);
    const answer = await phone.pay(readBody(BODIES.pay, request.body));
    if (answer === null) {
      throw notNow(`${phone.name} has no order open; let it scan or open a broadcast first.`);
    }
    return { ...answerOf(stall, phone, answer), ...(answer.ok ? answer.value : {}) };
  });
}

/** The same order in the phone's browser, as a customer without an app pays it. */
function addBrowserCalls(server: FastifyInstance, stall: Stall): void {
  const { street } = stall;
  server.post<Named>('/v1/phones/:name/browse', async (request) => {
    const { name } = request.params;
    const { of, ...settings } = readBody(BODIES.browse, request.body);
    const code = await readCode(stall, of);
    if (!code.startsWith('http')) {
      throw notNow('A browser opens URLs; this QR is for wallets (qr.format in boards.json).');
    }
    street.phone(name).keepPhoto(code);
    return { url: code, text: await (await street.browse(name, code, settings)).text() };
  });
  server.post<Named>('/v1/phones/:name/browser/pay', async (request) => {
    const { digits, ...account } = readBody(BODIES.browserPay, request.body);
    return { text: await street.browser(request.params.name).pay(account, digits) };
  });
  server.get<Named>('/v1/phones/:name/browser', async (request) => ({
    text: await street.browser(request.params.name).text(),
  }));
  server.get<Named>('/v1/phones/:name/browser.png', async (request, reply) =>
    sendPng(reply, await street.browser(request.params.name).png()),
  );
}

async function readCode(stall: Stall, of: 'screen' | 'panel' | 'paper'): Promise<string> {
  const code = await stall.scan(of);
  if (code !== null) return code;
  throw notNow(`There is no QR on the ${of} that a phone could read; key in an amount first.`);
}

async function openOtherwise(
  stall: Stall,
  phone: Phone,
  body: { by: string; text?: string | undefined; digits?: string | undefined },
): Promise<Answer<unknown>> {
  const { street } = stall;
  switch (body.by) {
    case 'broadcast': {
      const heard = street.heard(phone.name).at(-1);
      if (heard === undefined) {
        throw notNow(`${phone.name} hears no order; move it nearer while one is offered.`);
      }
      return phone.openBroadcast(heard.broadcast);
    }
    case 'forged':
      return phone.openBroadcast(street.forged(phone.name));
    case 'connection':
      return phone.openCode(await street.readUrl(phone.name), body.digits);
    case 'photo':
      if (phone.photo === null)
        throw notNow(`${phone.name} has no photo; let it photograph first.`);
      return phone.openCode(phone.photo.text, body.digits);
    default:
      if (body.text === undefined) throw wrong('text', 'Give the text of a code to open.');
      return phone.openCode(body.text, body.digits);
  }
}

function addMachineCalls(server: FastifyInstance, stall: Stall): void {
  server.get('/v1/wires', async () => stall.rack.view());
  server.post<Named>('/v1/wires/:name/faults', async (request) => {
    const body = readBody(BODIES.fault, request.body);
    checkFault(body);
    await stall.rack.apply(request.params.name, body);
    return stall.rack.view().find(({ wire }) => wire === request.params.name);
  });
  const { terminal, gateway, telephone } = stall;
  const machines = [
    ['terminal', terminal, () => terminal.start()],
    ['gateway', gateway, () => gateway.start()],
    ['telephone', telephone.machine, () => telephone.open()],
  ] as const;
  for (const [name, machine, start] of machines) {
    server.post(`/v1/${name}/kill`, async (request) => {
      const { signal } = readBody(BODIES.kill, request.body);
      await machine.kill(signal);
      return machine.view;
    });
    server.post(`/v1/${name}/start`, async () => {
      try {
        await start();
      } catch (error) {
        if (error instanceof Problem) throw error;
        throw new Problem(
          500,
          `No ${name}`,
          error instanceof Error ? error.message : String(error),
        );
      }
      return machine.view;
    });
  }
}
