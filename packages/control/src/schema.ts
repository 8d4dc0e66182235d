/** What may stand in a request, as JSON Schema. Apart from the rest, for only daemons check what clients say. */
import { SpoorError, closestName } from '@spoor/base';
import { Type, type TObject, type TSchema } from 'typebox';
import { Errors, Check } from 'typebox/value';
import type { MethodName, Request } from './protocol.ts';
import type { Trigger } from './trigger.ts';

const closed = { additionalProperties: false } as const;
const object = <Fields extends Record<string, TSchema>>(fields: Fields): TObject<Fields> =>
  Type.Object(fields, closed);
const text = Type.String({ maxLength: 65_536 });
const name = Type.String({ minLength: 1, maxLength: 255 });
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const positive = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const list = (items: TSchema, maxItems = 10_000): TSchema => Type.Array(items, { maxItems });
const words = (...all: readonly string[]): TSchema => Type.Union(all.map((word) => Type.Literal(word)));
const optional = (schema: TSchema): TSchema => Type.Optional(schema);

const domain = words('user', 'kernel');
const logLevel = object({
  kind: words('at-least', 'only'),
  level: Type.Integer({ minimum: 0, maximum: 14 }),
});
const rule = Type.Union([
  object({
    kind: Type.Literal('user-tracepoint'),
    name: text,
    exclude: optional(list(text)),
    logLevel: optional(logLevel),
    filter: optional(text),
  }),
  object({ kind: Type.Literal('kernel-tracepoint'), name: text, filter: optional(text) }),
  object({
    kind: Type.Literal('kernel-syscall'),
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
  blockingTimeoutUs: Type.Integer({ minimum: -1, maximum: Number.MAX_SAFE_INTEGER }),
  switchTimerUs: count,
  readTimerUs: count,
  monitorTimerUs: count,
  traceFileSizeBytes: count,
  traceFileCount: count,
};
/** Those that a channel may lack. */
const sources = {
  kernelLog: optional(Type.Boolean()),
  counters: optional(list(name, 100)),
  countersIntervalMs: optional(Type.Integer({ minimum: 1, maximum: 3_600_000 })),
  syscallStrings: optional(Type.Boolean()),
};
const someAttributes = object({
  ...Object.fromEntries(Object.entries(attributes).map(([key, schema]) => [key, optional(schema)])),
  ...sources,
});
const output = Type.Union([
  object({
    kind: Type.Literal('local'),
    // No system has a path with NUL in it.
    path: Type.String({ minLength: 1, maxLength: 4096, pattern: '^/[^\\0]*$' }),
  }),
  object({
    kind: Type.Literal('network'),
    protocol: words('net', 'net6', 'tcp', 'tcp6'),
    host: name,
    controlPort: port,
    dataPort: port,
    tracePath: optional(text),
  }),
]);
const mode = words('local', 'network', 'live', 'snapshot', 'no-output');
const attribute = words('pid', 'vpid', 'uid', 'vuid', 'gid', 'vgid', 'cgroup', 'pid_ns');
const trackedValues = list(Type.Union([count, name]));
const trackers = list(object({ attribute, values: trackedValues }));
const session = { session: name };
const waiting = object({ ...session, wait: optional(Type.Boolean()) });
const channelRequest = { ...session, domain, channel: name };

const millis = Type.Number({ minimum: 0, maximum: 1e12 });
const condition = Type.Union([
  object({ kind: Type.Literal('event-rule-matches'), rule, captures: list(text, 100) }),
  object({
    kind: Type.Literal('channel-buffer-usage'),
    comparison: words('at-least', 'at-most'),
    ...channelRequest,
    threshold: Type.Union([
      object({ sizeBytes: count }),
      object({ ratio: Type.Number({ minimum: 0, maximum: 1 }) }),
    ]),
  }),
  object({ kind: Type.Literal('session-consumed-size'), ...session, sizeBytes: count }),
  object({ kind: words('session-rotation-starts', 'session-rotation-finishes'), ...session }),
  object({
    kind: Type.Literal('event-rate'),
    rule,
    count: positive,
    periodMs: Type.Number({ exclusiveMinimum: 0, maximum: 1e12 }),
  }),
  object({
    kind: Type.Literal('span-duration'),
    begin: rule,
    end: rule,
    beginKey: list(text, 16),
    endKey: list(text, 16),
    scope: words('thread', 'process', 'all'),
    thresholdMs: millis,
    at: words('end', 'threshold'),
    captures: list(text, 100),
  }),
  object({ kind: Type.Literal('event-silence'), rule, durationMs: millis }),
]);
const ratePolicy = {
  ratePolicy: optional(
    Type.Union([
      object({ kind: words('every', 'once-after'), count: positive }),
      object({ kind: Type.Literal('at-most'), count: positive, periodMs: millis }),
    ]),
  ),
};
const action = Type.Union([
  object({ kind: Type.Literal('notify'), ...ratePolicy }),
  object({ kind: words('start-session', 'stop-session', 'rotate-session'), ...session, ...ratePolicy }),
  object({
    kind: Type.Literal('snapshot-session'),
    ...session,
    output: optional(output),
    name: optional(name),
    maxSizeBytes: optional(positive),
    ...ratePolicy,
  }),
  object({
    kind: Type.Literal('exec'),
    command: Type.Array(text, { minItems: 1, maxItems: 1000 }),
    timeoutMs: millis,
    ...ratePolicy,
  }),
  object({ kind: Type.Literal('webhook'), url: text, timeoutMs: millis, ...ratePolicy }),
  object({
    kind: Type.Literal('increment-map-value'),
    ...session,
    map: name,
    key: text,
    ...ratePolicy,
  }),
]);
const actions = Type.Array(action, { minItems: 1, maxItems: 100 });
const topics = object({ topics: list(words('trigger', 'rotation', 'session'), 10) });

const recordingRule = object({ rule, isEnabled: Type.Boolean() });
const channel = object({
  ...attributes,
  ...sources,
  name,
  domain,
  isEnabled: Type.Boolean(),
  contexts: list(text),
  rules: list(recordingRule),
});
const snapshotOutput = object({ id: positive, name, output, maxSizeBytes: optional(positive) });
const mapAttributes = {
  maxKeys: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  valueType: words('signed-int-32', 'signed-int-64'),
  ownership: words('user', 'process'),
  deadProcessPolicy: words('drop', 'sum-into-shared'),
  updatePolicy: words('per-event', 'per-rule-match'),
};
const savedSession = object({
  name,
  mode,
  isActive: Type.Boolean(),
  output: optional(output),
  shmPath: optional(text),
  liveTimerUs: optional(positive),
  automaticEvents: Type.Boolean(),
  channels: list(channel),
  snapshotOutputs: list(snapshotOutput),
  rotation: object({ periodUs: optional(positive), sizeBytes: optional(positive) }),
  trackers: object({ user: trackers, kernel: trackers }),
  maps: optional(list(object({ name, ...mapAttributes }))),
  triggers: optional(list(object({ name, condition, actions }))),
});

const methods: Readonly<Record<MethodName, TSchema>> = {
  hello: object({ version: count, client: text }),
  'create-session': object({
    name: optional(text),
    mode,
    output: optional(output),
    hasNoSnapshotOutput: optional(Type.Boolean()),
    shmPath: optional(text),
    liveTimerUs: optional(positive),
    automaticEvents: optional(Type.Boolean()),
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
    contexts: Type.Array(text, { minItems: 1, maxItems: 1000 }),
  }),
  track: object({ ...session, domain, attribute, values: Type.Union([trackedValues, Type.Literal('all')]) }),
  untrack: object({
    ...session,
    domain,
    attribute,
    values: Type.Union([trackedValues, Type.Literal('all')]),
  }),
  'rotate-session': waiting,
  'set-rotation': object({
    ...session,
    periodUs: optional(Type.Union([positive, Type.Null()])),
    sizeBytes: optional(Type.Union([positive, Type.Null()])),
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
  'remove-snapshot-output': object({ ...session, output: Type.Union([count, name]) }),
  'clear-session': object(session),
  'regenerate-metadata': object(session),
  'regenerate-statedump': object(session),
  'restore-session': object({ session: savedSession, force: optional(Type.Boolean()) }),
  'add-trigger': object({ name: optional(name), ownerUid: optional(count), condition, actions }),
  'list-tracepoints': object({}),
  'list-kernel-events': object({
    syscalls: optional(Type.Boolean()),
    fields: optional(Type.Boolean()),
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

const envelope = object({ id: count, method: name, params: Type.Unknown() });
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
function wrongPlace(schema: TSchema, value: unknown): string {
  const errors = Errors(schema, value);
  let deepest: { readonly place: string; readonly message: string } = { place: '', message: 'is wrong' };
  for (const { instancePath, message } of errors) {
    if (instancePath.length >= deepest.place.length) deepest = { place: instancePath, message };
  }
  return `${deepest.place === '' ? 'it' : deepest.place.slice(1).replaceAll('/', '.')} ${deepest.message}`;
}
