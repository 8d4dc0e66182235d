/** `sink.text.csv`: a table with a row an event (RFC 4180, lines end in LF). */
import { EnumValue, FlagsValue, type FieldValue } from '@spoor/ctf';
import type { Parameters, ParameterTable } from '@spoor/graph';
import { jsonOf, labelText } from '../sink-text-json/json-value.ts';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import type { EventView } from '../source-ctf-fs/event-view.ts';
import { TextRows } from '../text-rows.ts';

export const csvParameters: ParameterTable = {
  fields: {
    kind: 'strings',
    text:
      'Names of members of payload or contexts that get a column each; a.b and a[0] lead inside, $ctx.a is of a ' +
      'context. Without it one column has the payload as JSON.',
  },
};

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function cellOf(value: FieldValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return cell(value);
  if (value instanceof EnumValue || value instanceof FlagsValue) return cell(labelText(value));
  if (typeof value === 'object' && value !== null) return cell(jsonOf(value));
  return String(value);
}

/** A column: a name as a whole, and what it is taken to be where no member has it. */
interface Column {
  readonly name: string;
  readonly inContext: boolean;
  readonly steps: readonly (string | number)[];
}

function columnOf(text: string): Column {
  const inContext = text.startsWith('$ctx.');
  const name = inContext ? text.slice('$ctx.'.length) : text;
  const steps = [...name.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([step, index]) =>
    index === undefined ? step : Number(index),
  );
  return { name, inContext, steps };
}

/** A member of the payload, or of the contexts from the innermost outwards. */
function memberOf(event: EventView, name: string, inContext: boolean): FieldValue | undefined {
  const payload = inContext ? undefined : event.field(name);
  if (payload !== undefined) return payload;
  for (const scope of [event.specificContext(), event.commonContext(), event.packetContext()]) {
    if (Object.hasOwn(scope, name)) return scope[name];
  }
  return undefined;
}

function valueOf(event: EventView, { name, inContext, steps }: Column): FieldValue | undefined {
  const whole = memberOf(event, name, inContext);
  if (whole !== undefined || steps.length < 2) return whole;
  let value = memberOf(event, String(steps[0]), inContext);
  for (const step of steps.slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as unknown as Readonly<Record<string | number, FieldValue>>)[step];
  }
  return value;
}

/** Makes the sink of checked parameters. */
export function csvSink(output: TextOutput, parameters: Parameters): TextRows {
  const listed = parameters.get('fields');
  const fields = Array.isArray(listed) ? listed.filter((name) => typeof name === 'string') : undefined;
  const columns = fields?.map(columnOf);
  const titles = ['timeNs', 'name', 'trace', 'stream', ...(fields ?? ['payload'])];
  const head = `${titles.map(cell).join(',')}\n`;
  return new TextRows('sink.text.csv', output, head, (event, timeNs) => {
    const { stream } = event;
    const time = stream.streamClass.clockClass === undefined ? '' : String(timeNs);
    const rest =
      columns === undefined
        ? cell(jsonOf(event.payload()))
        : columns.map((column) => cellOf(valueOf(event, column))).join(',');
    return `${time},${cell(event.name)},${cell(stream.trace.name)},${stream.index},${rest}\n`;
  });
}
