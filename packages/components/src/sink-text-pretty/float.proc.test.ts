import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { putFloat } from './write-float.ts';

test('floats print as the C library prints them', () => {
  const view = new DataView(new ArrayBuffer(8));
  let state = 12_345n;
  const values: number[] = [];
  while (values.length < 20_000) {
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    view.setBigUint64(0, state);
    const any = view.getFloat64(0);
    // All sizes, and the everyday ones of few decimals, where halves are common.
    if (Number.isFinite(any)) values.push(any);
    values.push(
      Number(state >> 44n) / 8,
      Number(state >> 40n) / 1000,
      Number((state >> 20n) % 10_000_000n) / 4,
    );
  }
  const awk = spawnSync('awk', ['{ printf "%g\\n", $1 }'], {
    input: values.map((value) => value.toPrecision(17)).join('\n') + '\n',
    encoding: 'latin1',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const expected = awk.stdout.trimEnd().split('\n');
  const out = new Uint8Array(64);
  for (const [index, value] of values.entries()) {
    const length = putFloat(out, new DataView(out.buffer), 0, value, value < 0 || Object.is(value, -0));
    const text = Buffer.from(out.subarray(0, length)).toString('latin1');
    if (text !== expected[index]) expect({ value, text }).toEqual({ value, text: expected[index] });
  }
});
