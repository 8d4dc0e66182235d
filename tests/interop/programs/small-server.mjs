// small-server.mjs: an HTTP server that asks itself a hundred times, with a worker and some garbage on the way; it
// knows nothing of tracing.
import { createServer, get } from 'node:http';
import { lookup } from 'node:dns/promises';
import { Worker } from 'node:worker_threads';

const server = createServer((request, response) => {
  const rubbish = Array.from({ length: 20_000 }, (_, at) => ({ at }));
  response.end(`${request.url} ${rubbish.length}\n`);
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const { port } = server.address();
await lookup('localhost');
for (let i = 0; i < 100; i++) {
  await new Promise((done, failed) => {
    get({ port, host: '127.0.0.1', path: `/item/${i}` }, (response) => {
      response.resume();
      response.once('end', done);
    }).once('error', failed);
  });
}
await new Promise((done) => new Worker('console.log("from the worker")', { eval: true }).once('exit', done));
server.close();
console.error('served');
