// The ways to trace a program, each as what Node.js and the environment must be told for it.
import { join } from 'node:path';
import { repoRoot } from '../support/machine.ts';
import type { NodeRelease } from '../support/node-versions.ts';

/** One way. */
export interface Tier {
  readonly name: string;
  readonly nodeArgs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** How rings are reached. */
  readonly ring: 'mapped' | 'copied';
  /** What the summary says about it; undefined when it is the usual way. */
  readonly note?: RegExp;
}

const noEval = '--disallow-code-generation-from-strings';

/** The tiers that share the least code: for tests of many cases. */
export function coreTiersOf(release: NodeRelease): readonly Tier[] {
  const names = ['mapped memory', 'no koffi', 'the permission model', 'no code from strings, no koffi'];
  return tiersOf(release).filter(({ name }) => names.includes(name));
}

/** All that this release of Node.js has. */
export function tiersOf({ major }: NodeRelease): readonly Tier[] {
  const permission = [
    major < 22 ? '--experimental-permission' : '--permission',
    '--allow-fs-read=*',
    '--allow-fs-write=*',
    '--allow-worker',
  ];
  const noKoffi = { SPOOR_NO_KOFFI: '1' };
  const switchedOff = /koffi is switched off by SPOOR_NO_KOFFI/;
  return [
    { name: 'mapped memory', nodeArgs: [], environment: {}, ring: 'mapped' },
    { name: 'no koffi', nodeArgs: [], environment: noKoffi, ring: 'copied', note: switchedOff },
    {
      name: 'no views of foreign memory, as in Electron',
      nodeArgs: ['--require', join(repoRoot, 'tests/tiers/electron-like.cjs')],
      environment: {},
      ring: 'copied',
      note: /memory cannot be mapped in this build of Node\.js/,
    },
    {
      name: 'the permission model',
      nodeArgs: permission,
      environment: {},
      ring: 'copied',
      note: /koffi cannot be loaded/,
    },
    ...(major < 22
      ? []
      : [
          {
            name: 'the permission model with addons',
            nodeArgs: [...permission, '--allow-addons'],
            environment: {},
            ring: 'mapped',
          } as const,
        ]),
    { name: 'no code from strings', nodeArgs: [noEval], environment: {}, ring: 'mapped' },
    {
      name: 'no code from strings, no koffi',
      nodeArgs: [noEval],
      environment: noKoffi,
      ring: 'copied',
      note: switchedOff,
    },
  ];
}
