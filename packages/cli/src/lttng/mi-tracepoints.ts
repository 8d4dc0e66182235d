/** What can be recorded, in LTTng's machine interface: tracepoints of programs, events and system calls of the kernel. */
import type { KernelTracepoint, ProgramTracepoints, Tracepoint } from '@spoor/control';
import { LOG_LEVELS } from '@spoor/tracer/names';
import { domainElement } from './mi-session.ts';
import { element, type XmlElement } from './xml.ts';

/** A field as LTTng tells it: of what kind it is, and nothing more. */
interface Field {
  readonly name: string;
  readonly type: 'INTEGER' | 'ENUM' | 'FLOAT' | 'STRING' | 'OTHER';
}

const levelNames = new Map(
  Object.entries(LOG_LEVELS).map(([name, level]) => [level as number, `TRACE_${name.toUpperCase()}`]),
);

/** The tracepoints of programs, as `lttng list --userspace` tells them. One that does not answer has no list of events. */
export function programsElement(programs: readonly ProgramTracepoints[], hasFields: boolean): XmlElement {
  const pids = programs.map(({ pid, procname, answers, tracepoints }) =>
    element('pid', [
      element('id', pid),
      element('name', procname),
      answers
        ? element(
            'events',
            tracepoints.map((own) => tracepointElement(own, hasFields)),
          )
        : undefined,
    ]),
  );
  return element('domains', [domainElement('user', [element('pids', pids)])]);
}

function tracepointElement({ name, logLevel, fields }: Tracepoint, hasFields: boolean): XmlElement {
  return element('event', [
    element('name', name),
    element('type', 'TRACEPOINT'),
    element('enabled', true),
    element('loglevel', levelNames.get(logLevel) ?? ''),
    element('loglevel_type', 'ALL'),
    element('exclusions'),
    hasFields
      ? fieldsElement(fields.map((field) => ({ name: field.name, type: userType(field.type) })))
      : undefined,
  ]);
}

function userType(type: string): Field['type'] {
  const known = type.toUpperCase();
  return known === 'INTEGER' || known === 'ENUM' || known === 'FLOAT' || known === 'STRING' ? known : 'OTHER';
}

/** Events or system calls of the kernel, as `lttng list --kernel` tells them; with their fields where they are known. */
export function kernelEventsElement(events: readonly KernelTracepoint[]): XmlElement {
  const list = events.map(({ name, type, fields }) =>
    element('event', [
      element('name', name),
      element('type', type.toUpperCase()),
      element('enabled', true),
      type === 'tracepoint' ? element('exclusions') : undefined,
      fields === undefined
        ? undefined
        : fieldsElement(
            fields.map((field) => ({
              name: field.name,
              type: field.labels?.kind === 'symbols' ? 'ENUM' : kernelType(field.type),
            })),
          ),
    ]),
  );
  return element('domains', [domainElement('kernel', [element('events', list)])]);
}

/** By the type in C: what the kernel records of `char` arrays is text, a pointer is its number. */
function kernelType(type: string): Field['type'] {
  if (/\bchar\s*(?:\[|\*)/.test(type)) return 'STRING';
  if (/\[/.test(type)) return 'OTHER';
  return /\b(?:struct|union)\b(?!.*\*)/.test(type) ? 'OTHER' : 'INTEGER';
}

function fieldsElement(fields: readonly Field[]): XmlElement {
  return element(
    'event_fields',
    fields.map(({ name, type }) =>
      element('event_field', [element('name', name), element('type', type), element('nowrite', 0)]),
    ),
  );
}
