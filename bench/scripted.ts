// How fast does a script read every field, against babeltrace2's Python bindings? One round: the bindings need two
// minutes for five million events.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repoRoot } from '../tests/support/machine.ts';
import { command, compare, faster } from './harness.ts';
import { ustTrace } from './support/ust-trace.ts';

// Debian's interpreter: the bindings are of its packages.
const python = '/usr/bin/python3';
if (spawnSync(python, ['-c', 'import bt2'], { stdio: 'ignore' }).status !== 0) {
  console.log('bench: scripted: left out, no python3-bt2 (scripts/install-peers.sh)');
  process.exit(0);
}

const { dir, events } = await ustTrace();
const own = [process.execPath, join(import.meta.dirname, 'support', 'read-fields.js'), dir];
const peer = [python, join(repoRoot, 'bench/support/read-fields.py'), dir];

/** What all contenders must have found, as values and characters. */
let found: string | undefined;
const read = (stdout: string): Record<string, never> => {
  const answer = stdout.trim();
  found ??= answer;
  if (answer !== found) throw new Error(`other values were read: ${answer} and ${found}`);
  return {};
};
const options = { stdout: 'text', read } as const;

await compare({
  name: 'scripted',
  question: "How fast does a script read every field, against babeltrace2's Python bindings?",
  facts: { events },
  rounds: Number(process.env['SPOOR_BENCH_ROUNDS'] ?? 1),
  warmups: 0,
  contenders: [command('spoor', own, options), command('python3-bt2', peer, options)],
  judge: [faster('spoor', 'python3-bt2', 'cpuS', 50)],
});
