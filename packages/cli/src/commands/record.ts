import { InvalidArgumentError, Option } from 'commander';
import { describeError } from '@spoor/base';
import type { RegisterCommand } from '../main.ts';

interface RecordFlags {
  readonly output?: string;
  readonly overwrite?: true;
  readonly auto: boolean;
  readonly subbufSize: number;
  readonly numSubbuf: number;
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Reads a size as lttng-enable-channel(1) writes it: bytes, or with a suffix `k`, `M`, `G`. */
export function parseSizeBytes(text: string): number {
  const parts = /^(\d+)([kmg]?)$/i.exec(text);
  const sizeBytes = Number(parts?.[1]) * (unitBytes[parts?.[2]?.toLowerCase() ?? ''] ?? Number.NaN);
  if (!isPowerOfTwo(sizeBytes) || sizeBytes < 4096 || sizeBytes > 256 * 1024 ** 2) {
    throw new InvalidArgumentError('A power of two between 4k and 256M is needed.');
  }
  return sizeBytes;
}

function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!isPowerOfTwo(count) || count < 2 || count > 256) {
    throw new InvalidArgumentError('A power of two between 2 and 256 is needed.');
  }
  return count;
}

function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && Number.isInteger(Math.log2(value));
}

export const registerRecord: RegisterCommand = (program, context) => {
  program
    .command('record')
    .description('Run a command and record the events of its Node.js processes and threads.')
    .argument('<command...>', 'the program to run and its arguments')
    .option('-o, --output <dir>', 'directory of the trace (default: ~/lttng-traces/NAME-DATE-TIME)')
    .option('--overwrite', 'flight recorder: keep only the last events of each thread')
    .option('--no-auto', 'record the tracepoints of the program alone, no automatic events')
    .addOption(
      new Option('--subbuf-size <size>', 'size of one sub-buffer of a thread; suffixes k, M, G')
        .argParser(parseSizeBytes)
        .default(256 * 1024, '256k'),
    )
    .addOption(
      new Option('--num-subbuf <count>', 'number of sub-buffers of a thread')
        .argParser(parseCount)
        .default(16),
    )
    .hook('preAction', (self) => {
      const { subbufSize, numSubbuf } = self.opts<RecordFlags>();
      if (subbufSize * numSubbuf > 2 * 1024 ** 3) {
        self.error('error: the sub-buffers of a thread are larger than 2G together.');
      }
    })
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  spoor record -- node server.js\n  spoor record -o trace -- npm start\n\nThe exit status is that of the command, 128 + N if signal N ended it, 127 if it was not found,\n126 if it could not be run, and 1 if only the recording failed.',
    )
    .action(async (command: [string, ...string[]], flags: RecordFlags) => {
      const { recordCommand, statusOfCommandError } = await import('@spoor/sessiond');
      const { describeRecording, describeNote } = await import('../recording-summary.ts');
      const { tracerUrl } = await import('./installed.ts');
      try {
        const result = await recordCommand({
          command,
          outputDir: flags.output,
          mode: flags.overwrite === true ? 'overwrite' : 'discard',
          auto: flags.auto,
          subBufferSizeBytes: flags.subbufSize,
          subBufferCount: flags.numSubbuf,
          tracerUrl: tracerUrl(),
          environment: process.env,
          onNote: (note) => {
            if (note.severity === 'error') process.stderr.write(`${describeNote(note)}\n`);
          },
        });
        process.stderr.write(describeRecording(result));
        context.exitStatus = result.status;
      } catch (error) {
        process.stderr.write(`spoor: ${describeError(error)}\n`);
        context.exitStatus = statusOfCommandError(error) ?? 1;
      }
    });
};
