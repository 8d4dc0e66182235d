// Damaged traces before the real babeltrace2, too: where it reads one without a word and Spoor does, both print the same.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { defaultPrettyOptions, openTrace, PrettySink } from '@spoor/components/node';
import { babeltrace2 } from '../support/lttng.ts';
import { withStaleStrings } from '../support/same-text.ts';
import { WrongAnswer, type FuzzTarget, type Verdict } from './targets.ts';
import { removeTree } from '../support/removal.ts';

/** What Spoor prints of a trace; undefined where it warns or refuses. */
function textOf(folder: string): string | undefined {
  try {
    const set = openTrace(folder);
    const flow = set.read();
    const parts: Buffer[] = [];
    const output = {
      write: (bytes: Uint8Array, length: number): void =>
        void parts.push(Buffer.from(bytes.subarray(0, length))),
    };
    const sink = new PrettySink(flow, output, { ...defaultPrettyOptions, clockGmt: true }, () => {});
    while (flow.next()) sink.consume(flow.batch);
    sink.finish();
    return set.warnings.length === 0 ? Buffer.concat(parts).toString('utf8') : undefined;
  } catch (error) {
    if (error instanceof SpoorError) return undefined;
    throw error;
  }
}

function compare(files: ReadonlyMap<string, Uint8Array>): Verdict {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-fuzz-'));
  try {
    for (const [name, content] of files) writeFileSync(join(folder, name), content);
    const ours = textOf(folder);
    if (ours === undefined) return 'refused';
    const theirs = babeltrace2(['--clock-gmt', folder], { timeoutMs: 10_000 });
    if (theirs.status !== 0 || theirs.stderr !== '') return 'refused';
    const text = withStaleStrings(ours, theirs.stdout);
    if (text === ours) return 'read';
    const own = ours.split('\n');
    const at = own.findIndex((line, index) => line !== text.split('\n')[index]);
    throw new WrongAnswer(`line ${at + 1}: ${own[at]} in place of ${text.split('\n')[at]}`);
  } finally {
    removeTree(folder);
  }
}

/** The inputs of another target, read by the peer as well. */
export function peerTarget(target: FuzzTarget): FuzzTarget {
  return {
    name: `${target.name}-peer`,
    make: (random) => ({ ...target.make(random), check: compare }),
  };
}
