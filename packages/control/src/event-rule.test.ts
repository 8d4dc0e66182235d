import { expect, test } from 'vitest';
import { domainOf, ruleKey, type EventRule } from './event-rule.ts';

test('rules are the same when all that they say is', () => {
  const rule: EventRule = { kind: 'user-tracepoint', name: 'a:*', exclude: ['a:x', 'a:y'] };
  expect(ruleKey({ ...rule, exclude: ['a:y', 'a:x'] })).toBe(ruleKey(rule));
  const others: readonly EventRule[] = [
    { ...rule, exclude: ['a:x'] },
    { ...rule, filter: 'x > 1' },
    { ...rule, logLevel: { kind: 'only', level: 3 } },
    { kind: 'kernel-tracepoint', name: 'a:*' },
    { kind: 'kernel-syscall', name: 'a:*', site: 'entry' },
    { kind: 'kernel-syscall', name: 'a:*', site: 'exit' },
    { kind: 'kernel-kprobe', name: 'a:*', location: 'x' },
  ];
  expect(new Set([rule, ...others].map(ruleKey)).size).toBe(others.length + 1);
  expect(others.map(domainOf)).toEqual(['user', 'user', 'user', 'kernel', 'kernel', 'kernel', 'kernel']);
});
