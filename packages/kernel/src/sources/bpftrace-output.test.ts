import { assert, json, oneof, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { parseBpftraceLine } from './bpftrace-output.ts';

/** What bpftrace 0.17 prints with `-f json`, of a program with each kind of output. */
const printed = String.raw`{"type": "attached_probes", "data": {"probes": 1}}
{"type": "printf", "data": "plain \"quoted\" text\n"}
{"type": "printf", "data": "no newline"}
{"type": "time", "data": "2026\n"}
{"type": "map", "data": {"@count": {"1,a": 3}}}

{"type": "stats", "data": {"@avg": 4}}
{"type": "hist", "data": {"@h": [{"min": 4, "max": 7, "count": 1}]}}
{"type": "lost_events", "data": {"events": 17}}
Attaching 1 probe...`;

test('each kind of line', () => {
  expect(printed.split('\n').map(parseBpftraceLine)).toEqual([
    { kind: 'attached', probeCount: 1 },
    { kind: 'text', text: 'plain "quoted" text' },
    { kind: 'text', text: 'no newline' },
    { kind: 'text', text: '2026' },
    { kind: 'map', map: '@count', value: '{"1,a":3}' },
    { kind: 'nothing' },
    { kind: 'map', map: '@avg', value: '4' },
    { kind: 'map', map: '@h', value: '[{"min":4,"max":7,"count":1}]' },
    { kind: 'lost', count: 17 },
    { kind: 'text', text: 'Attaching 1 probe...' },
  ]);
});

test('property: texts come back, and no line is too much', () => {
  assert(
    property(string(), (text) => {
      const line = JSON.stringify({ type: 'printf', data: `${text}\n` });
      expect(parseBpftraceLine(line)).toEqual({ kind: 'text', text });
    }),
  );
  assert(
    property(oneof(json(), string()), (line) => {
      parseBpftraceLine(line);
    }),
  );
});
