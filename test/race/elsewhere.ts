/**
 * Where the same money is spent besides: at a stall's terminal where all is one house, else by an
 * acquirer that signs what it asks of issuer and fund server.
 */
import { join } from 'node:path';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { systemChance } from '#gateway/clock.ts';
import { remoteFunds } from '#gateway/funds/remote.ts';
import type { DebitAnswer, DebitRequest } from '#gateway/issuer/gate.ts';
import { remoteIssuer } from '#gateway/issuer/remote.ts';
import { PeerError } from '#gateway/peers/client.ts';
import { httpPeer } from '#gateway/peers/http-client.ts';
import { loadPeerSecret } from '#gateway/peers/keys.ts';
import { call, enrol, makeOrder, Terminal } from '#test/gateway/harness.ts';
import { until } from '#test/until.ts';
import { insist } from './calls.ts';
import { payerOf } from './way.ts';

export interface Elsewhere {
  /** From account number `at`; whether it was paid. */
  spend(id: string, at: number, amountMinor: number): Promise<boolean>;
  till(id: string, number: string, code: string, amountMinor: number): Promise<boolean>;
  close(): Promise<void>;
}

interface Now {
  now(): number;
}

const RETRY_MS = 100;
const RETRIES = 600;

export function openPeers({
  home,
  bankUrl,
  fundUrl,
  clock,
}: {
  readonly home: string;
  readonly bankUrl: string;
  readonly fundUrl: string;
  readonly clock: Now;
}): Elsewhere {
  const peerOf = (peer: string, url: string) => {
    const secret = loadPeerSecret(join(home, peer), 'acquirer');
    return httpPeer({ self: 'acquirer', peer, url, secret, clock });
  };
  const bank = peerOf('issuer', bankUrl);
  const fund = peerOf('fund-server', fundUrl);
  const issuer = remoteIssuer(bank);
  const funds = remoteFunds(fund);
  const taking = (id: string, amount_minor: number, merchant: string) => ({
    ...{ id, amount_minor, currency: 'CNY' as const, merchant, reference: id },
  });
  return {
    async spend(id, at, amountMinor) {
      const { phone, pin } = payerOf(at);
      const payer = { proof: { by: 'pin' as const, phone, pin } };
      return debited(issuer.debit.ask, { ...taking(id, amountMinor, 'elsewhere'), payer });
    },
    async till(id, number, code, amountMinor) {
      const payer = { proof: { by: 'voucher' as const, number, code } };
      return debited(funds.debit.ask, { ...taking(id, amountMinor, 'till'), payer });
    },
    async close() {
      bank.close();
      fund.close();
    },
  };
}

/** Asks under the same id until there is an answer. */
async function debited(
  debit: (asked: DebitRequest) => Promise<DebitAnswer>,
  asked: DebitRequest,
): Promise<boolean> {
  for (let retry = 0; ; retry += 1) {
    const answer = await debit(asked).catch((error: unknown) => error);
    if (isAnswer(answer)) return answer.said === 'debited';
    if (!(answer instanceof PeerError) || retry === RETRIES) throw answer;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

const isAnswer = (answer: unknown): answer is DebitAnswer =>
  typeof answer === 'object' && answer !== null && 'said' in answer;

export async function openTerminal(http: string, clock: Now): Promise<Elsewhere> {
  const terminal = await Terminal.connect(await enrol(http));
  const pay = async (payer: object, amountMinor: number): Promise<boolean> => {
    const now = clock.now();
    const lines = [{ name: 'Dumplings', quantity: 1, unit_minor: amountMinor }];
    const number = mintOrderNumber(now, systemChance.bytes(4));
    const order = { ...makeOrder(terminal.identity, lines), number, made_at: now };
    const matched = await bearerOf(http, terminal, order, clock);
    if (matched === null) return false;
    const url = `${http}/v1/orders/${number}/payments`;
    const answer = await insist(() => call(url, { body: payer, bearer: matched, key: number }));
    if (answer.status !== 401) return answer.body.outcome === 'paid';
    // The gateway was dead for longer than this bearer lives: it may have debited before that.
    return toldPaid(terminal, number);
  };
  return {
    spend(_id, at, amountMinor) {
      const { phone, pin } = payerOf(at);
      return pay({ phone, pin }, amountMinor);
    },
    till: (_id, number, code, amountMinor) => pay({ voucher: number, code }, amountMinor),
    close: () => terminal.close(),
  };
}

/** Whether the terminal hears that an order is paid, within the time that results take. */
function toldPaid(terminal: Terminal, number: string): Promise<boolean> {
  const paid = until(`a payment of ${number}`, () =>
    terminal.heard.find((each) => each.kind === 'result' && each.result.order === number),
  );
  return paid.then(
    (each) => each.kind === 'result' && each.result.outcome === 'paid',
    () => false,
  );
}

/** `null` where the order was lost on the way, with its gateway: then nobody has paid it. */
async function bearerOf(
  http: string,
  terminal: Terminal,
  order: Parameters<Terminal['offer']>[0],
  clock: Now,
): Promise<string | null> {
  try {
    await terminal.offer(order);
  } catch {
    return null;
  }
  const now = clock.now();
  const body = { qr: terminal.token(order, now), digits: terminal.digits(order, now) };
  const { body: said } = await insist(() => call(`${http}/v1/matches`, { body }));
  return typeof said.bearer === 'string' ? said.bearer : null;
}
