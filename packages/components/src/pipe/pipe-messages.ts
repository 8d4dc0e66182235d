/** Lines of the protocol between a graph and a component that is a program: docs/design/component-pipe.md. */
import { parseJson, type JsonValue } from '@spoor/ctf';
import { SpoorError } from '@spoor/base';
import { UnsignedValue, type ParameterValue } from '@spoor/graph';
import { streamMessageKinds, type StreamMessageKind } from '../plugin/stream-message.ts';

/** Version of the protocol. */
export const pipeProtocol = 1;

/** A value of JSON; integers that a double cannot hold are BigInts. */
export type PipeValue =
  null | boolean | number | bigint | string | readonly PipeValue[] | { readonly [name: string]: PipeValue };

/** A message of the program. */
export type PipeMessage = { readonly [name: string]: PipeValue };

function plain(value: JsonValue): PipeValue {
  switch (value.kind) {
    case 'object':
      return Object.fromEntries([...value.members].map(([name, member]) => [name, plain(member)]));
    case 'array':
      return value.elements.map(plain);
    case 'string':
      return value.text;
    case 'integer':
      return BigInt(Number(value.value)) === value.value && Number.isSafeInteger(Number(value.value))
        ? Number(value.value)
        : value.value;
    case 'real':
    case 'boolean':
      return value.value;
    case 'null':
      return null;
    default:
      return value satisfies never;
  }
}

/** The time of a message that has it before all that is nested, as most have. */
const leadingTime = /^(\{[^{}]*?"time":\s*)(\d{16,})(?=\s*[,}])/;
/** Perhaps an integer that a double cannot hold; a fraction's digits are none. */
const longInteger = /(?<![\d.])\d{16,}(?![\d.eE])/;

/** JSON.parse is an order quicker, and exact where no integer is long; a long time alone it is given as a text. */
function parseValue(line: string): PipeValue {
  const [head = '', before = '', time = ''] = leadingTime.exec(line) ?? [];
  const rest = head === '' ? line : line.slice(head.length);
  if (longInteger.test(rest)) return plain(parseJson(line));
  return JSON.parse(head === '' ? line : `${before}"${time}"${rest}`) as PipeValue;
}

/** Reads a line. @throws SpoorError `pipe/garbage`. */
export function parseLine(line: string): PipeMessage {
  let value: PipeValue;
  try {
    value = parseValue(line);
  } catch {
    value = null;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && 'type' in value) {
    return value as PipeMessage;
  }
  const shown = line.length <= 80 ? line : `${line.slice(0, 80)}…`;
  throw new SpoorError('pipe/garbage', `it wrote a line that is no message: ${JSON.stringify(shown)}`, {
    hint: 'messages are JSON objects with a `type`, one a line; other text belongs on standard error',
  });
}

/** A parameter as JSON. */
export function jsonOfParameter(value: ParameterValue): string {
  if (value instanceof UnsignedValue) return String(value.value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) {
    return `[${value.map((item: ParameterValue) => jsonOfParameter(item)).join(',')}]`;
  }
  if (value instanceof Map) {
    const members = [...(value as ReadonlyMap<string, ParameterValue>)];
    return `{${members.map(([name, item]) => `${JSON.stringify(name)}:${jsonOfParameter(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** A member that must be an integer. @throws SpoorError `pipe/message`. */
export function integerOf(message: PipeMessage, name: string): bigint {
  const value = message[name];
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  throw wrongMember(message, name, 'an integer');
}

/** A member that must be an array of integers that a double can hold. @throws SpoorError `pipe/message`. */
export function integersOf(message: PipeMessage, name: string): readonly number[] {
  const value = message[name];
  if (Array.isArray(value) && value.every((item) => Number.isSafeInteger(item)))
    return value as readonly number[];
  throw wrongMember(message, name, 'an array of integers');
}

/** Kinds of messages beside events that a program wants. */
export type WantedKinds = ReadonlySet<StreamMessageKind>;

/** What a `ready` message says that the program wants. @throws SpoorError `pipe/message` for an unknown kind. */
export function wantedKinds(ready: PipeMessage): WantedKinds {
  const value = ready['messages'] ?? [];
  if (value === true) return new Set(streamMessageKinds);
  if (value === false) return new Set();
  if (!Array.isArray(value)) throw wrongMember(ready, 'messages', 'true or an array of kinds');
  return new Set(
    value.map((item: PipeValue) => {
      const kind = streamMessageKinds.find((known) => known === item);
      if (kind !== undefined) return kind;
      throw new SpoorError(
        'pipe/message',
        `there are no messages of the kind ${JSON.stringify(item as string)}`,
        {
          hint: `there are ${streamMessageKinds.join(', ')}`,
        },
      );
    }),
  );
}

/** A member that must be a text. @throws SpoorError `pipe/message`. */
export function textOf(message: PipeMessage, name: string): string {
  const value = message[name];
  if (typeof value === 'string') return value;
  throw wrongMember(message, name, 'a text');
}

/** A member that must be an object, or is absent. @throws SpoorError `pipe/message`. */
export function objectOf(message: PipeMessage, name: string): { readonly [name: string]: PipeValue } {
  const value = message[name] ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as PipeMessage;
  throw wrongMember(message, name, 'an object');
}

/** A member that must be an array of objects, or is absent. @throws SpoorError `pipe/message`. */
export function objectsOf(message: PipeMessage, name: string): readonly PipeMessage[] {
  const value = message[name] ?? [];
  const isObjects =
    Array.isArray(value) &&
    value.every((item: PipeValue) => typeof item === 'object' && item !== null && !Array.isArray(item));
  if (isObjects) return value as readonly PipeMessage[];
  throw wrongMember(message, name, 'an array of objects');
}

function wrongMember(message: PipeMessage, name: string, wanted: string): SpoorError {
  const type = typeof message['type'] === 'string' ? message['type'] : '?';
  return new SpoorError('pipe/message', `a message \`${type}\` has no \`${name}\` that is ${wanted}`);
}
