// Every event of the shop's own, in one place. A pair named X_begin and X_end with the same `id` is drawn as a
// span; `request` says which HTTP request an event belongs to (see `currentRequest` in the code that emits them).
import { array, enumeration, sequence, struct, tracepoint } from '@spoor/tracer';

const price = struct({ net: 'f64', tax: 'f64' });

/** One look into the price cache. */
export const priceLookup = tracepoint(
  'shop:price_lookup',
  {
    request: 'u32',
    product: 'u16',
    result: enumeration('u8', { hit: 0, miss: 1, expired: 2 }),
    price,
  },
  { logLevel: 'debug' },
);

/** The computation of a price that was not in the cache. */
export const priceComputeBegin = tracepoint('shop:price_compute_begin', {
  id: 'u32',
  request: 'u32',
  product: 'u16',
});
export const priceComputeEnd = tracepoint('shop:price_compute_end', {
  id: 'u32',
  request: 'u32',
  rules: 'u16',
});

/** The cache threw out what was too old. */
export const cacheSwept = tracepoint('shop:cache_swept', { removed: 'u32', kept: 'u32', hit_ratio: 'f64' });

/** A page of the catalogue was put together. */
export const pageRendered = tracepoint('shop:page_rendered', {
  request: 'u32',
  page: 'u16',
  products: sequence('u16'),
  size_bytes: 'u32',
});

/** A customer put something into a cart. */
export const cartChanged = tracepoint('shop:cart_changed', {
  request: 'u32',
  cart: 'u32',
  customer: 'string',
  products: sequence('u16'),
  total: price,
});

/** An order came in, was paid or refused, and went out. */
export const orderBegin = tracepoint('shop:order_begin', { id: 'u32', request: 'u32', cart: 'u32' });
export const orderEnd = tracepoint('shop:order_end', {
  id: 'u32',
  request: 'u32',
  outcome: enumeration('u8', { placed: 0, refused: 1, failed: 2 }),
});
export const orderPlaced = tracepoint(
  'shop:order_placed',
  {
    request: 'u32',
    order: 'u32',
    customer: 'string',
    total: price,
    products: sequence('u16'),
    receipt_digest: array('u8', 8),
  },
  { logLevel: 'notice' },
);
export const paymentRefused = tracepoint(
  'shop:payment_refused',
  { request: 'u32', order: 'u32', reason: 'string' },
  { logLevel: 'warning' },
);
export const stockLow = tracepoint(
  'shop:stock_low',
  { product: 'u16', left: 'i32' },
  { logLevel: 'warning' },
);

/** Main thread: from handing an order to the receipt worker to its answer. */
export const receiptWaitBegin = tracepoint('shop:receipt_wait_begin', {
  id: 'u32',
  request: 'u32',
  waiting: 'u16',
});
export const receiptWaitEnd = tracepoint('shop:receipt_wait_end', { id: 'u32', request: 'u32' });

/** Worker thread: the making of one receipt. */
export const receiptBegin = tracepoint('shop:receipt_begin', { id: 'u32', order: 'u32' });
export const receiptEnd = tracepoint('shop:receipt_end', { id: 'u32', size_bytes: 'u32' });

/** The sales report, which makes a lot of garbage. */
export const reportBegin = tracepoint('shop:report_begin', { id: 'u32', request: 'u32', orders: 'u32' });
export const reportEnd = tracepoint('shop:report_end', { id: 'u32', request: 'u32', lines: 'u32' });

/** Payment service: one decision. */
export const paymentDecided = tracepoint('payment:decided', {
  request: 'u32',
  order: 'u32',
  amount: 'f64',
  accepted: 'u8',
  delay_ms: 'u16',
});
