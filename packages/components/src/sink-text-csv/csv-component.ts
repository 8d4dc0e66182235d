/** `sink.text.csv`: a table with a row an event (RFC 4180, lines end in LF). */
import type { FieldValue } from '@spoor/ctf';
import type { Parameters, ParameterTable } from '@spoor/graph';
import { jsonOf } from '../sink-text-json/json-value.ts';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import type { EventView } from '../source-ctf-fs/event-view.ts';
import { TextRows } from '../text-rows.ts';

export const csvParameters: ParameterTable = {
  fields: {
    kind: 'strings',
    text: 'Names of members of payload or contexts that get a column each. Without it one column has the payload as JSON.',
  },
};

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function cellOf(value: FieldValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return cell(value);
  if (typeof value === 'object' && value !== null) return cell(jsonOf(value));
  return String(value);
}

/** A member of the payload, or of the contexts from the innermost outwards. */
function memberOf(event: EventView, name: string): FieldValue | undefined {
  const payload = event.field(name);
  if (payload !== undefined) return payload;
  for (const scope of [event.specificContext(), event.commonContext(), event.packetContext()]) {
    if (Object.hasOwn(scope, name)) return scope[name];
  }
  return undefined;
}

/** Makes the sink of checked parameters. */
export function csvSink(output: TextOutput, parameters: Parameters): TextRows {
  const listed = parameters.get('fields');
  const fields = Array.isArray(listed) ? listed.filter((name) => typeof name === 'string') : undefined;
  const columns = ['timeNs', 'name', 'trace', 'stream', ...(fields ?? ['payload'])];
  const head = `${columns.map(cell).join(',')}\n`;
  return new TextRows('sink.text.csv', output, head, (event, timeNs) => {
    const { stream } = event;
    const time = stream.streamClass.clockClass === undefined ? '' : String(timeNs);
    const rest =
      fields === undefined
        ? cell(jsonOf(event.payload()))
        : fields.map((name) => cellOf(memberOf(event, name))).join(',');
    return `${time},${cell(event.name)},${cell(stream.trace.name)},${stream.index},${rest}\n`;
  });
}
