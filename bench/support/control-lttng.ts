// LTTng's side of the control benchmark: a session daemon in namespaces of its own, programs in C, and a shell there that
// does what is measured.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { buildUstProgram, ownNamespaces } from '../../tests/support/lttng.ts';
import { repoRoot } from '../../tests/support/machine.ts';
import type { Sample } from '../harness.ts';
import { alarmTimeNs, timed, until } from './control-facts.ts';
import { idleSeconds, loads } from './control-loads.ts';
import { median } from './statistics.ts';

const marker = '=== done ';
/** Where programs of the shell write their lines. */
const said = '/run/lttng/said';

/** A shell as the first process of namespaces: all that it starts ends with it. */
class LttngShell {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;

  private constructor() {
    this.#child = spawn('unshare', [...ownNamespaces, 'sh'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    this.#ended = new Promise((settle) => this.#child.once('close', () => settle()));
  }

  static async open(): Promise<LttngShell> {
    const shell = new LttngShell();
    await shell.run(
      [
        'mkdir -p /run/lttng',
        'mount -t tmpfs none /run/lttng',
        'mount -t tmpfs -o mode=1777 none /dev/shm',
        'export HOME=/run/lttng/home LTTNG_HOME=/run/lttng/home LTTNG_UST_REGISTER_TIMEOUT=-1',
        `mkdir "$HOME" && : >${said}`,
      ].join(' && '),
    );
    return shell;
  }

