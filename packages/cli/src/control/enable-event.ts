import { Option } from 'commander';
import { SpoorError } from '@spoor/base';
import type { EventRule, LogLevelRule } from '@spoor/control';
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

interface EnableEventOptions extends DomainOptions {
  readonly session?: string;
  readonly channel?: string;
  readonly all?: true;
  readonly tracepoint?: true;
  readonly syscall?: true;
  readonly site?: 'entry' | 'exit' | 'entry+exit';
  readonly probe?: string;
  readonly function?: string;
  readonly userspaceProbe?: string | undefined;
  readonly exclude?: readonly string[];
  readonly loglevel?: string;
  readonly loglevelOnly?: string;
  readonly filter?: string;
  readonly container?: string;
}

/** `enable-event`: adds event rules to a channel. */
export const registerEnableEvent: RegisterCommand = (program, context) => {
  const command = program
    .command('enable-event')
    .description('Add event rules to a channel, which is made if need be, or enable them again.')
    .argument('[names]', 'names of events, separated by commas; * is any text');
  addSessionOption(addDomainOptions(command))
    .option('-c, --channel <channel>', 'the channel (default: channel0)')
    .option('-a, --all', 'all events')
    .option('--tracepoint', 'tracepoints (the default)')
    .option('--syscall', 'system calls')
    .addOption(
      new Option('--site <site>', 'of system calls: when they begin, when they end (default: both)').choices([
        'entry',
        'exit',
        'entry+exit',
      ]),
    )
    .option('--probe <location>', 'a place in the kernel: an address, SYMBOL or SYMBOL+OFFSET')
    .option('--function <location>', 'entry and exit of a function of the kernel')
    .option(
      '--userspace-probe <location>',
      'a place in a program: [elf:]PATH:SYMBOL, SYMBOL%return or sdt:PATH:PROVIDER:NAME, and values there: `…:open(path=arg1:string)`',
    )
    .option(
      '-x, --exclude <names>',
      'but not these events; may be repeated',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), ...commaWords(text)],
    )
    .option('--loglevel <level>', 'only events at least as severe as this level')
    .option('--loglevel-only <level>', 'only events of this level')
    .option(
      '-f, --filter <expression>',
      "only events of which this is true, as in 'size > 10 && $ctx.vpid == 42'",
    )
    .option('--container <name|id>', 'only what happens in a container, of the kernel alone');
  onControl<EnableEventOptions>(
    command,
    context,
    async (client, options, [names]) => {
      const { sessionNamed } = await import('./current-session.ts');
      const { eachName } = await import('./each-name.ts');
      const session = sessionNamed(options.session);
      const domain = domainOf(options);
      const rules = await readRules(names, options);
      const { channel } = options;
      const done: object[] = [];
      let text = '';
      const warnings: string[] = [];
      let isWarned = false;
      let tried = 0;
      const { all, errors } = await eachName(
        rules.map(({ name }) => name),
        async () => {
          // In their order: two of them may have one name.
          const rule = rules[tried++]!;
          const target = channel === undefined ? {} : { channel };
          const result = await client.call('enable-event', { session, domain, ...target, rule });
          if (result.outcome === 'unchanged' && domain === 'kernel') {
            // As lttng has it: a warning there, an error for those of programs.
            isWarned = true;
            const what = rule.kind === 'kernel-syscall' ? 'system call' : 'event';
            warnings.push(
              `kernel ${what} ${rule.name} is enabled already: channel ${result.channel}, session ${session}`,
            );
            done.push({ channel: result.channel, outcome: result.outcome, rule });
            return result;
          }
          if (result.outcome === 'unchanged') {
            throw new SpoorError('control/event-enabled', `event ${rule.name} is enabled already`, {
              where: `channel ${result.channel}, session ${session}`,
            });
          }
          warnings.push(...result.warnings);
          text += `${domainPrefix(domain)} event ${rule.name} ${result.outcome} in channel ${result.channel}\n`;
          done.push({ channel: result.channel, outcome: result.outcome, rule });
          return result;
        },
      );
      const mi = async () => {
        const { eventElement } = await import('../lttng/mi-session.ts');
        const { element } = await import('../lttng/xml.ts');
        return element(
          'events',
          all.map(({ result }, index) => {
            const isSuccess = result !== undefined;
            return eventElement({ rule: rules[index]!, isEnabled: isSuccess }, isSuccess);
          }),
        );
      };
      return { json: { session, events: done }, text, warnings, isWarned, errors, mi };
    },
    { failed: () => noMi('events') },
  );
};

