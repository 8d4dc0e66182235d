import { currentRequest } from '@spoor/tracer';
import { cacheSwept, priceComputeBegin, priceComputeEnd, priceLookup } from './tracepoints.mjs';

const taxRate = 0.19;
/** Rules that each price goes through; the reason why prices are cached. */
const ruleCount = 6000;

/** Prices by product. Each is computed when first asked for, and again when it has become too old. */
export class PriceCache {
  #entries = new Map();
  #maxAgeMs;
  #hits = 0;
  #lookups = 0;
  #computations = 0;

  constructor(maxAgeMs) {
    this.#maxAgeMs = maxAgeMs;
  }

  /** Net price and tax of a product, in the shop's currency. */
  priceOf(product) {
    const now = performance.now();
    const entry = this.#entries.get(product.id);
    const result = entry === undefined ? 'miss' : now >= entry.expiresMs ? 'expired' : 'hit';
    this.#lookups += 1;
    if (result === 'hit') {
      this.#hits += 1;
      priceLookup(currentRequest(), product.id, result, entry.price);
      return entry.price;
    }
    const price = this.#compute(product);
    this.#entries.set(product.id, { price, expiresMs: now + this.#maxAgeMs });
    priceLookup(currentRequest(), product.id, result, price);
    return price;
  }

  /** Forgets everything, as when a campaign changes all prices. */
  clear() {
    this.#entries.clear();
  }

  /** Throws out what is too old. */
  sweep() {
    const now = performance.now();
    let removed = 0;
    for (const [id, entry] of this.#entries) {
      if (now >= entry.expiresMs && this.#entries.delete(id)) removed += 1;
    }
    cacheSwept(removed, this.#entries.size, this.#lookups === 0 ? 0 : this.#hits / this.#lookups);
  }

  #compute(product) {
    const id = (this.#computations += 1);
    const request = currentRequest();
    priceComputeBegin(id, request, product.id);
    let net = product.costCents / 100;
    for (let rule = 1; rule <= ruleCount; rule += 1) {
      net += Math.sin(rule * product.weightGrams) / rule;
    }
    net = Math.round(net * 1.4 * 100) / 100;
    priceComputeEnd(id, request, ruleCount);
    return { net, tax: Math.round(net * taxRate * 100) / 100 };
  }
}
