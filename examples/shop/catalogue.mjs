import { randomSource } from './random.mjs';

const productCount = 600;
const kinds = ['lamp', 'chair', 'table', 'shelf', 'clock', 'vase', 'carpet', 'mirror'];
const colours = ['amber', 'blue', 'grey', 'green', 'ivory', 'red', 'teal', 'white'];

/** How many products a page of the catalogue shows. */
export const pageSize = 12;

/** The shop's products, the same for the same seed. */
export class Catalogue {
  #products;

  constructor(seed) {
    const random = randomSource(seed);
    this.#products = Array.from({ length: productCount }, (_, id) => ({
      id,
      sku: `sku-${id}`,
      name: `${random.pick(colours)} ${random.pick(kinds)}`,
      costCents: 500 + random.below(40_000),
      weightGrams: 100 + random.below(20_000),
      stock: 400 + random.below(400),
    }));
  }

  get pages() {
    return Math.ceil(this.#products.length / pageSize);
  }

  page(number) {
    return this.#products.slice(number * pageSize, (number + 1) * pageSize);
  }

  /** The product of an id, or undefined. */
  product(id) {
    return this.#products[id];
  }
}
