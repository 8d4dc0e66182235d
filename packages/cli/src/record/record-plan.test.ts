import { expect, test } from 'vitest';
import { readEnvironment, readPlan, type SaidOption } from './record-plan.ts';

/** `--name value` pairs as commander hands them over. */
function said(...words: readonly string[]): SaidOption[] {
  const options: SaidOption[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const name = words[at]!.replace(/^--/, '');
    const value = name === 'overwrite' ? '' : words[(at += 1)]!;
    options.push({ flags: `--${name} <x>`, name, value });
  }
  return options;
}

test('without options one channel takes everything', () => {
  const { channels } = readPlan([], undefined);
  expect(channels).toMatchObject([
    { name: 'ch0', mode: 'discard', blockingTimeoutUs: 0, rules: [{ name: '*', exclude: [] }], contexts: [] },
  ]);
});

test('options are about the rule before them', () => {
  const { channels } = readPlan(
    said(
      '--enable',
      'shop:*,bank:*',
      '--exclude',
      '*debug*,*trace*',
      '--loglevel',
      'TRACE_INFO',
      '--enable',
      'http*',
      '--filter',
      'status >= 500',
      '--loglevel-only',
      '3',
    ),
    '64M',
  );
  expect(channels[0]!.rules).toEqual([
    { name: 'shop:*', exclude: [] },
    { name: 'bank:*', exclude: ['*debug*', '*trace*'], logLevel: { kind: 'at-least', level: 6 } },
    { name: 'http*', exclude: [], filter: 'status >= 500', logLevel: { kind: 'only', level: 3 } },
  ]);
});

test('a modifier without a rule is about all events', () => {
  expect(readPlan(said('--loglevel', 'err'), undefined).channels[0]!.rules).toEqual([
    { name: '*', exclude: [], logLevel: { kind: 'at-least', level: 3 } },
  ]);
});

test('sizes and contexts before the first channel count for all, rules make a channel of their own', () => {
  const common = ['--subbuf-size', '64k', '--context', 'vtid'];
  const channels = ['--channel', 'a', '--overwrite', '--channel', 'b', '--context', '$app.x:y'];
  const { channels: two } = readPlan(said(...common, ...channels), undefined);
  expect(two).toMatchObject([
    { name: 'a', mode: 'overwrite', subBufferSizeBytes: 65_536, contexts: ['vtid'] },
    { name: 'b', mode: 'discard', subBufferSizeBytes: 65_536, contexts: ['vtid', '$app.x:y'] },
  ]);
  const { channels: three } = readPlan(said('--enable', 'c*', ...channels), undefined);
  expect(three.map(({ name }) => name)).toEqual(['ch0', 'a', 'b']);
  expect(three[1]!.rules).toEqual([{ name: '*', exclude: [] }]);
});

test.each([
  [['--context', 'vpdi'], '`vpdi` is no context, vpid is one.'],
  [['--loglevel', 'loud'], 'One of emerg, alert'],
  [['--filter', 'a ='], 'invalid'],
  [['--channel', 'a/b'], 'Letters, digits'],
  [['--channel', 'a', '--channel', 'a'], 'a channel of this name'],
  [['--blocking-timeout', 'soon'], '0, a time such as 500us'],
  [['--overwrite', '--blocking-timeout', 'inf'], '--overwrite waits for nobody'],
  [['--subbuf-size', '5000'], 'A power of two'],
])('what makes no sense is refused: %j', (words, message) => {
  expect(() => readPlan(said(...words), undefined)).toThrow(message);
});

test('what is wrong with a long filter is told without all of it', () => {
  const filter = Array(6000).fill('a == 1').join(' || ');
  let message = '';
  try {
    readPlan(said('--filter', filter), undefined);
  } catch (error) {
    ({ message } = error as Error);
  }
  expect(message).toMatch(
    /^option '--filter <x>' argument 'a == 1 .*…' is invalid\. the expression has more than/,
  );
  expect(message.length).toBeLessThan(250);
});

test('a limit of memory', () => {
  expect(readPlan([], '64M').maxMemoryBytes).toBe(64 * 1024 ** 2);
  expect(() => readPlan([], 'much')).toThrow("option '--max-memory <size>' argument 'much' is invalid.");
  expect(readPlan(said('--subbuf-size', '4k', '--num-subbuf', '2'), '12k').maxMemoryBytes).toBe(12 * 1024);
  expect(readPlan([], '36k').maxMemoryBytes).toBe(36 * 1024);
  expect(() => readPlan([], '35k')).toThrow("argument '35k' is invalid. At least 36k is needed");
  expect(() => readPlan([], '10k')).toThrow("argument '10k' is invalid. At least 12k is needed");
});

test('globs of functions mean the same wherever the program runs', () => {
  const globs = readEnvironment(undefined, ['src/**,!src/{a,b}.js', '/abs'])['SPOOR_FUNCTIONS'];
  const here = process.cwd();
  expect(JSON.parse(globs!)).toEqual([`${here}/src/**`, `!${here}/src/{a,b}.js`, '/abs']);
  expect(readEnvironment('gc', undefined)).toEqual({ SPOOR_AUTO: 'gc' });
  expect(() => readEnvironment(undefined, [','])).toThrow(/option '--functions <globs>'.*names no files/);
  expect(() => readEnvironment(undefined, ['src/[z-a].js'])).toThrow(/is no pattern of files/);
});
