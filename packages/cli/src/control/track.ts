import type { Command } from 'commander';
import { SpoorError } from '@spoor/base';
import type { Methods, TrackedAttribute } from '@spoor/control';
import type { CommandContext, RegisterCommand } from '../commands/register-command.ts';
import {
  type DomainOptions,
  addDomainOptions,
  addSessionOption,
  commaWords,
  domainOf,
  noMi,
  onControl,
} from './verb.ts';

/** Attributes with how they are told of. */
const attributes: Readonly<Record<TrackedAttribute, string>> = {
  pid: 'process ID',
  vpid: 'virtual process ID',
  uid: 'user ID',
  vuid: 'virtual user ID',
  gid: 'group ID',
  vgid: 'virtual group ID',
  cgroup: 'control group',
  pid_ns: 'PID namespace',
};
const names = Object.keys(attributes) as readonly TrackedAttribute[];

type TrackOptions = DomainOptions & {
  readonly session?: string;
  readonly all?: true;
  readonly container?: string;
  readonly pidNs?: string | true;
} & { readonly [Name in TrackedAttribute]?: string | true };

type GivenValues = Readonly<Partial<Record<TrackedAttribute, string | true>>>;

function addTrackOptions(command: Command): Command {
  addSessionOption(addDomainOptions(command));
  command.option('-p, --pid [numbers]', 'process IDs; of programs the same as --vpid');
  for (const name of names) {
    if (name === 'pid' || name === 'pid_ns') continue;
    const kind =
      name === 'cgroup' ? 'paths of control groups, in which * is any text' : `${attributes[name]}s`;
    command.option(`--${name} [values]`, kind);
  }
  command
    .option('--pid-ns [numbers]', 'inodes of PID namespaces, of the kernel alone')
    .option('--container <name|id>', 'the PID namespaces of a container, of the kernel alone');
  return command.option('-a, --all', 'all values of the attributes that are named without any');
}

function addVerb(
  program: Command,
  context: CommandContext,
  verb: 'track' | 'untrack',
  description: string,
): void {
  const command = addTrackOptions(program.command(verb).description(description));
  onControl<TrackOptions>(
    command,
    context,
    async (client, options) => {
      const { sessionNamed } = await import('./current-session.ts');
      const session = sessionNamed(options.session);
      const domain = domainOf(options);
      const given = meantOf(await givenValues(options), domain);
      const asked = names.filter((name) => given[name] !== undefined);
      if (asked.length === 0) {
        throw new SpoorError('control/option', 'no attribute of processes is named', {
          hint: '--vpid, --vuid, …',
        });
      }
      const lines: string[] = [];
      const warnings: string[] = [];
      const changes: {
        readonly attribute: TrackedAttribute;
        readonly values: readonly (number | string)[];
      }[] = [];
      const trackers: Record<string, unknown> = {};
      for (const attribute of asked) {
        const values = valuesOf(attribute, given[attribute], options.all === true);
        const asking = { session, domain, attribute, values };
        const result: Methods['untrack']['result'] = await client.call(verb, asking);
        const missing = new Set(result.missing);
        trackers[attribute] = result.trackers.find((own) => own.attribute === attribute)?.values ?? 'all';
        changes.push({ attribute, values: values === 'all' ? ['all'] : values });
        const title = attributes[attribute];
        if (values === 'all') {
          const policy = verb === 'track' ? 'include all' : 'exclude all';
          lines.push(`${title[0]!.toUpperCase()}${title.slice(1)} tracking policy set to \`${policy}\`\n`);
        } else {
          const [done, place] = verb === 'track' ? ['Added', 'to'] : ['Removed', 'from'];
          for (const value of values) {
            if (missing.has(value)) {
              const how =
                trackers[attribute] === 'all' ? `, which has all: untrack --all --${attribute} first` : '';
              warnings.push(`${value} is not in the ${title} tracker inclusion set${how}`);
            } else lines.push(`${done} ${value} ${place} the ${title} tracker inclusion set\n`);
          }
        }
      }
      const mi = async () => {
        const { trackedValue, trackerElement } = await import('../lttng/mi-session.ts');
        const { element } = await import('../lttng/xml.ts');
        return element(
          'process_attr_trackers',
          changes
            // What LTTng does not know.
            .filter(({ attribute }) => attribute !== 'cgroup' && attribute !== 'pid_ns')
            .map(({ attribute, values }) =>
              trackerElement(
                attribute,
                values.map((value) => trackedValue(attribute, value, true)),
              ),
            ),
        );
      };
      return { json: { session, domain, trackers }, text: lines.join(''), warnings, mi };
    },
    { failed: () => noMi('process_attr_trackers') },
  );
}

/** Of programs `--pid` means what they take for their numbers, as with `lttng`. */
function meantOf(given: GivenValues, domain: 'user' | 'kernel'): GivenValues {
  const { pid, vpid, ...others } = given;
  if (pid === undefined || domain === 'kernel') return given;
  const both = [pid, vpid].filter((value) => typeof value === 'string');
  return { ...others, vpid: both.length === 0 ? true : both.join(',') };
}

/** What was given of each attribute; of a container the namespaces that it has now. */
async function givenValues(options: TrackOptions): Promise<GivenValues> {
  const { container, pidNs } = options;
  if (container === undefined) return pidNs === undefined ? options : { ...options, pid_ns: pidNs };
  if (pidNs !== undefined) {
    throw new SpoorError('control/option', 'a container is its PID namespaces', {
      hint: 'one of --container and --pid-ns',
    });
  }
  if (domainOf(options) !== 'kernel') {
    throw new SpoorError('control/option', 'containers are told by the kernel: -k', {
      hint: "of programs --cgroup, such as '*docker*'",
    });
  }
  const { findContainer } = await import('@spoor/kernel/node');
  return { ...options, pid_ns: findContainer(container).pidNamespaces.join(',') };
}

function valuesOf(
  attribute: TrackedAttribute,
  text: string | true | undefined,
  isAll: boolean,
): readonly (number | string)[] | 'all' {
  const words = typeof text === 'string' ? commaWords(text) : [];
  if (words.length > 0 && isAll) {
    throw new SpoorError('control/option', `--all means all values of --${attribute}: none can be given`);
  }
  if (isAll) return 'all';
  if (words.length === 0) {
    throw new SpoorError('control/option', `--${attribute} names no value`, { hint: 'values, or --all' });
  }
  const isNamed = !attribute.includes('pid');
  return words.map((word) => {
    if (attribute !== 'cgroup' && /^\d+$/.test(word)) return Number(word);
    if (isNamed) return word;
    throw new SpoorError(
      'control/option',
      `${word} is no number of a ${attribute === 'pid_ns' ? 'namespace' : 'process'}`,
    );
  });
}

/** `track`: has a session record certain processes alone. */
export const registerTrack: RegisterCommand = (program, context) => {
  addVerb(program, context, 'track', 'Have a session record certain processes alone.');
};

/** `untrack`: takes processes out again. */
export const registerUntrack: RegisterCommand = (program, context) => {
  addVerb(program, context, 'untrack', 'Have a session no longer record certain processes.');
};
