import http from 'node:http';
import { currentRequest } from '@spoor/tracer';
import { pageSize } from './catalogue.mjs';
import {
  cartChanged,
  orderBegin,
  orderEnd,
  orderPlaced,
  pageRendered,
  paymentRefused,
  reportBegin,
  reportEnd,
  stockLow,
} from './tracepoints.mjs';

/** An answer that is not 200. */
class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The shop as an HTTP server; made of a catalogue, a price cache, a payment client and a receipt office. */
export class Shop {
  #catalogue;
  #prices;
  #payments;
  #receipts;
  #carts = new Map();
  #orders = new Map();
  #lastCart = 0;
  #lastOrder = 0;
  #lastReport = 0;
  #server = http.createServer((request, response) => void this.#handle(request, response));

  constructor({ catalogue, prices, payments, receipts }) {
    this.#catalogue = catalogue;
    this.#prices = prices;
    this.#payments = payments;
    this.#receipts = receipts;
  }

  /** Starts to listen on a free port of the loopback interface; resolves to the port. */
  listen() {
    return new Promise((resolve, reject) => {
      this.#server.on('error', reject);
      this.#server.listen(0, '127.0.0.1', () => resolve(this.#server.address().port));
    });
  }

  /** Orders placed so far. */
  get orders() {
    return this.#orders.size;
  }

  /** Stops listening; resolves when the last connection is closed. */
  close() {
    return new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeIdleConnections();
    });
  }

  async #handle(request, response) {
    try {
      const answer = await this.#route(request);
      send(response, 200, answer);
    } catch (error) {
      if (!(error instanceof HttpError))
        console.error(`shop: ${request.method} ${request.url}: ${error.message}`);
      send(response, error instanceof HttpError ? error.status : 502, { error: error.message });
    }
  }

  async #route(request) {
    const url = new URL(request.url, 'http://shop');
    const [, first, second, third] = url.pathname.split('/');
    switch (`${request.method} /${first}${third === undefined ? '' : `/*/${third}`}`) {
      case 'GET /catalogue':
        return this.#page(Number(url.searchParams.get('page') ?? 0));
      case 'GET /products':
        return this.#product(second);
      case 'POST /carts':
        return this.#newCart(await readJson(request));
      case 'POST /carts/*/items':
        return this.#addToCart(Number(second), await readJson(request));
      case 'POST /orders':
        return this.#order(await readJson(request));
      case 'GET /orders':
        return this.#findOrder(Number(second));
      case 'POST /campaigns':
        this.#prices.clear();
        return { started: true };
      case 'GET /report':
        return this.#report();
      default:
        throw new HttpError(404, `no such place: ${url.pathname}`);
    }
  }

  #page(number) {
    if (!(number >= 0 && number < this.#catalogue.pages)) throw new HttpError(404, `no page ${number}`);
    const products = this.#catalogue.page(number).map((product) => ({
      sku: product.sku,
      name: product.name,
      price: this.#prices.priceOf(product),
    }));
    const text = JSON.stringify({ page: number, products });
    if (pageRendered.enabled) {
      const ids = products.map((_, index) => number * pageSize + index);
      pageRendered(currentRequest(), number, ids, text.length);
    }
    return text;
  }

  #product(sku) {
    const product = this.#productOf(sku);
    return { sku, name: product.name, stock: product.stock, price: this.#prices.priceOf(product) };
  }

  #productOf(sku) {
    const product = /^sku-\d+$/.test(sku ?? '') ? this.#catalogue.product(Number(sku.slice(4))) : undefined;
    if (product === undefined) throw new HttpError(404, `no product ${sku}`);
    return product;
  }

  #newCart({ customer }) {
    if (typeof customer !== 'string') throw new HttpError(400, 'a cart needs a customer');
    const cart = { id: (this.#lastCart += 1), customer, items: [] };
    this.#carts.set(cart.id, cart);
    return { cart: cart.id };
  }

  #addToCart(id, { sku, quantity }) {
    const cart = this.#cartOf(id);
    cart.items.push({ product: this.#productOf(sku), quantity });
    const total = this.#totalOf(cart);
    cartChanged(
      currentRequest(),
      cart.id,
      cart.customer,
      cart.items.map((item) => item.product.id),
      total,
    );
    return { cart: id, items: cart.items.length, total };
  }

  #cartOf(id) {
    const cart = this.#carts.get(id);
    if (cart === undefined) throw new HttpError(404, `no cart ${id}`);
    return cart;
  }

  #totalOf(cart) {
    const total = { net: 0, tax: 0 };
    for (const { product, quantity } of cart.items) {
      const price = this.#prices.priceOf(product);
      total.net += price.net * quantity;
      total.tax += price.tax * quantity;
    }
    return total;
  }

  async #order({ cart: cartId }) {
    const cart = this.#cartOf(cartId);
    this.#carts.delete(cartId);
    const id = (this.#lastOrder += 1);
    const request = currentRequest();
    orderBegin(id, request, cartId);
    let outcome = 'failed';
    try {
      const total = this.#totalOf(cart);
      const payment = await this.#payments.pay(id, total.net + total.tax);
      if (!payment.accepted) {
        outcome = 'refused';
        paymentRefused(request, id, payment.reason);
        throw new HttpError(402, payment.reason);
      }
      const digest = await this.#receipts.make({
        id,
        customer: cart.customer,
        total: (total.net + total.tax).toFixed(2),
        items: cart.items.map(({ product, quantity }) => ({
          name: product.name,
          quantity,
          price: this.#prices.priceOf(product),
        })),
      });
      this.#takeFromStock(cart);
      const products = cart.items.map((item) => item.product.id);
      this.#orders.set(id, { id, customer: cart.customer, total, products });
      orderPlaced(request, id, cart.customer, total, products, digest);
      outcome = 'placed';
      return { order: id, total };
    } finally {
      orderEnd(id, request, outcome);
    }
  }

  #takeFromStock(cart) {
    for (const { product, quantity } of cart.items) {
      product.stock -= quantity;
      if (product.stock >= 5) continue;
      stockLow(product.id, product.stock);
      product.stock += 400;
    }
  }

  #findOrder(id) {
    const order = this.#orders.get(id);
    if (order === undefined) throw new HttpError(404, `no order ${id}`);
    return order;
  }

  /** Written with no thought for memory, as reports are: every line keeps copies of everything. */
  #report() {
    const id = (this.#lastReport += 1);
    const request = currentRequest();
    reportBegin(id, request, this.#orders.size);
    const lines = [];
    for (let round = 0; round < 40; round += 1) {
      for (const order of this.#orders.values()) {
        lines.push({
          ...order,
          products: [...order.products],
          label: `${order.customer}/${order.id}/${round}`,
        });
      }
    }
    const byCustomer =
      Object.groupBy === undefined ? groupBy(lines) : Object.groupBy(lines, (line) => line.customer);
    reportEnd(id, request, lines.length);
    return { orders: this.#orders.size, customers: Object.keys(byCustomer).length };
  }
}

function groupBy(lines) {
  const groups = {};
  for (const line of lines) (groups[line.customer] ??= []).push(line);
  return groups;
}

function send(response, status, answer) {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

async function readJson(request) {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, 'the body is no JSON');
  }
}
