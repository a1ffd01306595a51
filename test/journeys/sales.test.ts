/**
 * Sales on the street, at one stall: every way from the order to the bill, and what stands in the way:
 * no money, wrong keys, a network that is cut, copied codes.
 */
import { after, before } from 'node:test';
import { tellAmounts } from './amounts.ts';
import { tellCopiedQr } from './copied-qr.ts';
import { tellNoSale } from './no-sale.ts';
import { tellPairing } from './pairing.ts';
import { tellPartition } from './partition.ts';
import { tellSaleByBroadcast } from './sale-by-broadcast.ts';
import { tellSaleByBrowser } from './sale-by-browser.ts';
import { tellSaleByQr } from './sale-by-qr.ts';
import { TestStall } from './stall.ts';
import { tellTwoPhones } from './two-phones.ts';

let stall: TestStall;
before(async () => {
  stall = await TestStall.open('Alice:1,Bob:2,Far:40');
});
after(() => stall.close());

const WAYS = [tellSaleByQr, tellSaleByBrowser, tellSaleByBroadcast, tellTwoPhones, tellPairing];
// The last one leaves Bob far away.
const HINDRANCES = [tellNoSale, tellAmounts, tellPartition, tellCopiedQr];
for (const tell of [...WAYS, ...HINDRANCES]) tell(() => stall);
