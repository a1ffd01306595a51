/**
 * Durable payments a second through the whole path (matched order, debit, posting, committed, result
 * queued), beside a bare loop that writes the same rows to the same engine in groups of the same size.
 * `node test/bench/payments.ts [payments] [directory]`; the directory says which disk.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import { Acquirer } from '#gateway/acquirer/acquirer.ts';
import { addMerchant } from '#gateway/acquirer/links/seed.ts';
import { systemChance, systemClock } from '#gateway/clock.ts';
import { payerAccount } from '#gateway/issuer/accounts.ts';
import type { PayerProof, Presented } from '#gateway/issuer/gate.ts';
import { identityDigest } from '#gateway/issuer/identity.ts';
import { Issuer } from '#gateway/issuer/issuer.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { openAccount, post } from '#gateway/ledger/ledger.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { OrderPayments } from '#gateway/orders/payments.ts';
import { OrderRefunds } from '#gateway/orders/refunds.ts';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import type { Engine } from '#gateway/store/tables.ts';
import { type Transaction, Writer } from '#gateway/store/writer.ts';
import { runBare } from './payments-bare.ts';

export const CONCURRENT = 256;
const AMOUNT_MINOR = 1250;
const RICH_MINOR = 1_000_000_000;

export interface Measured {
  readonly per_second: number;
  readonly cpu_us: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

export interface Run {
  readonly payments: number;
  readonly merchants: number;
  readonly concurrent: number;
  /** How long a commit takes longer than the disk's own, ms. */
  readonly slow_ms: number;
}

/** Blocks as a disk does that takes its time to sync. */
export function slowCommits(engine: Engine, ms: number): Engine {
  if (ms === 0) return engine;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return {
    ...engine,
    commit() {
      Atomics.wait(cell, 0, 0, ms);
      engine.commit();
    },
  };
}

