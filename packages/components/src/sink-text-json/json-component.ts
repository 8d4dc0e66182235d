/** `sink.text.json`: one JSON object a line. docs/manual/convert.md tells its members. */
import type { FieldValue, StreamClass } from '@spoor/ctf';
import type { Parameters, ParameterTable } from '@spoor/graph';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import type { EventView } from '../source-ctf-fs/event-view.ts';
import { TextRows } from '../text-rows.ts';
import { defaultJsonForms, jsonOf, type JsonForms } from './json-value.ts';

export const jsonParameters: ParameterTable = {
  integers: {
    kind: 'choice',
    choices: ['text', 'number'],
    text: 'Integers beyond 2^53 as texts of their digits, or as numbers; text without it.',
  },
  enums: {
    kind: 'choice',
    choices: ['object', 'label'],
    text: 'Enumerations with value and labels, or as their label alone; object without it.',
  },
};

/** The forms of checked parameters. */
function formsOf(parameters: Parameters): JsonForms {
  return {
    integers: parameters.get('integers') === 'number' ? 'number' : defaultJsonForms.integers,
    enums: parameters.get('enums') === 'label' ? 'label' : defaultJsonForms.enums,
  };
}

type Members = { readonly [member: string]: FieldValue };

/** What packets say for readers, such as their size, is left out of their context: it tells nothing of events. */
class PacketContexts {
  private readonly namesOf = new Map<StreamClass, readonly string[]>();
  private readonly forms: JsonForms;
  /** The context that was written last, and its text. */
  private last: Members | undefined;
  private text = '';

  constructor(forms: JsonForms) {
    this.forms = forms;
  }

  textOf(event: EventView): string {
    const context = event.packetContext();
    if (context !== this.last) {
      this.last = context;
      const { streamClass } = event.stream;
      let names = this.namesOf.get(streamClass);
      if (names === undefined) {
        names = (streamClass.packetContext?.members ?? [])
          .filter(({ fieldClass }) => fieldClass.kind !== 'integer' || fieldClass.roles.length === 0)
          .map(({ name }) => name);
        this.namesOf.set(streamClass, names);
      }
      const shown = names.flatMap((name): [string, FieldValue][] => {
        const value = context[name];
        return value === undefined ? [] : [[name, value]];
      });
      this.text = scope('packetContext', Object.fromEntries(shown), this.forms);
    }
    return this.text;
  }
}

function scope(title: string, members: Members, forms: JsonForms): string {
  for (const _ in members) return `,"${title}":${jsonOf(members, forms)}`;
  return '';
}

/** Makes the sink of checked parameters. */
export function jsonSink(output: TextOutput, parameters: Parameters = new Map()): TextRows {
  const forms = formsOf(parameters);
  const contexts = new PacketContexts(forms);
  return new TextRows('sink.text.json', output, '', (event, timeNs) => {
    const { stream } = event;
    const timed = stream.streamClass.clockClass !== undefined;
    return (
      `{${timed ? `"timeNs":${jsonOf(timeNs, forms)},` : ''}"name":${JSON.stringify(event.name)}` +
      `,"trace":${JSON.stringify(stream.trace.name)},"stream":${stream.index}` +
      contexts.textOf(event) +
      scope('commonContext', event.commonContext(), forms) +
      scope('specificContext', event.specificContext(), forms) +
      `,"payload":${jsonOf(event.payload(), forms)}}\n`
    );
  });
}
