/** What may stand in a request, as JSON Schema. Apart from the rest, for only daemons check what clients say. */
import { SpoorError, closestName } from '@spoor/base';
import { Check, Errors } from 'typebox/schema';
import {
  type JsonSchema,
  anything,
  array,
  boolean,
  integer,
  literal,
  nothing,
  number,
  object,
  optional,
  string,
  union,
} from './json-schema.ts';
import type { MethodName, Request } from './protocol.ts';
import type { Trigger } from './trigger.ts';

const text = string({ maxLength: 65_536 });
const name = string({ minLength: 1, maxLength: 255 });
const count = integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const positive = integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const port = integer({ minimum: 1, maximum: 65_535 });
const list = (items: JsonSchema, maxItems = 10_000): JsonSchema => array(items, { maxItems });
const words = (...all: readonly string[]): JsonSchema => union(all.map((word) => literal(word)));

const domain = words('user', 'kernel');
const logLevel = object({
  kind: words('at-least', 'only'),
  level: integer({ minimum: 0, maximum: 14 }),
});
const rule = union([
  object({
    kind: literal('user-tracepoint'),
    name: text,
    exclude: optional(list(text)),
    logLevel: optional(logLevel),
    filter: optional(text),
  }),
  object({ kind: literal('kernel-tracepoint'), name: text, filter: optional(text) }),
  object({
    kind: literal('kernel-syscall'),
    name: text,
    site: words('entry', 'exit', 'entry+exit'),
    filter: optional(text),
  }),
  object({
    kind: words('kernel-kprobe', 'kernel-function', 'kernel-uprobe'),
    name: text,
    location: text,
    filter: optional(text),
  }),
]);
const attributes = {
  lossMode: words('discard', 'overwrite'),
  subBufferSizeBytes: positive,
  subBufferCount: positive,
  blockingTimeoutUs: integer({ minimum: -1, maximum: Number.MAX_SAFE_INTEGER }),
  switchTimerUs: count,
  readTimerUs: count,
  monitorTimerUs: count,
  traceFileSizeBytes: count,
  traceFileCount: count,
};
/** Those that a channel may lack. */
const sources = {
  kernelLog: optional(boolean),
  counters: optional(list(name, 100)),
  countersIntervalMs: optional(integer({ minimum: 1, maximum: 3_600_000 })),
  syscallStrings: optional(boolean),
  rawPages: optional(boolean),
};
const someAttributes = object({
  ...Object.fromEntries(Object.entries(attributes).map(([key, schema]) => [key, optional(schema)])),
  ...sources,
});
const output = union([
  object({
    kind: literal('local'),
    // No system has a path with NUL in it.
    path: string({ minLength: 1, maxLength: 4096, pattern: '^/[^\\0]*$' }),
  }),
  object({
    kind: literal('network'),
    protocol: words('net', 'net6', 'tcp', 'tcp6'),
    host: name,
    controlPort: port,
    dataPort: port,
    tracePath: optional(text),
  }),
]);
const mode = words('local', 'network', 'live', 'snapshot', 'no-output');
const attribute = words('pid', 'vpid', 'uid', 'vuid', 'gid', 'vgid', 'cgroup', 'pid_ns');
const trackedValues = list(union([count, name]));
const trackers = list(object({ attribute, values: trackedValues }));
const session = { session: name };
const waiting = object({ ...session, wait: optional(boolean) });
const channelRequest = { ...session, domain, channel: name };

