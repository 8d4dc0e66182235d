import { expect, test, vi } from 'vitest';
import { SpoorError, describeError } from './error.ts';

test('a description names place, message, cause and hint', () => {
  const inner = new SpoorError('ctf/metadata-syntax', 'unexpected `}`', { where: 'metadata:3:7' });
  const outer = new SpoorError('trace/open', 'cannot open the trace', { cause: inner, hint: 'is it whole?' });
  expect(describeError(outer)).toBe('cannot open the trace: metadata:3:7: unexpected `}` (is it whole?)');
});

test('an error of another copy of the package is one too', async () => {
  vi.resetModules();
  const { SpoorError: Other } = await import('./error.ts');
  expect(Other).not.toBe(SpoorError);
  expect(new Other('trace/open', 'cannot open the trace') instanceof SpoorError).toBe(true);
  class Derived extends SpoorError {}
  expect(new Derived('trace/open', 'cannot open the trace') instanceof SpoorError).toBe(true);
  expect(new Derived('trace/open', 'cannot open the trace') instanceof Derived).toBe(true);
  expect(new SpoorError('trace/open', 'cannot open the trace') instanceof Derived).toBe(false);
  expect(new Error('cannot open the trace') instanceof SpoorError).toBe(false);
});
