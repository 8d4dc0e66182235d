// The payment service: a process of its own, which the shop reaches over HTTP. It takes a while for some payments,
// refuses a few, and breaks down over others.
import http from 'node:http';
import { currentRequest } from '@spoor/tracer';
import { paymentDecided } from './tracepoints.mjs';

const slowMs = Number(process.argv[2]);
let payments = 0;

const server = http.createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    const { order, amount } = JSON.parse(text);
    payments += 1;
    const accepted = payments % 23 !== 0;
    const delayMs = payments % 300 === 150 ? slowMs : payments % 10 === 0 ? 4 : 0;
    paymentDecided(currentRequest(), order, amount, accepted ? 1 : 0, delayMs);
    const answer = () => {
      response.statusCode = payments % 400 === 399 ? 503 : 200;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ accepted, reason: accepted ? '' : 'insufficient funds' }));
    };
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  });
});

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
// The shop closes the channel when it is done.
process.on('disconnect', () => {
  server.close();
  server.closeIdleConnections();
});
