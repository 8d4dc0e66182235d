import { Worker } from 'node:worker_threads';
import { currentRequest } from '@spoor/tracer';
import { receiptWaitBegin, receiptWaitEnd } from './tracepoints.mjs';

/** Has receipts made by a worker thread, one after another, so that the server's own thread stays free. */
export class ReceiptOffice {
  #worker = new Worker(new URL('./receipt-worker.mjs', import.meta.url));
  #waiting = new Map();
  #lastId = 0;

  constructor() {
    this.#worker.on('message', ({ id, digest }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      receiptWaitEnd(id, waiting.request);
      waiting.resolve(digest);
    });
    this.#worker.on('error', (error) => {
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    });
  }

  /** Makes the receipt of an order; resolves to its digest. */
  make(order) {
    return new Promise((resolve, reject) => {
      const id = (this.#lastId += 1);
      const request = currentRequest();
      this.#waiting.set(id, { resolve, reject, request });
      receiptWaitBegin(id, request, this.#waiting.size);
      this.#worker.postMessage({ id, order });
    });
  }

  /** Lets the worker end. */
  async close() {
    await this.#worker.terminate();
  }
}
