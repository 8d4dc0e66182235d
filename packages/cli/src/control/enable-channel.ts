import { Option } from 'commander';
import { SpoorError } from '@spoor/base';
import type { Channel, ChannelAttributes, EnableChannelResult } from '@spoor/control';
import type { RegisterCommand } from '../commands/register-command.ts';
import {
  type DomainOptions,
  addDomainOptions,
  addSessionOption,
  commaWords,
  domainOf,
  domainPrefix,
  noMi,
  onControl,
} from './verb.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

interface EnableChannelOptions extends DomainOptions {
  readonly session?: string;
  readonly discard?: true;
  readonly overwrite?: true;
  readonly blockingTimeout?: string;
  readonly subbufSize?: string;
  readonly numSubbuf?: string;
  readonly switchTimer?: string;
  readonly readTimer?: string;
  readonly monitorTimer?: string;
  readonly tracefileSize?: string;
  readonly tracefileCount?: string;
  readonly buffersUid?: true;
  readonly buffersPid?: true;
  readonly buffersGlobal?: true;
  readonly output?: string;
  readonly kmsg?: true;
  readonly counters?: readonly string[];
  readonly countersInterval?: string;
  readonly syscallStrings?: true;
  readonly raw?: true;
  readonly bpftrace?: string;
  readonly kernelStacks?: string;
  readonly kernelMaps?: true;
}

/** What `spoor record -k` has and sessions have not: whoever asks for it hears what to do instead. */
const ofRecordAlone = [
  [
    'bpftrace',
    '--bpftrace',
    'bpftrace -B line FILE | spoor log --source bpftrace - writes what it prints into the session; spoor record -k --bpftrace runs it',
  ],
  [
    'kernelStacks',
    '--kernel-stacks',
    'spoor add-context -k -t callstack-kernel has the stacks of all events of a channel; spoor record -k --kernel-stacks those of some',
  ],
  ['kernelMaps', '--kernel-maps', 'spoor record -k --kernel-maps has memory maps in its state dump'],
] as const;

/** `enable-channel`: makes channels, enables disabled ones, gives them other sizes. */
export const registerEnableChannel: RegisterCommand = (program, context) => {
  const command = program
    .command('enable-channel')
    .description('Make channels of a session, enable them again, or change their sizes.')
    .argument('<channels>', 'their names, separated by commas');
  addSessionOption(addDomainOptions(command))
    .option('--discard', 'events that find no room are lost (the default)')
    .option('--overwrite', 'events that find no room replace the oldest sub-buffer')
    .option(
      '--blocking-timeout <us>',
      'how long an event that finds no room waits: 0 (default), microseconds, inf',
    )
    .option(
      '--subbuf-size <size>',
      'size of a sub-buffer; suffixes k, M, G (default: 512k, of the kernel 1M)',
    )
    .option('--num-subbuf <count>', 'number of sub-buffers of each ring buffer (default: 4)')
    .option('--switch-timer <us>', 'how often open sub-buffers are written out; 0 never (default)')
    .option('--read-timer <us>', 'how often the consumer looks at least; 0 leaves that to it (default)')
    .option('--monitor-timer <us>', 'how often usage is sampled for triggers; 0 never (default: 1000000)')
    .option(
      '--tracefile-size <size>',
      'largest trace file, with suffixes k, M, G; then the next begins; 0 without limit (default)',
    )
    .option(
      '--tracefile-count <count>',
      'number of trace files of a stream, then the oldest is overwritten; 0 without limit (default)',
    )
    .option('--buffers-uid', 'ring buffers of a user; ours are always of a process and thread')
    .option('--buffers-pid', 'ring buffers of a process')
    .option('--buffers-global', 'ring buffers of the whole system, of the kernel alone')
    .option(
      '--output <type>',
      'how the consumer gets at the buffers: mmap; of the kernel splice, too, which it chooses by itself',
    )
    .option('--kmsg', 'of the kernel: record the lines of its log as well, as events kmsg')
    .option(
      '--counters <list>',
      'of the kernel: record counters of processors, interrupts and soft interrupts, such as `default` or `instructions,cache-misses`; may be repeated',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), ...commaWords(text)],
    )
    .option('--counters-interval <time>', 'how often counters are recorded, such as 10ms (default: 100ms)')
    .option(
      '--syscall-strings',
      'of the kernel: record the texts that system calls are given, such as paths of files',
    )
    .option(
      '--raw',
      'of the kernel: keep the pages of its rings as they are, which costs least; they become events when a trace chunk ends or recording stops',
    )
    .addOption(new Option('--bpftrace <program>').hideHelp())
    .addOption(new Option('--kernel-stacks <globs>').hideHelp())
    .addOption(new Option('--kernel-maps').hideHelp());
  onControl<EnableChannelOptions>(
    command,
    context,
    async (client, options, [names = '']) => {
      const { CHANNEL_DEFAULTS } = await import('@spoor/control');
      const { sessionNamed } = await import('./current-session.ts');
      const { eachName } = await import('./each-name.ts');
      const { element } = await import('../lttng/xml.ts');
      const session = sessionNamed(options.session);
      const domain = domainOf(options);
      const attributes = await readAttributes(options);
      const warnings: string[] = [];
      if (options.buffersUid === true)
        warnings.push('ring buffers are of a process and thread, not of a user');
      const channels: { readonly outcome: EnableChannelResult['outcome']; readonly channel: Channel }[] = [];
      let text = '';
      let isWarned = false;
      const { all, errors } = await eachName(commaWords(names), async (channel) => {
        const result = await client.call('enable-channel', { session, domain, channel, attributes });
        warnings.push(...result.warnings.map((warning) => `channel ${channel}: ${warning}`));
        if (result.outcome === 'unchanged') {
          warnings.push(`channel ${channel} exists already in session ${session}`);
          isWarned = true;
        } else {
          const done = result.outcome === 'resized' ? 'changed' : 'enabled';
          text += `${domainPrefix(domain)} channel ${channel} ${done} for session ${session}\n`;
        }
        channels.push({ outcome: result.outcome, channel: result.channel });
        return result;
      });
      const mi = async () => {
        const { attributesElement, channelElement } = await import('../lttng/mi-session.ts');
        return element(
          'channels',
          all.map(({ name, result }) =>
            channelElement(name, result?.channel.isEnabled ?? false, {
              attributes: attributesElement(
                result?.channel ?? { ...CHANNEL_DEFAULTS[domain], ...attributes },
              ),
              isSuccess: result !== undefined && result.outcome !== 'unchanged',
            }),
          ),
        );
      };
      return { json: { session, channels }, text, warnings, isWarned, errors, mi };
    },
    { failed: () => noMi('channels') },
  );
};