const millis = number({ minimum: 0, maximum: 1e12 });
const condition = union([
  object({ kind: literal('event-rule-matches'), rule, captures: list(text, 100) }),
  object({
    kind: literal('channel-buffer-usage'),
    comparison: words('at-least', 'at-most'),
    ...channelRequest,
    threshold: union([object({ sizeBytes: count }), object({ ratio: number({ minimum: 0, maximum: 1 }) })]),
  }),
  object({ kind: literal('session-consumed-size'), ...session, sizeBytes: count }),
  object({ kind: words('session-rotation-starts', 'session-rotation-finishes'), ...session }),
  object({
    kind: literal('event-rate'),
    rule,
    count: positive,
    periodMs: number({ exclusiveMinimum: 0, maximum: 1e12 }),
  }),
  object({
    kind: literal('span-duration'),
    begin: rule,
    end: rule,
    beginKey: list(text, 16),
    endKey: list(text, 16),
    scope: words('thread', 'process', 'all'),
    thresholdMs: millis,
    at: words('end', 'threshold'),
    captures: list(text, 100),
  }),
  object({ kind: literal('event-silence'), rule, durationMs: millis }),
]);
const ratePolicy = {
  ratePolicy: optional(
    union([
      object({ kind: words('every', 'once-after'), count: positive }),
      object({ kind: literal('at-most'), count: positive, periodMs: millis }),
    ]),
  ),
};
const action = union([
  object({ kind: literal('notify'), ...ratePolicy }),
  object({ kind: words('start-session', 'stop-session', 'rotate-session'), ...session, ...ratePolicy }),
  object({
    kind: literal('snapshot-session'),
    ...session,
    output: optional(output),
    name: optional(name),
    maxSizeBytes: optional(positive),
    ...ratePolicy,
  }),
  object({
    kind: literal('exec'),
    command: array(text, { minItems: 1, maxItems: 1000 }),
    timeoutMs: millis,
    ...ratePolicy,
  }),
  object({ kind: literal('webhook'), url: text, timeoutMs: millis, ...ratePolicy }),
  object({
    kind: literal('increment-map-value'),
    ...session,
    map: name,
    key: text,
    ...ratePolicy,
  }),
]);
const actions = array(action, { minItems: 1, maxItems: 100 });
const topics = object({ topics: list(words('trigger', 'rotation', 'session'), 10) });

const recordingRule = object({ rule, isEnabled: boolean });
const channel = object({
  ...attributes,
  ...sources,
  name,
  domain,
  isEnabled: boolean,
  contexts: list(text),
  rules: list(recordingRule),
});
const snapshotOutput = object({ id: positive, name, output, maxSizeBytes: optional(positive) });
const mapAttributes = {
  maxKeys: integer({ minimum: 1, maximum: 1_000_000 }),
  valueType: words('signed-int-32', 'signed-int-64'),
  ownership: words('user', 'process'),
  deadProcessPolicy: words('drop', 'sum-into-shared'),
  updatePolicy: words('per-event', 'per-rule-match'),
};
const savedSession = object({
  name,
  mode,
  isActive: boolean,
  output: optional(output),
  shmPath: optional(text),
  liveTimerUs: optional(positive),
  automaticEvents: boolean,
  channels: list(channel),
  snapshotOutputs: list(snapshotOutput),
  rotation: object({ periodUs: optional(positive), sizeBytes: optional(positive) }),
  trackers: object({ user: trackers, kernel: trackers }),
  maps: optional(list(object({ name, ...mapAttributes }))),
  triggers: optional(list(object({ name, condition, actions }))),
});

