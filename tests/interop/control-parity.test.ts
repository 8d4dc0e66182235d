// The control verbs beside those of the real `lttng`: what succeeds, what is refused, what the machine interface says, and
// which files are where.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { type TestDaemon, withDaemon, patientlyMs } from '../support/daemon.ts';
import { babeltrace2, buildUstProgram, lttngNeeds } from '../support/lttng.ts';
import { type Step, layoutOf, runLttngSteps } from '../support/lttng-steps.ts';
import { miShape } from '../support/mi-shape.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { registerUrl } from '../support/session.ts';
import { spoor } from '../support/spoor.ts';
import { tracerUrl } from '../support/traced.ts';

/** Stands for a program that emits and ends. */
const PROGRAM = 'PROGRAM';

/** Lines of both commands, in this order; `EVENT` is a name that the program has, `FOLDER` a place for saved sessions. */
const table: readonly string[] = [
  'create s',
  'start s',
  'enable-channel -u ch --buffers-pid --subbuf-size 64k --num-subbuf 4',
  'enable-channel -u ch --buffers-pid --subbuf-size 64k --num-subbuf 4',
  'enable-channel -u a/b',
  'enable-event -u -c ch EVENT',
  'enable-event -u -c ch EVENT',
  'enable-event -u EVENT',
  "enable-event -u -c ch x --filter 'a ==='",
  'add-context -u -t vpid -t procname',
  'add-context -u -t nothing',
  'disable-event -u -c ch nothing',
  'start',
  'start',
  PROGRAM,
  'stop',
  'stop',
  'rotate',
  'start',
  PROGRAM,
  'rotate s',
  'clear',
  'enable-rotation --timer 1h --size 1G',
  'enable-rotation --timer 1h',
  'disable-rotation --timer --size',
  'disable-rotation --timer',
  'save s --output-path=FOLDER',
  'save s --output-path=FOLDER',
  'save s --force --output-path=FOLDER',
  'save nothing --output-path=FOLDER',
  'load nothing --input-path=FOLDER',
  'load s --input-path=FOLDER',
  'load --input-path=FOLDER/none',
  'view nothing',
  'snapshot record',
  'list s',
  'list nothing',
  'status',
  'list -u',
  'list -u -f',
  'regenerate statedump',
  'regenerate metadata',
  'add-trigger --name=t --condition=event-rule-matches --type=user --name=none --action=notify',
  'add-trigger --name=t --condition=event-rule-matches --type=user --name=none --action=notify',
  'add-trigger --condition=nothing --action=notify',
  'list-triggers',
  'remove-trigger t',
  'remove-trigger t',
  'help create',
  'help nothing',
  'set-session nothing',
  'set-session s',
  'track -u --vpid 1,2',
  'untrack -u --vpid 1',
  'untrack -u --vpid --all',
  'track -u --vpid --all',
  'disable-channel -u ch',
  'disable-channel -u nothing',
  'enable-channel -u ch',
  PROGRAM,
  'destroy',
  'destroy',
  'destroy nothing',
  'create flight --snapshot',
  'create flight',
  'enable-event -u --all',
  'start',
  PROGRAM,
  'snapshot list-output',
  'snapshot record',
  'snapshot record -n named',
  'rotate',
  'snapshot del-output 1',
  'snapshot record',
  'snapshot del-output 7',
  'snapshot add-output -n more /tmp/none',
  'snapshot add-output -n other /tmp/none/other',
  'stop',
  'destroy --all',
  'nothing',
  'create --nothing',
  'version',
];

/** Lines after which statuses differ on purpose: succeeded there, refused here, or the other way round. */
const otherStatus: Readonly<Record<string, string>> = {
  'enable-channel -u ch': 'the channel was disabled: here that enables it, there it exists already',
  'load nothing --input-path=FOLDER': 'there it is no error that nothing of the name is there',
  'load s --input-path=FOLDER':
    'there it is no error that nothing is loaded, for the session is there already',
  'regenerate metadata': 'LTTng does it with buffers of users only',
  'snapshot add-output -n other /tmp/none/other': 'there may be one output there, any number here',
};

/** Lines whose documents differ on purpose. */
const otherDocument: Readonly<Record<string, string>> = {
  'add-context -u -t nothing': 'LTTng prints none for what it finds wrong before it asks its daemon',
  version: 'the releases are others',
  'snapshot add-output -n more /tmp/none': 'without a limit LTTng says the largest number there is',
  'load --input-path=FOLDER/none': "LTTng's says neither what was to be loaded nor that it failed",
};

/** Lines after which all that was recorded is written: those whose layouts are compared. */
const settled = /^(?:create|start|stop|rotate|snapshot record|destroy)/;