async function readAttributes(options: EnableChannelOptions): Promise<Partial<ChannelAttributes>> {
  const { readByteSize, readCountOrZero, readMicroseconds } = await import('./values.ts');
  for (const [option, flag, hint] of ofRecordAlone) {
    if (options[option] === undefined) continue;
    throw new SpoorError('control/option', `sessions have no ${flag}`, { hint });
  }
  const attributes: Partial<Writable<ChannelAttributes>> = {};
  if (options.discard === true && options.overwrite === true) {
    throw new SpoorError('control/option', 'a channel is of one mode: --discard or --overwrite');
  }
  if (options.discard === true) attributes.lossMode = 'discard';
  if (options.overwrite === true) attributes.lossMode = 'overwrite';
  if (options.kmsg === true) attributes.kernelLog = true;
  if (options.syscallStrings === true) attributes.syscallStrings = true;
  if (options.raw === true) attributes.rawPages = true;
  if (options.counters !== undefined) attributes.counters = options.counters;
  if (options.countersInterval !== undefined) {
    const us = readMicroseconds('--counters-interval', options.countersInterval);
    attributes.countersIntervalMs = Math.max(1, Math.round(us / 1000));
  }
  const { blockingTimeout, output } = options;
  if (blockingTimeout !== undefined) {
    attributes.blockingTimeoutUs =
      blockingTimeout === 'inf' ? -1 : readMicroseconds('--blocking-timeout', blockingTimeout);
  }
  if (output !== undefined && output !== 'mmap' && !(output === 'splice' && domainOf(options) === 'kernel')) {
    throw new SpoorError('control/option', `--output ${output} is not served`, {
      hint: 'mmap is; of the kernel splice, too',
    });
  }
  const sizes = [
    ['--subbuf-size', 'subbufSize', 'subBufferSizeBytes'],
    ['--tracefile-size', 'tracefileSize', 'traceFileSizeBytes'],
  ] as const;
  for (const [flag, option, attribute] of sizes) {
    const text = options[option];
    if (text !== undefined) attributes[attribute] = readByteSize(flag, text);
  }
  const counts = [
    ['--num-subbuf', 'numSubbuf', 'subBufferCount'],
    ['--tracefile-count', 'tracefileCount', 'traceFileCount'],
  ] as const;
  for (const [flag, option, attribute] of counts) {
    const text = options[option];
    if (text !== undefined) attributes[attribute] = readCountOrZero(flag, text);
  }
  const timers = [
    ['--switch-timer', 'switchTimer', 'switchTimerUs'],
    ['--read-timer', 'readTimer', 'readTimerUs'],
    ['--monitor-timer', 'monitorTimer', 'monitorTimerUs'],
  ] as const;
  for (const [flag, option, attribute] of timers) {
    const text = options[option];
    if (text !== undefined) attributes[attribute] = readMicroseconds(flag, text);
  }
  return attributes;
}