/** The product's own services over a store of their own on the disk of `directory`. */
export async function runPayments(directory: string, run: Run): Promise<Measured> {
  const path = join(directory, `payments-${Math.round(performance.now() * 1000)}.sqlite`);
  const engine = slowCommits(openSqlite(path), run.slow_ms);
  const { tables } = engine;
  const writer = new Writer(engine, (then) => setImmediate(then));
  const keys = deriveGatewayKeys(systemChance.bytes(32));
  const parts = { tables, writer, clock: systemClock, chance: systemChance, keys, log: () => {} };
  const issuer = new Issuer(parts);
  const acquirer = new Acquirer({ ...parts, issuer: issuer.gate('acquirer'), tell: () => {} });
  const gate = acquirer.gate();
  const presented = new Map<string, Presented>();
  // Comparing a PIN is slow on purpose, and no part of what is measured: payers prove who they are.
  const ready = {
    ...gate,
    present: async (proof: PayerProof) => known(presented, proof.by === 'pin' ? proof.phone : ''),
  };
  const refunds = new OrderRefunds({
    ...{ ...parts, acquirer: gate, desk: false },
    refundAttempt: () => Promise.reject(new Error('there is no platform')),
  });
  const payments = new OrderPayments({ ...parts, refunds, acquirer: ready });
  const phones = await openPayers(writer, keys, run.concurrent);
  for (const phone of phones) {
    const proof = { by: 'identity', phone, name: 'Payer', identity_number: '0001' } as const;
    presented.set(phone, await gate.present(proof));
  }
  const orders = await openOrders(writer, run);
  const taken: number[] = [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  let next = 0;
  const payer = async (phone: string): Promise<void> => {
    for (let at = next++; at < orders.length; at = next++) {
      const order = orders[at] ?? '';
      const start = performance.now();
      const paid = await payments.pay({ order, key: `key-${at}`, phone, pin: '000000' });
      if (!paid.ok || paid.answer.kind !== 'paid') throw new Error(JSON.stringify(paid));
      taken.push(performance.now() - start);
    }
  };
  await Promise.all(phones.map(payer));
  const measured = measure(taken, performance.now() - began, process.cpuUsage(cpu));
  const { complaints } = trialBalance(tables);
  if (complaints.length > 0) throw new Error(complaints.join('; '));
  payments.close();
  acquirer.close();
  writer.close();
  return measured;
}

const known = (presented: ReadonlyMap<string, Presented>, phone: string): Presented => {
  const proof = presented.get(phone);
  if (proof === undefined) throw new Error('nobody of that number');
  return proof;
};

export function measure(taken: number[], wallMs: number, cpu: NodeJS.CpuUsage): Measured {
  const sorted = taken.sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  return {
    per_second: Math.round((taken.length / wallMs) * 1000),
    cpu_us: Math.round((cpu.user + cpu.system) / taken.length),
    p50_ms: Number(at(0.5).toFixed(2)),
    p99_ms: Number(at(0.99).toFixed(2)),
  };
}

async function openPayers(
  writer: Writer,
  keys: ReturnType<typeof deriveGatewayKeys>,
  count: number,
): Promise<string[]> {
  const identity_digest = identityDigest(keys, '0001');
  const phones = Array.from({ length: count }, (_, at) => `+86139${String(at).padStart(8, '0')}`);
  await writer.run((tx) => {
    openAccount(tx, 'issuer:funding:CNY', 'asset', 'CNY', null);
    for (const [at, phone] of phones.entries()) {
      const id = `p-${at}`;
      const account = payerAccount(id, 'CNY');
      const holder = { holder_name: 'Payer', identity_digest, identity_masked: '•••• 0001' };
      tx.payers.add({ id, phone, pin: 'none', state: 'active', ...holder });
      openAccount(tx, account, 'liability', 'CNY', 0);
      const postings = [
        { account: 'issuer:funding:CNY', amount_minor: -RICH_MINOR },
        { account, amount_minor: RICH_MINOR },
      ];
      const head = { kind: 'opening', order_number: null, at: 1 } as const;
      post(tx, { reference: `opening:${id}`, ...head, postings });
    }
  });
  return phones;
}

/** Recorded orders, as matching leaves them. */
export async function openOrders(writer: Writer, run: Run): Promise<string[]> {
  const numbers = Array.from({ length: run.payments }, () =>
    writeOrderNumber(systemChance.bytes(10)),
  );
  await writer.run((tx) => {
    for (let at = 0; at < run.merchants; at += 1) {
      tx.terminals.addVendor(`v-${at}`, `Vendor ${at}`);
      tx.terminals.put(`t-${at}`, `v-${at}`, '{}');
      const currencies = new Set(['CNY'] as const);
      const known = { acquiring: undefined, address: '', currencies };
      addMerchant(tx, { id: `v-${at}`, name: `Vendor ${at}`, ...known });
    }
  });
  for (let at = 0; at < numbers.length; at += 1000) {
    const some = numbers.slice(at, at + 1000);
    await writer.run((tx) => {
      for (const [index, number] of some.entries()) {
        addOrder(tx, number, `${(at + index) % run.merchants}`);
      }
    });
  }
  return numbers;
}

function addOrder(tx: Transaction, number: string, merchant: string): void {
  const now = Date.now();
  tx.orders.add({
    number,
    terminal: `t-${merchant}`,
    vendor: `v-${merchant}`,
    body: JSON.stringify({ number, lines: [{ name: 'Dumplings', quantity: 1, unit_minor: 1250 }] }),
    currency: 'CNY',
    amount_minor: AMOUNT_MINOR,
    ...{ state: 'offered', reason: null, ended_at: null, payment: null, payer: null },
    recorded_at: now,
    expires_at: now + 3_600_000,
  });
}

/** All figures of one disk; each line is a run. */
export async function measurePayments(
  directory: string,
  payments: number,
): Promise<Record<string, Measured>> {
  const hot = { payments, merchants: 1, concurrent: CONCURRENT, slow_ms: 0 };
  const slow = { ...hot, payments: Math.ceil(payments / 4), slow_ms: 4 };
  await runPayments(directory, { ...hot, payments: Math.ceil(payments / 10) });
  return {
    bare: await runBare(directory, hot),
    hot: await runPayments(directory, hot),
    cold: await runPayments(directory, { ...hot, merchants: 1000 }),
    slow_bare: await runBare(directory, slow),
    slow: await runPayments(directory, slow),
    alone_bare: await runBare(directory, { ...hot, payments: 500, concurrent: 1 }),
    alone: await runPayments(directory, { ...hot, payments: 500, concurrent: 1 }),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [count = '20000', below = tmpdir()] = process.argv.slice(2);
  const directory = mkdtempSync(join(below, 'hawker-bench-'));
  try {
    const figures = await measurePayments(directory, Number(count));
    for (const [name, figure] of Object.entries(figures)) {
      process.stdout.write(`${JSON.stringify({ name, ...figure })}\n`);
    }
    const [hot, bare] = [figures.hot?.per_second ?? 0, figures.bare?.per_second ?? 1];
    process.stdout.write(`${JSON.stringify({ of_bare: Number((hot / bare).toFixed(2)) })}\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
