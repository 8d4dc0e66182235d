// What automatic events cost a server that does nothing else: processor time a request, and time an await.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { repoRoot } from '../tests/support/machine.ts';
import { TestSession } from '../tests/support/session.ts';
import { compare, ratioAtMost, type Contender, type Sample } from './harness.ts';

const program = join(repoRoot, 'bench/support/hello-server.mjs');
const warmupRequests = 3000;
const requests = 12_000;
const connections = 4;

function get(agent: http.Agent, port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, path, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      })
      .on('error', reject);
  });
}

async function load(agent: http.Agent, port: number, count: number): Promise<void> {
  let left = count;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await get(agent, port, '/hello');
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
}

async function measure(environment: Readonly<Record<string, string>>): Promise<Sample> {
  const { NODE_OPTIONS: _options, ...inherited } = process.env;
  const server = fork(program, { env: { ...inherited, ...environment }, execArgv: [] });
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const ask = async (question: string): Promise<unknown> => {
    server.send(question);
    return ((await once(server, 'message')) as unknown[])[0];
  };
  try {
    const port = ((await once(server, 'message')) as number[])[0]!;
    await load(agent, port, warmupRequests);
    const before = (await ask('cpu')) as NodeJS.CpuUsage;
    await load(agent, port, requests);
    const after = (await ask('cpu')) as NodeJS.CpuUsage;
    await get(agent, port, '/await');
    const awaitNs = Number(await get(agent, port, '/await'));
    const cpuUs = after.user + after.system - before.user - before.system;
    return { requestCpuUs: cpuUs / requests, awaitNs };
  } finally {
    agent.destroy();
    server.send('end');
    await once(server, 'exit');
  }
}

function traced(name: string, sets: string): Contender {
  return {
    name,
    run: async () => {
      // Room for all events of a round: there is no consumer to make some.
      using session = new TestSession({ subBufferSizeBytes: 256 * 1024, subBufferCount: 64 });
      return await measure({ ...session.environment, SPOOR_AUTO: sets });
    },
  };
}

await compare({
  name: 'auto',
  question: 'What do automatic events cost a server that only says hello?',
  contenders: [
    { name: 'untraced', run: () => measure({}) },
    traced('default sets', ''),
    traced('default and request-context', 'default,request-context'),
    traced('http-server alone', 'http-server'),
    traced('gc and event loop', 'gc,event-loop'),
  ],
  judge: [
    ratioAtMost('default sets', 'untraced', 'requestCpuUs', 1.35),
    ratioAtMost('default and request-context', 'untraced', 'requestCpuUs'),
    ratioAtMost('http-server alone', 'untraced', 'requestCpuUs'),
    ratioAtMost('gc and event loop', 'untraced', 'requestCpuUs'),
  ],
});
