import { lookup } from 'node:dns/promises';
import http from 'node:http';

/** Asks the payment service, which is another process, whether an order can be paid. */
export class PaymentClient {
  #port;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

  constructor(port) {
    this.#port = port;
  }

  /** Resolves to `{ accepted, reason }`; rejects if the service does not answer as it should. */
  async pay(order, amount) {
    // The service could move: its name is looked up for each payment.
    const { address } = await lookup('localhost', { family: 4 });
    const body = JSON.stringify({ order, amount });
    return await new Promise((resolve, reject) => {
      const request = http.request(
        {
          host: address,
          port: this.#port,
          method: 'POST',
          path: '/payments',
          agent: this.#agent,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk) => (text += chunk));
          response.on('end', () => {
            if (response.statusCode === 200) resolve(JSON.parse(text));
            else reject(new Error(`the payment service answered ${response.statusCode}`));
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}
