// Real traces with bytes changed and ends cut off: every reading ends, and in nothing worse than warnings.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { buildTraceSet, defaultPrettyOptions, PrettySink } from '@spoor/components';
import { readMetadata, type ByteSource } from '@spoor/ctf';
import { expect, test } from 'vitest';
import { corpusFolder, corpusNeeds } from '../support/corpus.ts';
import { describeNeeding } from '../support/needs.ts';

/** Small generator, so that a failure can be had again by its seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

function damaged(name: string, content: Uint8Array, random: () => number): ByteSource {
  const bytes = content.slice(0, random() < 0.3 ? Math.ceil(content.length * random()) : undefined);
  for (let flips = Math.ceil(random() * 20); flips > 0; flips--) {
    // Half of them in the first packet's header and first events, where they hurt most.
    const reach = random() < 0.5 ? Math.min(400, bytes.length) : bytes.length;
    bytes[Math.floor(reach * random())] = Math.floor(random() * 256);
  }
  return {
    name,
    sizeBytes: bytes.length,
    read(into, length, position) {
      const part = bytes.subarray(position, position + length);
      into.set(part);
      return part.length;
    },
  };
}

describeNeeding(corpusNeeds('babeltrace-tests'), 'damaged traces', () => {
  test.each([
    '1/succeed/multi-domains/ust',
    '1/succeed/struct-array-align-elem',
    '1/succeed/lttng-crash',
    '1/succeed/succeed1',
    '2/succeed/multi-domains/ust',
    '2/succeed/meta-variant-reserved-keywords',
  ])('%s', (trace) => {
    const folder = join(corpusFolder('babeltrace-tests'), trace);
    const traceClass = readMetadata(readFileSync(join(folder, 'metadata')));
    const files = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'metadata')
      .map(({ name }) => ({ name, content: new Uint8Array(readFileSync(join(folder, name))) }))
      .filter(({ content }) => content.length > 0)
      .slice(0, 3);
    expect(files.length).toBeGreaterThan(0);
    for (let seed = 1; seed <= 120; seed++) {
      const random = randomOf(seed * 7919);
      const sources = files.map(({ name, content }) => damaged(name, content, random));
      const warnings: string[] = [];
      try {
        const set = buildTraceSet([{ path: folder, traceClass, sources }], warnings);
        const flow = set.read();
        const sink = new PrettySink(flow, { write() {} }, defaultPrettyOptions, () => {});
        while (flow.next()) sink.consume(flow.batch);
        sink.finish();
        for (const event of set.events()) event.payload();
      } catch (error) {
        if (!(error instanceof SpoorError)) throw new Error(`seed ${seed}`, { cause: error });
      }
      expect(warnings.length).toBeLessThan(200);
    }
  });
});
