// One process of `npm run fuzz`: runs cases until its time is over. Its parent (scripts/fuzz.mjs) learns from the file
// of progress which case a process died or hangs in.
import { mkdirSync, writeFileSync, writeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeFind, runCase, type Find } from './fuzzing.ts';
import { peerTarget } from './peer-target.ts';
import { fuzzTargets } from './targets.ts';
import { command } from '../support/machine.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    seed: { type: 'string' },
    case: { type: 'string' },
    seconds: { type: 'string' },
    finds: { type: 'string' },
    progress: { type: 'string' },
  },
});
const seed = Number(values.seed);
const only = values.target;
const peerTargets = command('babeltrace2').met
  ? fuzzTargets.filter(({ name }) => name === 'streams' || name === 'tsdl').map(peerTarget)
  : [];
const known = [...fuzzTargets, ...peerTargets];
const targets = known.filter(({ name }) => only === undefined || only === name);
if (targets.length === 0) {
  throw new Error(`no target ${only}; there are ${known.map(({ name }) => name).join(', ')}`);
}
const progress = openSync(values.progress!, 'w');

function save(find: Find): void {
  const folder = join(values.finds!, `${find.target}-${find.seed}-${find.number}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of find.files) writeFileSync(join(folder, name), content);
  const text = describeFind(find);
  writeFileSync(join(folder, 'find.txt'), `${text}\n`);
  console.log(`FIND ${folder}\n${text}\n`);
}

const counts = new Map<string, number>();
const end = Date.now() + Number(values.seconds) * 1000;
const first = values.case === undefined ? 0 : Number(values.case);
let finds = 0;
for (let number = first; values.case === undefined ? Date.now() < end : number === first; number++) {
  for (const target of targets) {
    writeSync(progress, `${target.name} ${number}`.padEnd(40), 0);
    const result = runCase(target, seed, number);
    const kind = typeof result === 'string' ? result : 'failed';
    counts.set(`${target.name} ${kind}`, (counts.get(`${target.name} ${kind}`) ?? 0) + 1);
    if (typeof result === 'string') continue;
    save(result);
    finds += 1;
  }
}
for (const [what, count] of [...counts].sort(([left], [right]) => left.localeCompare(right)))
  console.log(`${what}: ${count}`);
process.exitCode = finds === 0 ? 0 : 1;
