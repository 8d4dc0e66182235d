// The shop: starts the payment service, the receipt worker and the server, lets the load generator walk through
// it, and ends. Usage: node shop.mjs [--requests N] [--customers N] [--seed N] [--price-age MS]
// [--slow-payment MS] [--serve]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Catalogue } from './catalogue.mjs';
import { PaymentClient } from './payment-client.mjs';
import { PriceCache } from './price-cache.mjs';
import { ReceiptOffice } from './receipts.mjs';
import { Shop } from './server.mjs';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    customers: { type: 'string', default: '6' },
    seed: { type: 'string', default: '7' },
    'price-age': { type: 'string', default: '4000' },
    'slow-payment': { type: 'string', default: '120' },
    serve: { type: 'boolean', default: false },
  },
});
const { requests: howMany, customers: people, seed: start } = values;
const given = [howMany, people, start, values['price-age'], values['slow-payment']];
const [requests, customers, seed, priceAgeMs, slowPaymentMs] = given.map((text) => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  console.error(`shop: a whole number above 0 is needed, not ${text}`);
  return process.exit(2);
});

const began = performance.now();
const payment = fork(new URL('./payment.mjs', import.meta.url), [String(slowPaymentMs)]);
const [{ port: paymentPort }] = await once(payment, 'message');
const prices = new PriceCache(priceAgeMs);
const payments = new PaymentClient(paymentPort);
const receipts = new ReceiptOffice();
const shop = new Shop({ catalogue: new Catalogue(seed), prices, payments, receipts });
const port = await shop.listen();
const sweeper = setInterval(() => prices.sweep(), 250);
console.log(`shop: open on http://127.0.0.1:${port}/catalogue`);

if (values.serve) {
  await once(process, 'SIGINT');
} else {
  const load = fork(new URL('./load.mjs', import.meta.url), [port, requests, customers, seed].map(String));
  const [exitCode] = await once(load, 'exit');
  if (exitCode !== 0) process.exitCode = 1;
}

clearInterval(sweeper);
await shop.close();
payments.close();
await receipts.close();
payment.disconnect();
await once(payment, 'exit');
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`shop: closed after ${seconds} s with ${shop.orders} orders placed`);
