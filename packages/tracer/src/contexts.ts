// Context fields: what an event is recorded with beside its own fields, and what filters may ask for. Named as LTTng
// names them; values that never change in a thread are laid out once, the others are read for each event.
import type { FieldClass, StructureMember } from '@spoor/ctf';
import type { FieldType } from '@spoor/filter';
import {
  currentPthreadId,
  currentThreadId,
  makeCpuReader,
  openThreadCounter,
  threadCounterNames,
  ownPid,
} from '@spoor/sys';
import { executionAsyncId, triggerAsyncId } from 'node:async_hooks';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { askForRequests, currentRequest } from './auto/request-context.ts';
import { noText, textOrNone } from './auto/text.ts';
import type { IntegerPlan, StringPlan } from './declaration.ts';
import { dynamicMembers, integerClass, scalarClass } from './field-classes.ts';
import { activeSpan } from './active-span.ts';

/** One context of one thread. */
export type ContextField = ConstantContext | SampledContext;

interface AnyContext {
  /** As it is asked for, such as `perf:thread:page-faults`. */
  readonly name: string;
  /** What it is in the stream class. */
  readonly members: readonly StructureMember[];
  readonly filterType: FieldType;
  /** The value now; a number, a string, or undefined where there is none. Never throws. */
  readonly value: () => unknown;
}
/** The same bytes in every event of the thread. */
export interface ConstantContext extends AnyContext {
  readonly kind: 'constant';
  readonly bytes: Uint8Array;
}
export interface SampledContext extends AnyContext {
  readonly kind: 'sampled';
  readonly plan: ContextPlan;
}

/** How a sampled context is laid out; `dynamic` is a tag, then what it says. */
export type ContextPlan = IntegerPlan | StringPlan | { readonly kind: 'dynamic' };

/** Reads a context that the program registered. */
export type ApplicationContext = () => unknown;

const perfPrefix = 'perf:thread:';
const appPrefix = '$app.';
const applicationPattern = /^\$app\.[A-Za-z_][\w.-]*:[A-Za-z_][\w.:-]*$/;

/** Names of the contexts that every program has; beside these there are those that programs register: `$app.…`. */
export const contextNames: readonly string[] = [
  'vpid',
  'vtid',
  'procname',
  'pthread_id',
  'cpu_id',
  'hostname',
  'async_id',
  'trigger_async_id',
  'request_id',
  'trace_id',
  'span_id',
  ...threadCounterNames.map((name) => `${perfPrefix}${name}`),
];

/** Whether there can be a context of this name. */
export function isContextName(name: string): boolean {
  return contextNames.includes(name) || applicationPattern.test(name);
}

/** The contexts of one thread, each made when it is first asked for. */
export class ContextCatalogue {
  readonly #made = new Map<string, ContextField>();
  readonly #applications: ReadonlyMap<string, ApplicationContext>;
  readonly #tell: (reason: string) => void;

  /** @param tell takes one line when a context has no values here. */
  constructor(applications: ReadonlyMap<string, ApplicationContext>, tell: (reason: string) => void) {
    this.#applications = applications;
    this.#tell = tell;
  }

  /** The context of this name; undefined when there is none. */
  find(name: string): ContextField | undefined {
    const known = this.#made.get(name);
    if (known !== undefined || !isContextName(name)) return known;
    const made = this.#make(name);
    this.#made.set(name, made);
    return made;
  }

