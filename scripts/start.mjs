// `npm start`: records the example shop while it is busy, and tells what the trace shows. The report goes to
// standard output, all else to standard error. Usage: npm start -- [--view] [--requests N] [--output DIR]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const spoor = join(root, 'packages/cli/bin/spoor.cjs');
/** What a run of the usual length must bring at least; less means that something is broken. */
const fewestEvents = 200_000;
const fewestTypes = 15;
const usualRequests = 20_000;

function say(text) {
  process.stderr.write(`spoor: ${text}\n`);
}

function fail(text, status = 1) {
  say(text);
  process.exit(status);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        view: { type: 'boolean', default: false },
        requests: { type: 'string', default: String(usualRequests) },
        output: { type: 'string' },
      },
    });
    if (!/^[1-9]\d{0,8}$/.test(values.requests))
      throw new Error(`--requests needs a number, not ${values.requests}`);
    return { ...values, requests: Number(values.requests) };
  } catch (error) {
    return fail(`${error.message} (usage: npm start -- [--view] [--requests N] [--output DIR])`, 2);
  }
}

/** A directory of the checkout's own that does not exist yet. */
function freshDirectory() {
  const now = new Date();
  const digits = (number) => String(number).padStart(2, '0');
  const date = `${now.getFullYear()}${digits(now.getMonth() + 1)}${digits(now.getDate())}`;
  const time = `${digits(now.getHours())}${digits(now.getMinutes())}${digits(now.getSeconds())}`;
  const folder = join(root, 'traces');
  mkdirSync(folder, { recursive: true });
  const wanted = join(folder, `shop-${date}-${time}`);
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? wanted : `${wanted}-${number}`;
    if (!existsSync(path)) return path;
  }
}

/**
 * Runs `spoor`; resolves to its exit status. Ctrl-C reaches it by itself, being of the same terminal: it ends what it
 * does in order, and this process after it.
 */
async function runSpoor(args, stdio) {
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  try {
    const child = spawn(process.execPath, [spoor, ...args], { cwd: root, stdio });
    const [status, signal] = await once(child, 'exit');
    return status ?? (signal === 'SIGINT' ? 130 : 1);
  } finally {
    process.off('SIGINT', ignore);
  }
}

const options = readArguments();
const output = options.output ?? freshDirectory();
if (!existsSync(join(root, 'packages/cli/dist/main.js'))) {
  fail('the packages are not compiled; run it as `npm start`, or `npm run build` first');
}

say(`recording examples/shop while it serves ${options.requests.toLocaleString('en-US')} requests…`);
const program = ['examples/shop/shop.mjs', '--requests', String(options.requests)];
const status = await runSpoor(['record', '-o', output, '--', process.execPath, ...program], ['ignore', 2, 2]);
if (status !== 0) fail(`the recording ended with exit status ${status}`, status);

say('reading the trace…');
const { analyzeTrace } = await import('../packages/cli/dist/analyze/analyze-trace.js');
const { reportText } = await import('../packages/cli/dist/analyze/report.js');
const { summary, facts } = analyzeTrace([output]);
process.stdout.write(`\n${reportText(summary, facts, process.stdout, process.env)}\n`);

const types = summary.eventCounts.length;
const isUsual = options.requests >= usualRequests;
if (types < fewestTypes || (isUsual && summary.events < fewestEvents)) {
  fail(
    `the trace has ${summary.events} events of ${types} types; ${fewestEvents} of ${fewestTypes} were expected`,
  );
}

const shown = relative(process.cwd(), output).startsWith('..') ? output : relative(process.cwd(), output);
if (options.view) {
  process.exitCode = await runSpoor(['view', '--open', output], 'inherit');
} else {
  process.stdout.write(
    `To look at it in the browser:  npx spoor view --open ${shown}   (or next time: npm start -- --view)\n` +
      `To read all its events:        npx spoor ${shown} | less\n`,
  );
}
