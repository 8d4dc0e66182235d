// Touches many pages, sleeps many times, computes for a while, in two processes; then says what getrusage counted.
import { spawnSync } from 'node:child_process';

const [pages, isChild] = [20_000, process.argv[2] === 'child'];
const memory = new Uint8Array(pages * 4096);
for (let at = 0; at < memory.length; at += 4096) memory[at] = 1;
const cell = new Int32Array(new SharedArrayBuffer(4));
for (let count = 0; count < 200; count += 1) Atomics.wait(cell, 0, 0, 1);
let sum = 0;
for (let count = 0; count < 3e7; count += 1) sum = (sum + count * memory[count % memory.length]) | 0;
const accounts = [];
if (!isChild) {
  const child = spawnSync(process.execPath, [process.argv[1], 'child'], { encoding: 'utf8' });
  accounts.push(...JSON.parse(child.stdout));
}
const { userCPUTime, systemCPUTime, minorPageFault, voluntaryContextSwitches, involuntaryContextSwitches } =
  process.resourceUsage();
accounts.push({
  sum,
  pid: process.pid,
  cpuUs: userCPUTime + systemCPUTime,
  minorFaults: minorPageFault,
  switches: voluntaryContextSwitches + involuntaryContextSwitches,
});
console.log(JSON.stringify(accounts));
