// The load generator, a process of its own: some customers at a time walk through the shop, always in the same
// way for the same seed. Usage: node load.mjs PORT REQUESTS CUSTOMERS SEED
import http from 'node:http';
import { randomSource } from './random.mjs';

const [port, requests, customers, seed] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: customers * 2 });
const names = ['ann', 'bela', 'chidi', 'dana', 'emre', 'freya', 'goran', 'hana'];
const pages = 50;
const products = 600;
const tally = new Map();
/** Called with the number of requests sent so far, each time when it grows. */
const watchers = new Set();
let sent = 0;

function countRequest() {
  sent += 1;
  for (const watcher of watchers) watcher(sent);
}

/** Resolves when so many requests were sent. */
function afterRequests(count) {
  return new Promise((resolve) => {
    const watcher = (now) => {
      if (now >= count && watchers.delete(watcher)) resolve();
    };
    watchers.add(watcher);
  });
}

/** Sends a request; resolves to its status and its answer. */
function call(method, path, body) {
  countRequest();
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = body === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
    const request = http.request({ host: '127.0.0.1', port, method, path, agent, headers }, (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (answer += chunk));
      response.on('end', () => {
        tally.set(response.statusCode, (tally.get(response.statusCode) ?? 0) + 1);
        resolve({ status: response.statusCode, answer: JSON.parse(answer) });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(text);
  });
}

/** A customer who gives up before the answer comes. */
function giveUp(path) {
  countRequest();
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent });
    request.on('error', () => resolve());
    setTimeout(() => request.destroy(), 2);
    request.on('response', (response) => response.resume().on('close', resolve));
  });
}

const isEnough = () => sent >= requests;

/** A customer looks around, fills a cart and orders, again and again until enough requests were sent. */
async function customer(number) {
  const random = randomSource(seed * 1000 + number);
  const name = names[number % names.length];
  while (!isEnough()) {
    for (let looks = 4 + random.below(6); looks > 0; looks -= 1) {
      await call('GET', `/catalogue?page=${Math.floor(random.next() ** 2 * pages)}`);
      if (random.next() < 0.25) await call('GET', `/products/sku-${random.below(products)}`);
    }
    if (random.next() < 0.02) await call('GET', `/products/sku-${products + random.below(100)}`);
    if (random.next() < 0.25) continue;
    const { cart } = (await call('POST', '/carts', { customer: name })).answer;
    for (let items = 1 + random.below(3); items > 0; items -= 1) {
      const sku = `sku-${random.below(products)}`;
      await call('POST', `/carts/${cart}/items`, { sku, quantity: 1 + random.below(4) });
    }
    const placed = await call('POST', '/orders', { cart });
    if (placed.status === 200 && random.next() < 0.3) await call('GET', `/orders/${placed.answer.order}`);
  }
}

/** Many orders at once: the receipt worker makes them wait. */
async function rush() {
  const carts = await Promise.all(
    Array.from({ length: 24 }, async (_, number) => {
      const { cart } = (await call('POST', '/carts', { customer: names[number % names.length] })).answer;
      await call('POST', `/carts/${cart}/items`, { sku: `sku-${number}`, quantity: 1 });
      return cart;
    }),
  );
  await Promise.all(carts.map((cart) => call('POST', '/orders', { cart })));
}

/** What makes a day in the shop uneven, at fixed shares of the load. */
async function incidents() {
  const happenings = [
    [0.25, () => call('POST', '/campaigns')],
    [0.4, rush],
    [0.55, () => call('GET', '/report')],
    [0.7, () => giveUp('/report')],
    [0.8, () => call('POST', '/campaigns')],
    [0.9, () => call('GET', '/report')],
  ];
  for (const [share, happen] of happenings) {
    await afterRequests(share * requests);
    await happen();
  }
}

await Promise.all([incidents(), ...Array.from({ length: customers }, (_, number) => customer(number))]);
agent.destroy();
const statuses = [...tally].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
console.log(`load: ${sent} requests: ${statuses.join(', ')}`);
