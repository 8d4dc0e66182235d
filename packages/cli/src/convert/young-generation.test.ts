import { describe, expect, test } from 'vitest';
import { leavesLittleGarbage } from './young-generation.ts';

const graph = (...classNames: readonly string[]) => ({
  components: classNames.map((className) => ({ name: className, className, parameters: new Map() })),
  connections: [],
});
const large = 1 << 30;

describe('the young generation stays small', () => {
  test('for long traces whose events become no objects', () => {
    expect(leavesLittleGarbage(graph('source.ctf.fs', 'sink.text.pretty'), large)).toBe(true);
  });

  test('neither for short ones, which are read before the flag is set', () => {
    expect(leavesLittleGarbage(graph('source.ctf.fs', 'sink.text.pretty'), 1000)).toBe(false);
  });

  test('nor where any component makes an object of each event', () => {
    expect(leavesLittleGarbage(graph('source.ctf.fs', 'sink.text.json'), large)).toBe(false);
    expect(leavesLittleGarbage(graph('source.ctf.fs', 'filter.mine.own', 'sink.utils.dummy'), large)).toBe(
      false,
    );
  });
});