/** Differences of layout that are meant. */
function withoutOurs(layout: readonly string[]): readonly string[] {
  return layout.filter((path, _at, all) => {
    // Snapshots have index files here, so that readers need not scan the streams.
    if (/^flight-DATE\/.*\.idx$/.test(path)) return false;
    // A program's end is seen a moment later: a chunk that began meanwhile has its metadata, and nothing else.
    return !(
      /^s-DATE\/TIME-\d+\/ust\/BUFFERS\/metadata$/.test(path) &&
      !all.includes(path.replace(/metadata$/, 'ch_N'))
    );
  });
}

const factsLine = (path: string): string =>
  `timeout 60 babeltrace2 --fields=trace:domain,trace:hostname ${path}`;

/** Files below a folder; directories appear with their first trace, there a little earlier. */
function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

function ourSteps(daemon: TestDaemon, program: string): readonly Step[] {
  const traces = join(daemon.home, 'lttng-traces');
  const saved = join(daemon.home, 'saved');
  return table.map((line) => {
    let status: number | null;
    let stdout = '';
    if (line === PROGRAM) {
      const env = daemon.environment as NodeJS.ProcessEnv;
      status = spawnSync(process.execPath, ['--import', registerUrl, program], {
        env,
        timeout: 60_000,
      }).status;
    } else {
      const words =
        line
          .replace('EVENT', 'test:step')
          .replace('FOLDER', saved)
          .match(/'[^']*'|\S+/g) ?? [];
      ({ status, stdout } = spoor(['--mi', 'xml', ...words.map((word) => word.replaceAll("'", ''))], {
        env: daemon.environment,
      }));
    }
    return { command: line, status: status ?? -1, tree: filesBelow(traces), stdout };
  });
}

describeNeeding([...lttngNeeds(), command('babeltrace2')], 'control verbs beside those of lttng', () => {
  test(
    'the same lines succeed, the same are refused, and the same files are there after each',
    withDaemon((daemon) => {
      const generator = buildUstProgram(join(repoRoot, 'tests/support/ust/gen.c'));
      const lines = table.map((line) =>
        line === PROGRAM
          ? `${generator} 2000 1 0 1`
          : `lttng --mi xml ${line.replace('EVENT', "'gen:*'").replace('FOLDER', '/run/lttng/saved')}`,
      );
      const archive = '"$HOME"/lttng-traces/s-*/archives/*-0';
      const theirs = runLttngSteps(lines, factsLine(archive));
      const program = join(daemon.home, 'emit.mjs');
      writeFileSync(
        program,
        `import { tracepoint } from ${JSON.stringify(tracerUrl)};
         const step = tracepoint('test:step', { n: 'u32' });
         for (let n = 0; n < 2000; n += 1) step(n);`,
      );
      const ours = ourSteps(daemon, program);
      const verdicts = (steps: readonly Step[]) =>
        steps
          .map(({ status }, at) => [table[at]!, status === 0 ? 'done' : 'refused'] as const)
          .filter(([line]) => otherStatus[line] === undefined);
      expect(verdicts(ours)).toEqual(verdicts(theirs.steps));
      const documents = (steps: readonly Step[]) =>
        steps
          .map(({ stdout }, at) => [table[at]!, miShape(stdout).replaceAll(/gen:\*|test:step/g, 'EVENT')])
          .filter(([line = '']) => otherStatus[line] === undefined && otherDocument[line] === undefined);
      expect(documents(ours)).toEqual(documents(theirs.steps));
      for (const [at, line] of table.entries()) {
        if (!settled.test(line)) continue;
        const layout = [line, ...withoutOurs(layoutOf(ours[at]!.tree))];
        expect(layout).toEqual([line, ...layoutOf(theirs.steps[at]!.tree)]);
      }
      const chunk = readdirSync(join(daemon.home, 'lttng-traces'), { recursive: true })
        .map(String)
        .find((path) => /^s-[^/]*\/archives\/[^/]*-0$/.test(path))!;
      const read = babeltrace2([
        '--fields=trace:domain,trace:hostname',
        join(daemon.home, 'lttng-traces', chunk),
      ]).stdout;
      /** What is told of the trace and of the contexts of the first event. */
      const told = (text: string) => {
        const [first = ''] = text.split('\n');
        return {
          trace: /^\[[^\]]*\] \([^)]*\) (.*?) \w+:\w+:/.exec(first)?.[1],
          contexts: [.../\{ vpid = \d+, procname = "\w+" \}/.exec(first)!].map((part) =>
            part.replaceAll(/\d+|"\w+"/g, '…'),
          ),
        };
      };
      expect(read.trim().split('\n')).toHaveLength(2000);
      expect(theirs.facts.trim().split('\n')).toHaveLength(2000);
      expect(told(read)).toEqual(told(theirs.facts));
      return Promise.resolve();
    }),
    patientlyMs,
  );
});
