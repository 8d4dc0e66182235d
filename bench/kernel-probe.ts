// How soon is a function or a probe of sys/sdt.h found by its name? `uv_run` and `main` in the binary of Node.js, which has
// hundreds of thousands of symbols, and a probe of the C++ library; each in a process of its own, from the file to the place,
// without the start of the process. readelf, which prints all symbols, is beside: all of its process counts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { atMost, compare, spend, type Sample } from './harness.ts';

const finder = join(import.meta.dirname, 'support', 'probe-finder.js');
const library = [
  '/usr/lib/x86_64-linux-gnu/libstdc++.so.6',
  '/usr/lib/aarch64-linux-gnu/libstdc++.so.6',
].find((path) => existsSync(path));
const goalMs = 50;

async function tookMs(...words: readonly string[]): Promise<number> {
  const { stdout } = await spend([process.execPath, finder, ...words], { stdout: 'text' });
  return (JSON.parse(stdout) as { readonly tookMs: number }).tookMs;
}

await compare({
  name: 'kernel-probe',
  question: 'How soon is a function or a probe found by its name?',
  facts: { binary: process.version, library: library ?? 'none' },
  contenders: [
    {
      name: 'spoor',
      run: async (): Promise<Sample> => ({
        functionMs: await tookMs(process.execPath, 'uv_run'),
        lastMs: await tookMs(process.execPath, 'main'),
        ...(library === undefined ? {} : { sdtMs: await tookMs(library, 'libstdcxx', 'throw') }),
      }),
    },
    {
      name: 'readelf',
      run: async (): Promise<Sample> => {
        const beganMs = performance.now();
        await spend(['readelf', '-sW', process.execPath]);
        return { functionMs: performance.now() - beganMs };
      },
    },
  ],
  judge: [
    atMost('spoor', 'functionMs', goalMs),
    atMost('spoor', 'lastMs', goalMs),
    ...(library === undefined ? [] : [atMost('spoor', 'sdtMs', goalMs)]),
  ],
});
