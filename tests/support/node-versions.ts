// The releases of Node.js that programs are run with: the one that runs the tests, and those of tests/node-versions.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Need, repoRoot } from './machine.ts';

/** A release of Node.js. */
export interface NodeRelease {
  readonly major: number;
  /** Its program. */
  readonly path: string;
}

/** The one that runs the tests. */
export const ownNode: NodeRelease = {
  major: Number(process.versions.node.split('.')[0]),
  path: process.execPath,
};

const listed = spawnSync(process.execPath, [join(repoRoot, 'scripts/node-versions.mjs')], {
  encoding: 'utf8',
  timeout: 800_000,
});

/** The oldest release that Spoor runs with, and the newer ones; none where they could not be installed. */
export const nodeReleases: readonly NodeRelease[] = [...(listed.stdout ?? '').matchAll(/^(\d+) (.+)$/gm)].map(
  ([, major, path]) => ({ major: Number(major), path: path! }),
);

/** That the releases are there; installing them needs the package registry once. */
export function otherNodes(): Need {
  const lack = `no other releases of Node.js (${(listed.stderr ?? '').trim() || 'node scripts/node-versions.mjs'})`;
  return { group: 'nodes', lack, met: nodeReleases.length >= 3 };
}
