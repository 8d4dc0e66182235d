/** The text of events, as the command prints it. */
import {
  defaultPrettyOptions,
  parseFields,
  parseNames,
  PrettySink,
  type EventFlow,
  type PrettyOptions,
} from '@spoor/components';
import type { Steps } from './reading.ts';

/** How to print events: the options of the command. */
export interface TextOptions {
  readonly clockCycles?: boolean;
  readonly clockDate?: boolean;
  /** Times in UTC rather than in the local time zone. */
  readonly clockGmt?: boolean;
  readonly clockSeconds?: boolean;
  readonly noDelta?: boolean;
  /** As `--names`: `all`, `none`, `payload,context,scope,header`. */
  readonly names?: string;
  /** As `--fields`: `all`, `none`, `trace,loglevel,…`. */
  readonly fields?: string;
}

export const textOptionNames: readonly string[] = Object.keys({
  clockCycles: true,
  clockDate: true,
  clockGmt: true,
  clockSeconds: true,
  noDelta: true,
  names: true,
  fields: true,
} satisfies Record<keyof TextOptions, true>);

function prettyOptions({ names, fields, ...others }: TextOptions): PrettyOptions {
  return {
    ...defaultPrettyOptions,
    ...others,
    ...(names === undefined ? {} : parseNames(names)),
    ...(fields === undefined ? {} : parseFields(fields)),
  };
}

/** Goes through a flow's text, in pieces of whole lines. */
export class TextSteps implements Steps<string> {
  private readonly flow: EventFlow;
  private readonly sink: PrettySink;
  private readonly decoder = new TextDecoder();
  private text = '';
  private ended = false;

  /** @param tell hears of losses. */
  constructor(flow: EventFlow, options: TextOptions, tell: (line: string) => void) {
    this.flow = flow;
    const output = {
      write: (bytes: Uint8Array, length: number): void => {
        this.text += this.decoder.decode(bytes.subarray(0, length));
      },
    };
    this.sink = new PrettySink(flow, output, prettyOptions(options), tell);
  }

  next(): boolean {
    this.text = '';
    while (this.text === '' && !this.ended) {
      if (this.flow.next()) {
        this.sink.consume(this.flow.batch);
      } else {
        this.ended = true;
        this.sink.finish();
      }
    }
    return this.text !== '';
  }

  current(): string {
    return this.text;
  }

  isAtBatchEnd(): boolean {
    return true;
  }
}
