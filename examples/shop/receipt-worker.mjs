// The worker thread of receipts.mjs: formats a receipt and signs it, which is real work for a processor.
import { createHash, pbkdf2Sync } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { receiptBegin, receiptEnd } from './tracepoints.mjs';

const signingRounds = 4000;

parentPort.on('message', ({ id, order }) => {
  receiptBegin(id, order.id);
  const lines = order.items.map(({ name, quantity, price }) => {
    const amount = (quantity * (price.net + price.tax)).toFixed(2);
    return `${String(quantity).padStart(3)} x ${name.padEnd(24)}${amount.padStart(12)}`;
  });
  const text = [`Order ${order.id}`, `Customer: ${order.customer}`, ...lines, `Total: ${order.total}`].join(
    '\n',
  );
  const signature = pbkdf2Sync(text, 'the shop', signingRounds, 32, 'sha256');
  const digest = createHash('sha256').update(text).update(signature).digest();
  receiptEnd(id, text.length);
  parentPort.postMessage({ id, digest: [...digest.subarray(0, 8)] });
});
