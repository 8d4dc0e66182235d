// A load for examples/shop that costs little itself, so that the shop is what limits it: customers over plain sockets,
// each a kept-alive connection, always in the same way. A process of its own, asked by messages `{ port, requests,
// customers }`; each is answered by `{ requests, seconds }`: as many as there were, and how long they took.
import { once } from 'node:events';
import net from 'node:net';

const headEnd = Buffer.from('\r\n\r\n');

/** A connection that asks one thing after another. */
class Customer {
  #socket;
  #received = Buffer.alloc(0);
  #answered;

  constructor(port) {
    this.#socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (data) => {
      this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data]);
      this.#take();
    });
    this.#socket.on('close', () => this.#answered?.(undefined));
  }

  async ready() {
    await once(this.#socket, 'connect');
  }

  /** Resolves to the body of the answer. */
  ask(method, path, body = '') {
    const length = body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
    this.#socket.write(`${method} ${path} HTTP/1.1\r\nhost: shop\r\n${length}\r\n${body}`);
    return new Promise((resolve) => (this.#answered = resolve));
  }

  end() {
    this.#socket.destroy();
  }

  #take() {
    const at = this.#received.indexOf(headEnd);
    if (at === -1) return;
    const head = this.#received.latin1Slice(0, at);
    const length = Number(/content-length: (\d+)/i.exec(head)[1]);
    const end = at + headEnd.length + length;
    if (this.#received.length < end) return;
    const body = this.#received.latin1Slice(at + headEnd.length, end);
    this.#received = this.#received.subarray(end);
    this.#answered(body);
  }
}

/** What customers do together until they have asked for enough. */
async function load({ port, requests, customers }) {
  let sent = 0;
  const isEnough = () => sent >= requests;
  const shop = async (customer, number) => {
    const ask = (...what) => {
      sent += 1;
      return customer.ask(...what);
    };
    let state = number + 1;
    const below = (limit) => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) % limit;
    while (!isEnough()) {
      for (let looks = 4 + below(6); looks > 0; looks -= 1) {
        await ask('GET', `/catalogue?page=${below(50)}`);
        if (below(4) === 0) await ask('GET', `/products/sku-${below(600)}`);
      }
      const { cart } = JSON.parse(await ask('POST', '/carts', '{"customer":"ann"}'));
      for (let items = 1 + below(3); items > 0; items -= 1) {
        await ask('POST', `/carts/${cart}/items`, `{"sku":"sku-${below(600)}","quantity":2}`);
      }
      const { order } = JSON.parse(await ask('POST', '/orders', `{"cart":${cart}}`));
      if (order !== undefined) await ask('GET', `/orders/${order}`);
    }
  };
  const all = Array.from({ length: customers }, () => new Customer(port));
  await Promise.all(all.map((customer) => customer.ready()));
  const began = process.hrtime.bigint();
  await Promise.all(all.map(shop));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  for (const customer of all) customer.end();
  return { requests: sent, seconds };
}

process.on('message', (wanted) => void load(wanted).then((done) => process.send(done)));
