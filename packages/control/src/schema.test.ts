import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MethodName, Methods } from './protocol.ts';
import { RequestError, checkTrigger, readRequest } from './schema.ts';

const rule = {
  kind: 'user-tracepoint',
  name: 'shop:*',
  exclude: ['shop:debug*'],
  logLevel: { kind: 'at-least', level: 6 },
  filter: 'size > 4',
} as const;

/** One good request of each method; that they are is checked by the compiler too. */
const good: { readonly [Name in MethodName]: Methods[Name]['params'] } = {
  hello: { version: 1, client: 'test' },
  'create-session': { name: 'a b', mode: 'local', output: { kind: 'local', path: '/tmp/x' } },
  'destroy-session': { session: 's' },
  'start-session': { session: 's' },
  'stop-session': { session: 's', wait: false },
  'list-sessions': {},
  'get-session': { session: 's' },
  'get-usage': { session: 's' },
  'enable-channel': {
    session: 's',
    domain: 'user',
    channel: 'c',
    attributes: { lossMode: 'overwrite', blockingTimeoutUs: -1 },
  },
  'disable-channel': { session: 's', domain: 'user', channel: 'c' },
  'enable-event': { session: 's', domain: 'user', rule },
  'disable-event': { session: 's', domain: 'kernel', name: 'sched_switch', kind: 'kernel-tracepoint' },
  'add-context': { session: 's', domain: 'user', contexts: ['vpid', '$app.shop:user'] },
  track: { session: 's', domain: 'user', attribute: 'vuid', values: [0, 'ann'] },
  untrack: { session: 's', domain: 'user', attribute: 'cgroup', values: 'all' },
  'rotate-session': { session: 's', wait: true },
  'set-rotation': { session: 's', periodUs: null, sizeBytes: 1024 },
  'record-snapshot': { session: 's', name: 'n', maxSizeBytes: 1 },
  'add-snapshot-output': {
    session: 's',
    output: { kind: 'network', protocol: 'net', host: 'h', controlPort: 5342, dataPort: 5343 },
  },
  'remove-snapshot-output': { session: 's', output: 1 },
  'clear-session': { session: 's' },
  'regenerate-metadata': { session: 's' },
  'regenerate-statedump': { session: 's' },
  'restore-session': {
    session: {
      name: 's',
      mode: 'snapshot',
      isActive: false,
      automaticEvents: true,
      channels: [
        {
          name: 'c',
          domain: 'user',
          isEnabled: true,
          lossMode: 'overwrite',
          subBufferSizeBytes: 4096,
          subBufferCount: 4,
          blockingTimeoutUs: 0,
          switchTimerUs: 0,
          readTimerUs: 0,
          monitorTimerUs: 0,
          traceFileSizeBytes: 0,
          traceFileCount: 0,
          contexts: ['vtid'],
          rules: [{ rule, isEnabled: true }],
        },
      ],
      snapshotOutputs: [{ id: 1, name: 'snapshot-1', output: { kind: 'local', path: '/x' } }],
      rotation: { periodUs: 5 },
      trackers: { user: [{ attribute: 'vpid', values: [1] }], kernel: [] },
    },
  },
  'add-trigger': {
    condition: {
      kind: 'span-duration',
      begin: rule,
      end: rule,
      beginKey: ['id'],
      endKey: ['request'],
      scope: 'process',
      thresholdMs: 250,
      at: 'end',
      captures: ['url'],
    },
    actions: [
      { kind: 'snapshot-session', session: 's', ratePolicy: { kind: 'at-most', count: 1, periodMs: 60_000 } },
      { kind: 'exec', command: ['true'], timeoutMs: 1000 },
    ],
  },
  'list-tracepoints': {},
  'list-kernel-events': { syscalls: true, fields: false },
  'list-triggers': {},
  'remove-trigger': { name: 't' },
  'add-map': {
    session: 's',
    maxKeys: 4096,
    valueType: 'signed-int-64',
    ownership: 'user',
    deadProcessPolicy: 'sum-into-shared',
    updatePolicy: 'per-event',
  },
  'list-maps': {},
  'get-map-values': { session: 's' },
  subscribe: { topics: ['trigger'] },
  unsubscribe: { topics: [] },
};

function refusal(line: string): RequestError {
  try {
    readRequest(line);
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error(`taken: ${line}`);
}

describe('a request', () => {
  test.each(Object.entries(good))('%s is taken', (method, params) => {
    const request = { id: 7, method, params };
    expect(readRequest(JSON.stringify(request))).toEqual(request);
  });

  test.each(Object.entries(good))('%s with a stranger in it is refused', (method, params) => {
    const error = refusal(JSON.stringify({ id: 7, method, params: { ...params, stranger: 1 } }));
    expect(error).toMatchObject({ code: 'control/malformed-request', requestId: 7 });
  });

  test('says where it is wrong', () => {
    const params = { session: 's', domain: 'user', attribute: 'vpid', values: [1, -2] };
    expect(refusal(JSON.stringify({ id: 1, method: 'track', params })).message).toMatch(/values/);
    expect(refusal(JSON.stringify({ id: 1, method: 'start-session', params: {} })).message).toMatch(
      /session/,
    );
    const stranger = { session: 's', stranger: 1 };
    expect(refusal(JSON.stringify({ id: 1, method: 'start-session', params: stranger })).message).toBe(
      'start-session cannot take this: stranger is not known',
    );
  });

  test('of a method that there is none of says which was meant', () => {
    const error = refusal(JSON.stringify({ id: 3, method: 'start-sesion', params: {} }));
    expect(error.hint).toBe('did you mean start-session');
  });

  test('of relative paths, unknown domains and negative sizes is refused', () => {
    const requests = [
      { method: 'create-session', params: { mode: 'local', output: { kind: 'local', path: 'relative' } } },
      { method: 'enable-channel', params: { session: 's', domain: 'jul', channel: 'c' } },
      {
        method: 'enable-channel',
        params: { session: 's', domain: 'user', channel: 'c', attributes: { subBufferCount: 0 } },
      },
      { method: 'constructor', params: {} },
      { method: 'hello', params: null },
    ];
    for (const request of requests) expect(refusal(JSON.stringify({ id: 1, ...request })).requestId).toBe(1);
  });

  test('of any text is taken or refused, never anything else', () => {
    const method = fc.constantFrom(...Object.keys(good), 'toString', '');
    const request = fc.record({
      id: fc.anything(),
      method: fc.oneof(method, fc.json()),
      params: fc.jsonValue(),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          request.map((value) => JSON.stringify(value) ?? ''),
        ),
        (line) => {
          try {
            readRequest(line);
          } catch (error) {
            expect(error).toBeInstanceOf(RequestError);
          }
        },
      ),
    );
  });
});

test('a trigger of a file is checked like one of a request', () => {
  const trigger = { name: 't', ownerUid: 0, ...good['add-trigger'] };
  expect(checkTrigger(trigger)).toBe(trigger);
  expect(() => checkTrigger({ ...trigger, actions: [] })).toThrow(/actions/);
});
