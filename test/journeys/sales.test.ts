/** Sales on the street: every way from the order to the bill, at one stall. */
import { after, before } from 'node:test';
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

for (const tell of [tellSaleByQr, tellSaleByBrowser, tellSaleByBroadcast, tellTwoPhones]) {
  tell(() => stall);
}
