import { expect, test } from 'vitest';
import { SpoorError, describeError } from './error.ts';

test('a description names place, message, cause and hint', () => {
  const inner = new SpoorError('ctf/metadata-syntax', 'unexpected `}`', { where: 'metadata:3:7' });
  const outer = new SpoorError('trace/open', 'cannot open the trace', { cause: inner, hint: 'is it whole?' });
  expect(describeError(outer)).toBe('cannot open the trace: metadata:3:7: unexpected `}` (is it whole?)');
});
