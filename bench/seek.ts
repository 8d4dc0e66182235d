// How soon is the first event printed when only the last thousand events of a large trace are wanted?
import { spawnSync } from 'node:child_process';
import { spoorProgram } from '../tests/support/spoor.ts';
import { command, compare, faster } from './harness.ts';
import { ustTrace } from './support/ust-trace.ts';

const { dir, events } = await ustTrace();

// The time of the thousandth event from the end.
const tail = spawnSync(
  'sh',
  ['-c', '"$0" "$1" --clock-seconds "$2" | tail -n 1000 | head -n 1', process.execPath, spoorProgram, dir],
  {
    encoding: 'utf8',
  },
);
const seconds = /^\[(\d+\.\d{9})\]/.exec(tail.stdout)?.[1];
if (seconds === undefined) throw new Error(`no time in ${JSON.stringify(tail.stdout)}`);

const spoor = [process.execPath, spoorProgram, `--begin=${seconds}`, dir];
const peer = ['babeltrace2', `--begin=${seconds}`, dir];

const textOf = (argv: readonly string[]): string =>
  spawnSync(argv[0]!, argv.slice(1), { encoding: 'utf8', maxBuffer: 1 << 30 }).stdout;
const text = textOf(spoor);
if (text === '' || text !== textOf(peer)) throw new Error(`the texts from ${seconds} on differ`);

await compare({
  name: 'seek',
  question: 'How soon is the end of a large trace printed?',
  facts: { events, 'lines printed': text.split('\n').length - 1 },
  contenders: [command('spoor', spoor), command('babeltrace2', peer)],
  judge: [faster('spoor', 'babeltrace2', 'wallS', 5), faster('spoor', 'babeltrace2', 'cpuS', 5)],
});
