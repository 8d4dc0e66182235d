/** Events that do not come from the rings: lines of logs, and what programs of bpftrace print. */
import { structureClass, type FieldClass } from '@spoor/ctf';
import { enumeration, integer, string } from '../mapping/field-classes.ts';
import { lengthNameOf } from '../mapping/map-field.ts';
import type { PlainEvent } from '../transcode/kernel-trace-class.ts';
import { logFacilities, logLevels } from './log-record.ts';

const labelsOf = (entries: Iterable<readonly [string, number]>): Iterable<readonly [string, bigint]> =>
  Array.from(entries, ([label, value]) => [label, BigInt(value)] as const);

const dictionary: FieldClass = {
  kind: 'dynamic-array',
  lengthLocation: { scope: 'event-payload', path: [lengthNameOf('dictionary')] },
  element: structureClass([
    { name: 'key', fieldClass: string },
    { name: 'value', fieldClass: string },
  ]),
  alignmentBits: 8,
};

/** A record of /dev/kmsg. */
export const logRecordEvent: PlainEvent = {
  name: 'kmsg',
  members: [
    {
      name: 'level',
      fieldClass: enumeration(1, false, labelsOf(logLevels.map((name, level) => [name, level]))),
    },
    { name: 'facility', fieldClass: enumeration(1, false, labelsOf(Object.entries(logFacilities))) },
    { name: 'sequence', fieldClass: integer(8, false) },
    { name: 'caller', fieldClass: string },
    { name: 'text', fieldClass: string },
    { name: lengthNameOf('dictionary'), fieldClass: integer(2, false) },
    { name: 'dictionary', fieldClass: dictionary },
  ],
};

/** What a program of bpftrace prints. */
export const bpftraceEvents: readonly PlainEvent[] = [
  {
    name: 'bpftrace_line',
    members: [
      { name: 'program', fieldClass: string },
      { name: 'text', fieldClass: string },
    ],
  },
  {
    name: 'bpftrace_map',
    members: [
      { name: 'program', fieldClass: string },
      { name: 'map', fieldClass: string },
      { name: 'value', fieldClass: string },
    ],
  },
];
