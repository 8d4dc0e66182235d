// Traces converted between versions of CTF in this process, and the text that Spoor prints of a trace.
import type { CtfVersion } from '@spoor/ctf';
import { CtfSinkComponent } from '@spoor/components';
import { OutputPort } from '@spoor/graph';
import { existsSync } from 'node:fs';
import { defaultPrettyOptions, DirectoryPlaces, openTrace, PrettySink } from '@spoor/components/node';

/** The text of a trace, times in UTC. */
export function textOf(path: string): string {
  const set = openTrace(path);
  const flow = set.read();
  const parts: Buffer[] = [];
  const output = {
    write(bytes: Uint8Array, length: number): void {
      parts.push(Buffer.from(bytes.subarray(0, length)));
    },
  };
  const sink = new PrettySink(flow, output, { ...defaultPrettyOptions, clockGmt: true }, () => {});
  while (flow.next()) sink.consume(flow.batch);
  sink.finish();
  return Buffer.concat(parts).toString('latin1');
}

/** Before all times: a range from here on keeps all events, but they come one by one. */
const earliestNs = -(1n << 62n);

/**
 * Writes a trace in a version of CTF below a directory that does not exist.
 * @param oneByOne goes event by event, as after a filter, instead of packet by packet.
 * @returns whether there was a stream to write: else nothing is made.
 */
export function convertTrace(path: string, out: string, ctfVersion: CtfVersion, oneByOne = false): boolean {
  const set = openTrace(path);
  const sink = new CtfSinkComponent({
    options: {
      assumeSingleTrace: false,
      ignoreDiscardedEvents: false,
      ignoreDiscardedPackets: false,
      quiet: true,
      ctfVersion,
    },
    places: new DirectoryPlaces(out),
    messages: () => {},
  });
  sink.input.connect(new OutputPort('out', () => set.read(oneByOne ? { beginNs: earliestNs } : {})));
  while (sink.consume());
  sink.finish();
  return existsSync(out);
}

/** The text with several labels of a value as they are printed of CTF 1.8: babeltrace2 puts braces around those of CTF 2. */
export function withoutLabelBraces(text: string): string {
  return text.replaceAll(/\( \{ ((?:"(?:[^"\\]|\\.)*"(?:, )?)+) \} : container/g, '( $1 : container');
}