const methods: Readonly<Record<MethodName, JsonSchema>> = {
  hello: object({ version: count, client: text }),
  'create-session': object({
    name: optional(text),
    mode,
    output: optional(output),
    hasNoSnapshotOutput: optional(boolean),
    shmPath: optional(text),
    liveTimerUs: optional(positive),
    automaticEvents: optional(boolean),
  }),
  'destroy-session': waiting,
  'start-session': object(session),
  'stop-session': waiting,
  'list-sessions': object({}),
  'get-session': object(session),
  'get-usage': object(session),
  'enable-channel': object({ ...session, domain, channel: text, attributes: optional(someAttributes) }),
  'disable-channel': object(channelRequest),
  'enable-event': object({ ...session, domain, channel: optional(text), rule }),
  'disable-event': object({
    ...session,
    domain,
    channel: optional(name),
    name: optional(text),
    kind: optional(
      words(
        'user-tracepoint',
        'kernel-tracepoint',
        'kernel-syscall',
        'kernel-kprobe',
        'kernel-function',
        'kernel-uprobe',
      ),
    ),
  }),
  'add-context': object({
    ...session,
    domain,
    channel: optional(name),
    contexts: array(text, { minItems: 1, maxItems: 1000 }),
  }),
  track: object({ ...session, domain, attribute, values: union([trackedValues, literal('all')]) }),
  untrack: object({
    ...session,
    domain,
    attribute,
    values: union([trackedValues, literal('all')]),
  }),
  'rotate-session': waiting,
  'set-rotation': object({
    ...session,
    periodUs: optional(union([positive, nothing])),
    sizeBytes: optional(union([positive, nothing])),
  }),
  'record-snapshot': object({
    ...session,
    output: optional(output),
    name: optional(text),
    maxSizeBytes: optional(positive),
  }),
  'add-snapshot-output': object({
    ...session,
    output,
    name: optional(text),
    maxSizeBytes: optional(positive),
  }),
  'remove-snapshot-output': object({ ...session, output: union([count, name]) }),
  'clear-session': object(session),
  'regenerate-metadata': object(session),
  'regenerate-statedump': object(session),
  'restore-session': object({ session: savedSession, force: optional(boolean) }),
  'add-trigger': object({ name: optional(name), ownerUid: optional(count), condition, actions }),
  'list-tracepoints': object({}),
  'list-kernel-events': object({
    syscalls: optional(boolean),
    fields: optional(boolean),
  }),
  'list-triggers': object({}),
  'remove-trigger': object({ name }),
  'add-map': object({
    name: optional(name),
    ...session,
    ...mapAttributes,
  }),
  'list-maps': object({ session: optional(name) }),
  'get-map-values': object(session),
  subscribe: topics,
  unsubscribe: topics,
};

const envelope = object({ id: count, method: name, params: anything });
const trigger = object({ name, ownerUid: count, condition, actions });

/** A malformed request whose number could be read. */
export class RequestError extends SpoorError {
  readonly requestId: number;

  constructor(requestId: number, message: string, hint?: string) {
    super('control/malformed-request', message, { hint });
    this.requestId = requestId;
  }
}

/**
 * Reads a client's line.
 * @throws RequestError `control/malformed-request`; its `requestId` is 0 when not even that could be read.
 */
export function readRequest(line: string): Request {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RequestError(0, 'a request is no JSON');
  }
  const id = (value as { id?: unknown } | null)?.id;
  const requestId = typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : 0;
  if (!Check(envelope, value)) {
    throw new RequestError(requestId, `a request makes no sense: ${wrongPlace(envelope, value)}`);
  }
  const { method, params } = value as { method: string; params: unknown };
  if (!Object.hasOwn(methods, method)) {
    const near = closestName(method, Object.keys(methods));
    throw new RequestError(
      requestId,
      `there is no method ${method}`,
      near === undefined ? undefined : `did you mean ${near}`,
    );
  }
  const schema = methods[method as MethodName];
  if (!Check(schema, params)) {
    throw new RequestError(requestId, `${method} cannot take this: ${wrongPlace(schema, params)}`);
  }
  return value as Request;
}

function isTrigger(value: unknown): value is Trigger {
  return Check(trigger, value);
}

/**
 * Checks a trigger that comes from a file.
 * @throws SpoorError `control/malformed-trigger`.
 */
export function checkTrigger(value: unknown): Trigger {
  if (isTrigger(value)) return value;
  throw new SpoorError(
    'control/malformed-trigger',
    `the trigger makes no sense: ${wrongPlace(trigger, value)}`,
  );
}

/** Where the deepest thing lies that is wrong, and what is wrong with it. */
function wrongPlace(schema: JsonSchema, value: unknown): string {
  const [, errors] = Errors(schema, value);
  let deepest: { readonly place: string; readonly message: string } = { place: '', message: 'is wrong' };
  for (const { keyword, instancePath, message } of errors) {
    if (instancePath.length < deepest.place.length) continue;
    // Of what no schema is for.
    deepest = { place: instancePath, message: keyword === 'boolean' ? 'is not known' : message };
  }
  return `${deepest.place === '' ? 'it' : deepest.place.slice(1).replaceAll('/', '.')} ${deepest.message}`;
}
