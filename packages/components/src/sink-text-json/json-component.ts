/** `sink.text.json`: one JSON object a line. docs/manual/convert.md tells its members. */
import type { FieldValue } from '@spoor/ctf';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import type { EventView } from '../source-ctf-fs/event-view.ts';
import { TextRows } from '../text-rows.ts';
import { jsonOf } from './json-value.ts';

function scope(title: string, members: { readonly [member: string]: FieldValue }): string {
  for (const _ in members) return `,"${title}":${jsonOf(members)}`;
  return '';
}

function line(event: EventView, timeNs: bigint): string {
  const { stream } = event;
  const timed = stream.streamClass.clockClass !== undefined;
  return (
    `{${timed ? `"timeNs":"${timeNs}",` : ''}"name":${JSON.stringify(event.name)}` +
    `,"trace":${JSON.stringify(stream.trace.name)},"stream":${stream.index}` +
    scope('packetContext', event.packetContext()) +
    scope('commonContext', event.commonContext()) +
    scope('specificContext', event.specificContext()) +
    `,"payload":${jsonOf(event.payload())}}\n`
  );
}

/** Makes the sink. */
export function jsonSink(output: TextOutput): TextRows {
  return new TextRows('sink.text.json', output, '', line);
}
