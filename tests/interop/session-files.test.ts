// Session files: what the real `lttng save` wrote is loaded here, and what we write is loaded by the real `lttng load`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type XmlNode, readXml } from '../../packages/cli/src/lttng/xml-tree.ts';
import { patientlyMs, withDaemon } from '../support/daemon.ts';
import { lttngNeeds } from '../support/lttng.ts';
import { runLttngSteps } from '../support/lttng-steps.ts';
import { describeNeeding } from '../support/needs.ts';
import { spoor } from '../support/spoor.ts';

const folder = '/run/lttng/saved';
/** Sessions that have all that both products have. */
const made: readonly string[] = [
  'lttng create web --output=/run/lttng/web',
  'lttng enable-channel -u ch --buffers-pid --subbuf-size 64k --num-subbuf 8 --switch-timer 100000',
  'lttng enable-channel -u over --buffers-pid --overwrite --tracefile-size 1M --tracefile-count 3',
  "lttng enable-event -u -c ch 'shop:*' -x shop:tick,shop:tock --loglevel INFO --filter 'a > 3 && b == \"<x>\"'",
  'lttng enable-event -u -c ch one --loglevel-only TRACE_ERR',
  'lttng enable-event -u -c ch two',
  'lttng disable-event -u -c ch two',
  'lttng enable-event -u -c over --all',
  'lttng disable-channel -u over',
  "lttng add-context -u -c ch -t vpid -t procname -t perf:thread:instructions -t '$app.shop:cart'",
  'lttng enable-rotation --timer 3600000000 --size 1G',
  'lttng track -u --vpid 1,2',
  'lttng track -u --vuid root,7',
  'lttng create flight --snapshot',
  'lttng enable-event -u --all',
  'lttng snapshot del-output 1',
  'lttng snapshot add-output -n mine -m 1M file:///run/lttng/flight',
];
const save = (name: string): readonly string[] => [
  `lttng save ${name} --output-path=${folder}`,
  `cat ${folder}/${name}.lttng`,
];

/** A session file without what has no order, no meaning here, or another default. */
function facts(text: string): readonly string[] {
  return shape(readXml(text, 'saved')).split(' ');
}

function shape({ name, text, children }: XmlNode): string {
  if (children.length === 0) return text === '' ? name : `${name}=${text}`;
  const parts = children.filter((child) => !isLeftOut(child)).map(shape);
  const isUnordered = ['channels', 'events', 'process_attr_values', 'exclusions'].includes(name);
  return `${name}(${(isUnordered ? parts.sort() : parts).join(' ')})`;
}

/** Domains that we have not. */
function isLeftOut({ name, children }: XmlNode): boolean {
  return (
    name === 'domain' &&
    children.some((child) => child.name === 'type' && !['UST', 'KERNEL'].includes(child.text))
  );
}

describeNeeding([...lttngNeeds()], 'session files', () => {
  test(
    'sessions go from lttng to us and back, and are the same',
    withDaemon(async (daemon) => {
      const steps = [...made, ...save('web'), ...save('flight')];
      const first = runLttngSteps(steps, 'true').steps;
      expect(first.filter(({ status }) => status !== 0)).toEqual([]);
      const theirs = join(daemon.home, 'theirs');
      mkdirSync(theirs);
      const texts = { web: first.at(-3)!.stdout, flight: first.at(-1)!.stdout };
      for (const [name, text] of Object.entries(texts)) writeFileSync(join(theirs, `${name}.lttng`), text);

      await daemon.start();
      const run = (...words: string[]) => {
        const done = spoor(words, { env: daemon.environment });
        expect(done.status, done.stderr).toBe(0);
        return done;
      };
      const { stderr } = run('load', '-i', theirs);
      // The flight recorder was made with LTTng's default.
      expect(stderr.trim()).toBe(
        'spoor: session flight: ring buffers of a user become those of processes and threads',
      );
      const listed = JSON.parse(run('list', 'web', '--json').stdout) as { readonly session: object };
      expect(listed.session).toMatchObject({
        mode: 'local',
        output: { path: '/run/lttng/web' },
        rotation: { periodUs: 3_600_000_000, sizeBytes: 1024 ** 3 },
        trackers: { user: [{ attribute: 'vpid' }, { attribute: 'vuid' }] },
      });
      expect(run('save', '--format', 'lttng').stderr).toBe('');

      const ours = (name: string): string =>
        readFileSync(join(daemon.home, '.lttng/sessions', `${name}.lttng`), 'utf8');
      // Of each session the buffers are those of processes now.
      const expected = {
        web: facts(texts.web),
        flight: facts(texts.flight.replaceAll('PER_UID', 'PER_PID')),
      };
      expect({ web: facts(ours('web')), flight: facts(ours('flight')) }).toEqual(expected);

      // LTTng makes of our files what it makes of its own, which is not all: a disabled channel is enabled by loading.
      const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
      const files = {
        web: texts.web,
        flight: texts.flight,
        webOfUs: ours('web'),
        flightOfUs: ours('flight'),
      };
      const second = runLttngSteps(
        [
          'mkdir /run/lttng/given',
          ...Object.entries(files).flatMap(([name, text]) => [
            `printf %s ${quoted(text)} >/run/lttng/given/${name}.lttng`,
            `lttng load --input-path=/run/lttng/given/${name}.lttng`,
            `lttng save --all --output-path=${folder}/${name}`,
            `cat ${folder}/${name}/*.lttng`,
            'lttng destroy --all',
          ]),
        ],
        'true',
      ).steps;
      expect(second.filter(({ status }) => status !== 0)).toEqual([]);
      const [web = '', flight = '', webOfUs = '', flightOfUs = ''] = second
        .filter(({ command }) => command.startsWith('cat '))
        .map(({ stdout }) => stdout);
      expect(facts(webOfUs)).toEqual(facts(web));
      expect(facts(flightOfUs)).toEqual(facts(flight.replaceAll('PER_UID', 'PER_PID')));
    }),
    patientlyMs,
  );

  test(
    'a bad file loads nothing',
    withDaemon(async (daemon) => {
      await daemon.start();
      const file = join(daemon.home, 'bad.lttng');
      const good = '<session><name>good</name></session>';
      const refused = (text: string): string => {
        writeFileSync(file, text);
        const done = spoor(['load', '-i', file], { env: daemon.environment });
        expect(done.status).toBe(1);
        return done.stderr;
      };
      expect(refused(`<sessions>${good}\n<session><what/></session></sessions>`)).toMatch(
        /bad\.lttng:2:10: /,
      );
      // Each is well-formed; the daemon refuses the second.
      const rule = '<events><event><filter>a ===</filter></event></events>';
      const channel = `<channels><channel><name>c</name>${rule}</channel></channels>`;
      const domain = `<domains><domain><type>UST</type><buffer_type>PER_PID</buffer_type>${channel}</domain></domains>`;
      expect(refused(`<sessions>${good}<session><name>bad</name>${domain}</session></sessions>`)).toMatch(
        /===/,
      );
      const { stdout } = spoor(['list', '--json'], { env: daemon.environment });
      expect(JSON.parse(stdout)).toEqual({ sessions: [] });
    }),
    patientlyMs,
  );
});