  #make(name: string): ContextField {
    switch (name) {
      case 'vpid':
        return constantInteger(name, signed32, ownPid);
      case 'vtid':
        return constantInteger(name, signed32, currentThreadId());
      case 'procname':
        return constantText(name, basename(process.execPath), procnameBytes);
      case 'hostname':
        return constantText(name, hostname());
      case 'pthread_id':
        return this.#pthreadId();
      case 'cpu_id':
        return sampled(name, unsigned32, makeCpuReader());
      case 'async_id':
        return sampled(name, unsigned64, executionAsyncId);
      case 'trigger_async_id':
        return sampled(name, unsigned64, triggerAsyncId);
      case 'request_id':
        askForRequests();
        return sampled(name, unsigned32, currentRequest);
      case 'trace_id':
        return sampled(name, text, () => spanText('traceId'));
      case 'span_id':
        return sampled(name, text, () => spanText('spanId'));
      default:
        return name.startsWith(perfPrefix) ? this.#counter(name) : this.#application(name);
    }
  }

  #pthreadId(): ContextField {
    let id = 0n;
    try {
      id = currentPthreadId();
    } catch {
      this.#tell('the context pthread_id is 0: it needs koffi');
    }
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, id, true);
    return {
      kind: 'constant',
      name: 'pthread_id',
      members: [{ name: 'pthread_id', fieldClass: integerClass({ ...unsigned64, displayBase: 16 }) }],
      filterType: 'integer',
      value: () => id,
      bytes,
    };
  }

  #counter(name: string): ContextField {
    let read: () => number = () => 0;
    try {
      const counter = openThreadCounter(name.slice(perfPrefix.length));
      read = () => counter.read();
    } catch (error) {
      const why = error instanceof Error ? error.message : 'it cannot be opened';
      this.#tell(`the context ${name} is 0: ${why}`);
    }
    return sampled(name, unsigned64, read);
  }

  /** Whether the program has registered this context of its own, or it is none of the program's own. */
  isRegistered(name: string): boolean {
    return !name.startsWith(appPrefix) || this.#applications.has(name.slice(appPrefix.length));
  }

  #application(name: string): ContextField {
    const key = name.slice(appPrefix.length);
    return {
      kind: 'sampled',
      name,
      members: dynamicMembers(`app_${key.replaceAll(/\W/g, '_')}`),
      filterType: 'varying',
      plan: { kind: 'dynamic' },
      value: () => {
        try {
          return dynamicValue(this.#applications.get(key)?.());
        } catch {
          return undefined;
        }
      },
    };
  }
}

/** An id of the active span of OpenTelemetry; never an empty text, for which babeltrace2 2.0 prints that of another span. */
function spanText(id: 'traceId' | 'spanId'): string {
  try {
    return textOrNone(activeSpan()?.[id]);
  } catch {
    return noText;
  }
}

/** What of a value a context can record: numbers and texts; nothing of objects. */
function dynamicValue(value: unknown): number | string | undefined {
  switch (typeof value) {
    case 'number':
    case 'string':
      return value;
    case 'boolean':
    case 'bigint':
      return Number(value);
    case 'undefined':
    case 'object':
    case 'function':
    case 'symbol':
      return undefined;
    default:
      return undefined;
  }
}

const signed32: IntegerPlan = { kind: 'integer', bits: 32, signed: true, displayBase: 10 };
const unsigned32: IntegerPlan = { ...signed32, signed: false };
const unsigned64: IntegerPlan = { ...unsigned32, bits: 64 };
const text: StringPlan = { kind: 'string' };
/** LTTng's: the kernel's 16 bytes and a NUL. */
const procnameBytes = 17;

function fieldName(name: string): string {
  return name.replaceAll(/[:-]/g, '_');
}

function constantInteger(name: string, plan: IntegerPlan, value: number): ConstantContext {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  const members = [{ name: fieldName(name), fieldClass: integerClass(plan) }];
  return { kind: 'constant', name, members, filterType: 'integer', value: () => value, bytes };
}

/** A text in `length` bytes, or as a string with its NUL. */
function constantText(name: string, value: string, length?: number): ConstantContext {
  const encoded = new TextEncoder().encode(value);
  const bytes = new Uint8Array(length ?? encoded.length + 1);
  bytes.set(encoded.subarray(0, bytes.length - 1));
  const character: FieldClass = { ...integerClass({ ...signed32, bits: 8 }), encoding: 'utf-8' };
  const fieldClass: FieldClass =
    length === undefined
      ? { kind: 'string', encoding: 'utf-8' }
      : { kind: 'static-array', length, element: character, alignmentBits: 8 };
  return {
    kind: 'constant',
    name,
    members: [{ name: fieldName(name), fieldClass }],
    filterType: 'string',
    value: () => value,
    bytes,
  };
}

function sampled(name: string, plan: IntegerPlan | StringPlan, read: () => unknown): SampledContext {
  const value = (): unknown => {
    try {
      return read();
    } catch {
      return plan.kind === 'string' ? '' : 0;
    }
  };
  const members = [{ name: fieldName(name), fieldClass: scalarClass(plan) }];
  return { kind: 'sampled', name, members, filterType: plan.kind, plan, value };
}
