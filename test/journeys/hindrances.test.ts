/** What stands in the way of a sale, at one stall: wrong keys, copied codes, a network that is cut. */
import { after, before } from 'node:test';
import { tellAmounts } from './amounts.ts';
import { tellCopiedQr } from './copied-qr.ts';
import { tellPartition } from './partition.ts';
import { TestStall } from './stall.ts';

let stall: TestStall;
before(async () => {
  stall = await TestStall.open('Alice:1,Bob:2');
});
after(() => stall.close());

for (const tell of [tellAmounts, tellPartition, tellCopiedQr]) tell(() => stall);