async function readRules(
  names: string | undefined,
  options: EnableEventOptions,
): Promise<readonly EventRule[]> {
  if (options.all === true && names !== undefined) {
    throw new SpoorError('control/option', '--all means all names: none can be given');
  }
  const all = options.all === true ? ['*'] : commaWords(names ?? '');
  if (all.length === 0) {
    throw new SpoorError('control/option', 'no event is named', { hint: 'NAME,… or --all' });
  }
  const filter = await filterOf(options);
  const filtered = filter === undefined ? {} : { filter };
  if (domainOf(options) === 'kernel') {
    refuseForKernel(options);
    const { userspaceProbe } = options;
    const place =
      userspaceProbe === undefined
        ? undefined
        : (await import('../record/probe-place.ts')).readProgramPlace(userspaceProbe).location;
    const rules = all.map((name) => kernelRule(name, { ...options, userspaceProbe: place }, filtered));
    // All that the kernel has: system calls are no tracepoints.
    const isPlain = options.tracepoint === undefined && rules[0]?.kind === 'kernel-tracepoint';
    return options.all === true && isPlain
      ? [...rules, { kind: 'kernel-syscall', name: '*', site: 'entry+exit', ...filtered }]
      : rules;
  }
  if (options.syscall ?? options.probe ?? options.function ?? options.userspaceProbe) {
    throw new SpoorError('control/option', 'system calls and probes are of the kernel: -k');
  }
  const level = await readLevel(options);
  const { exclude } = options;
  return all.map((name) => ({
    kind: 'user-tracepoint',
    name,
    ...(exclude === undefined ? {} : { exclude }),
    ...(level === undefined ? {} : { logLevel: level }),
    ...filtered,
  }));
}

/** @throws SpoorError `control/option` for what events of the kernel do not have, and for two kinds of events at once. */
function refuseForKernel(options: EnableEventOptions): void {
  const { exclude, loglevel, loglevelOnly, site, syscall } = options;
  const wrong = (message: string, hint: string): SpoorError =>
    new SpoorError('control/option', message, { hint });
  if (exclude !== undefined) {
    throw wrong(
      '--exclude is of events of programs: those of the kernel are not excluded by name',
      'name those that are wanted',
    );
  }
  if (loglevel !== undefined || loglevelOnly !== undefined) {
    throw wrong('events of the kernel have no log levels', 'choose among them by name or --filter');
  }
  const kinds = (
    [
      ['--tracepoint', options.tracepoint],
      ['--syscall', syscall],
      ['--probe', options.probe],
      ['--function', options.function],
      ['--userspace-probe', options.userspaceProbe],
    ] as const
  ).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (kinds.length > 1) {
    throw wrong(`${kinds.join(' and ')} are different kinds of events`, 'spoor enable-event once for each');
  }
  if (site !== undefined && syscall === undefined) {
    throw wrong('--site is of system calls', 'give --syscall as well');
  }
}

/** The filter, with that of the container as it is now. */
async function filterOf(options: EnableEventOptions): Promise<string | undefined> {
  const { container, filter } = options;
  if (container === undefined) return filter;
  if (domainOf(options) !== 'kernel') {
    throw new SpoorError('control/option', 'containers are told by the kernel: -k', {
      hint: "of programs spoor track -u --cgroup, such as '*docker*'",
    });
  }
  const { containerFilter, findContainer } = await import('@spoor/kernel/node');
  return containerFilter(findContainer(container), filter);
}

function kernelRule(
  name: string,
  options: EnableEventOptions,
  filtered: { readonly filter?: string },
): EventRule {
  const { syscall, probe, function: function_, userspaceProbe } = options;
  if (probe !== undefined) return { kind: 'kernel-kprobe', name, location: probe, ...filtered };
  if (function_ !== undefined) return { kind: 'kernel-function', name, location: function_, ...filtered };
  if (userspaceProbe !== undefined)
    return { kind: 'kernel-uprobe', name, location: userspaceProbe, ...filtered };
  if (syscall === true)
    return { kind: 'kernel-syscall', name, site: options.site ?? 'entry+exit', ...filtered };
  return { kind: 'kernel-tracepoint', name, ...filtered };
}

async function readLevel({ loglevel, loglevelOnly }: EnableEventOptions): Promise<LogLevelRule | undefined> {
  if (loglevel === undefined && loglevelOnly === undefined) return undefined;
  if (loglevel !== undefined && loglevelOnly !== undefined) {
    throw new SpoorError('control/option', 'one of --loglevel and --loglevel-only can be given');
  }
  const { readLogLevel } = await import('./values.ts');
  if (loglevel !== undefined) return { kind: 'at-least', level: readLogLevel('--loglevel', loglevel) };
  return { kind: 'only', level: readLogLevel('--loglevel-only', loglevelOnly ?? '') };
}
