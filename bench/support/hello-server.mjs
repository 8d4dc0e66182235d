// The server that bench/auto.ts measures: answers at once, or after many awaits, and tells its processor time.
import http from 'node:http';

const awaits = 100_000;

async function timeAwaits() {
  const began = process.hrtime.bigint();
  for (let count = 0; count < awaits; count += 1) await Promise.resolve();
  return String(Number(process.hrtime.bigint() - began) / awaits);
}

const server = http.createServer((request, response) => {
  if (request.url === '/await') void timeAwaits().then((text) => response.end(text));
  else response.end('hello');
});

process.on('message', (question) => {
  if (question === 'cpu') process.send(process.cpuUsage());
  else process.exit(0);
});
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