  /** Runs a line; answers what it says. Throws when its status is not 0. */
  async run(line: string): Promise<string> {
    this.#child.stdin!.write(`{ ${line}\n} </dev/null; echo "${marker}$?"\n`);
    const answer: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`the shell of LTTng ended over ${line}`);
      if (!value.startsWith(marker)) answer.push(value);
      else if (value === `${marker}0`) return answer.join('\n');
      else throw new Error(`${line} ended with status ${value.slice(marker.length)}: ${answer.join('\n')}`);
    }
  }

  async startDaemon(): Promise<void> {
    // A port of its own: other daemons may listen on the usual one.
    const port = 20_000 + (process.pid % 20_000);
    await this.run(`lttng-sessiond --no-kernel --agent-tcp-port=${port} --daemonize`);
  }

  async session(mode: 'local' | 'snapshot', buffers: string, sizes: string): Promise<void> {
    await this.run(`lttng create s ${mode === 'snapshot' ? '--snapshot' : ''} >/dev/null`);
    const loss = mode === 'snapshot' ? '--overwrite' : '';
    await this.run(`lttng enable-channel -u c --buffers-${buffers} ${loss} ${sizes} >/dev/null`);
    await this.run("lttng enable-event -u -c c 'app:*' >/dev/null");
    await this.run('lttng start >/dev/null');
  }

  /** Starts programs and waits until they run. */
  async start(count: number, threads: number, events: number): Promise<void> {
    const program = buildUstProgram(join(repoRoot, 'bench/support/ust-control/app.c'));
    await this.run(`for n in $(seq ${count}); do '${program}' ${threads} ${events} >>${said} & done`);
    await this.heard('ready', count);
  }

  /** Waits until programs have said a line so often. */
  heard(line: string, count: number): Promise<void> {
    return until(line, async () => Number(await this.run(`grep -c '^${line}' ${said} || true`)) >= count);
  }

  /** Signals all programs. */
  async signal(name: string): Promise<void> {
    await this.run(`for p in $(pgrep -x app); do kill -${name} $p; done`);
  }

  /** Processor time in milliseconds, of all processes of a name. */
  async cpuMs(name: string): Promise<number> {
    const text = await this.run(`for p in $(pgrep -x ${name}); do sed 's/.*) //' /proc/$p/stat; done`);
    let ticks = 0;
    for (const line of text.split('\n').filter((other) => other !== '')) {
      const fields = line.split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    return ticks * 10;
  }

  async residentBytes(name: string): Promise<number> {
    const text = await this.run(`for p in $(pgrep -x ${name}); do grep VmRSS /proc/$p/status; done`);
    let kib = 0;
    for (const [, figure] of text.matchAll(/(\d+) kB/g)) kib += Number(figure);
    return kib * 1024;
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

async function inShell(work: (shell: LttngShell) => Promise<Sample>): Promise<Sample> {
  const shell = await LttngShell.open();
  try {
    return await work(shell);
  } finally {
    await shell.close();
  }
}

/** Names of the daemon's processes: the consumer's is cut off at 15 characters. */
const daemonName = 'lttng-sessiond';
const consumerName = 'lttng-consumerd';

/** Commands; there are no requests to compare. */
export function answers(): Promise<Sample> {
  return inShell(async (shell) => {
    await shell.startDaemon();
    await shell.session('local', 'uid', '--subbuf-size=64k --num-subbuf=4');
    const took: number[] = [];
    for (let turn = 0; turn < loads.turns; turn += 1) {
      took.push(await timed(() => shell.run('lttng list >/dev/null')));
    }
    return { commandMs: median(took) };
  });
}

/** Many programs. */
export function programs(): Promise<Sample> {
  const { programs: count, threads } = loads.many;
  return inShell(async (shell) => {
    await shell.startDaemon();
    await shell.start(count, threads, 0);
    await sleep(1000);
    const cpuBefore = await shell.cpuMs('app');
    const registerMs = await timed(() => shell.session('local', 'uid', '--subbuf-size=512k --num-subbuf=4'));
    const registerCpuMs = (await shell.cpuMs('app')) - cpuBefore;
    const enables: number[] = [];
    for (let turn = 0; turn < loads.turns; turn += 1) {
      enables.push(await timed(() => shell.run(`lttng enable-event -u -c c other:${turn} >/dev/null`)));
    }
    await sleep(2000);
    const names = [daemonName, consumerName, 'app'];
    const spent = async (): Promise<number[]> => {
      const all: number[] = [];
      for (const name of names) all.push(await shell.cpuMs(name));
      return all;
    };
    const before = await spent();
    await sleep(idleSeconds * 1000);
    const after = await spent();
    const percent = (index: number): number => (after[index]! - before[index]!) / (idleSeconds * 10);
    return {
      registerMs,
      registerCpuMs,
      enableMs: median(enables),
      idleDaemonCpuPercent: percent(0),
      idleConsumerCpuPercent: percent(1),
      idleProgramsCpuPercent: percent(2),
      idleDaemonBytes: await shell.residentBytes(daemonName),
      idleConsumerBytes: await shell.residentBytes(consumerName),
    };
  });
}

/** Rings that are full are written to a tmpfs: one a processor of each program. */
export function drain(): Promise<Sample> {
  const { rings, events, subBufferBytes, subBuffers } = loads.drain;
  return inShell(async (shell) => {
    await shell.startDaemon();
    await shell.session('local', 'pid', `--subbuf-size=${subBufferBytes} --num-subbuf=${subBuffers}`);
    const processors = Number(await shell.run('nproc'));
    const count = Math.ceil(rings / processors);
    await shell.start(count, processors, events);
    await sleep(1000);
    const consumer = `$(pgrep -x ${consumerName})`;
    await shell.run(`kill -STOP ${consumer}`);
    await shell.signal('USR1');
    await shell.heard('done', count);
    const before = await shell.cpuMs(consumerName);
    const tookMs = await timed(() => shell.run(`kill -CONT ${consumer}; lttng stop >/dev/null`));
    const cpuMs = (await shell.cpuMs(consumerName)) - before;
    const sizes = await shell.run(
      "find $HOME/lttng-traces -type f -name 'c_*' ! -name '*.idx' -printf '%s\\n'",
    );
    const megabytes = sizes.split('\n').reduce((sum, size) => sum + Number(size), 0) / 1e6;
    return {
      drainMbPerSecond: megabytes / (tookMs / 1000),
      drainMbPerCpuSecond: megabytes / (cpuMs / 1000),
      drainedMb: megabytes,
    };
  });
}

/** A flight recorder is written out, told to by a command, and by a trigger. */
export function snapshot(): Promise<Sample> {
  const { sizeBytes, events, threads } = loads.snapshot;
  return inShell(async (shell) => {
    await shell.startDaemon();
    const processors = Number(await shell.run('nproc'));
    const subBuffers = 8;
    const subBufferBytes = sizeBytes / processors / subBuffers;
    await shell.session('snapshot', 'uid', `--subbuf-size=${subBufferBytes} --num-subbuf=${subBuffers}`);
    await shell.start(1, processors, (events * threads) / processors);
    await sleep(500);
    await shell.signal('USR1');
    await shell.heard('done', 1);
    const traces = '"$HOME"/lttng-traces';
    const took: number[] = [];
    let snapshotMb = 0;
    for (let turn = 0; turn < loads.turns; turn += 1) {
      took.push(await timed(() => shell.run('lttng snapshot record >/dev/null')));
      const [size = ''] = (await shell.run(`du -sb ${traces}`)).split('\t');
      snapshotMb = Number(size) / 1e6;
      await shell.run(
        `babeltrace2 ${traces} 2>/dev/null | head -n 1 | grep -q app: && rm -rf ${traces}/*/snapshot*`,
      );
    }
    await shell.run(
      'lttng add-trigger --condition=event-rule-matches --type=user --name=app:alarm --action=snapshot-session s >/dev/null',
    );
    await sleep(1000);
    const triggered: number[] = [];
    for (let turn = 0; turn < loads.turns; turn += 1) {
      await shell.run(`: >${said}`);
      await shell.signal('USR2');
      // Not before the metadata: that is written as its first file, and so this favours LTTng.
      await shell.run(`until find ${traces} -name metadata | grep -q .; do :; done`);
      const nowNs = process.hrtime.bigint();
      triggered.push(Number(nowNs - alarmTimeNs((await shell.run(`grep alarm ${said}`)).trim())) / 1e6);
      await sleep(300);
      await shell.run(`rm -rf ${traces}/*/snapshot*`);
    }
    return { snapshotMs: median(took), snapshotMb, triggerMs: median(triggered) };
  });
}
