/** What a session knows of tasks: their table, which events keep, and which is filled anew where nothing told it of all for a while. */
import { OpenFolder } from '@spoor/sys';
import { ControlGroups } from '../contexts/control-groups.node.ts';
import {
  enterNewcomers,
  fillTaskTable,
  makeTaskTable,
  taskFinder,
} from '../contexts/fill-task-table.node.ts';
import { enterBirths, type RingTasks } from '../contexts/task-births.ts';
import { TaskTable } from '../contexts/task-table.ts';
import { parseThreadStat } from '../statedump/proc-text.ts';
import { hasBegunAfter, sleptNs, startNs, tickNs } from '../statedump/task-start.node.ts';
import type { ChannelPlan } from './plan-channel.node.ts';
import { seesAllTasks } from './wanted-threads.node.ts';

const watchersOf = (plans: readonly ChannelPlan[]): readonly string[] =>
  plans.filter(seesAllTasks).map(({ description: { name } }) => name);

export class KnownTasks {
  readonly table: TaskTable = makeTaskTable();
  private isFilled = false;
  private hasGroups = false;
  /** Channels that have told the table of all tasks since it was filled. */
  private watchers: readonly string[] = [];

  /**
   * Whether the table is of the past, for nothing told it of all tasks for a while: some have been named since, others have ended
   * and their numbers are those of others.
   * @param plans of what is recorded from now on.
   */
  isOutdated(plans: readonly ChannelPlan[]): boolean {
    const now = watchersOf(plans);
    // They have told all until now, and nobody does it in their place.
    if (this.watchers.length > 0 && now.length === 0) return false;
    return this.isFilled && !now.some((name) => this.watchers.includes(name));
  }

  /** Nothing is known from now on, until it is filled. */
  forget(): void {
    this.table.forget();
    this.isFilled = false;
    this.hasGroups = false;
  }

  /** @param plans of what is recorded from now on; none while nothing is. */
  areToldBy(plans: readonly ChannelPlan[]): void {
    this.watchers = watchersOf(plans);
  }

  /**
   * Enters tasks that are over, before the rings are written in which they were made: each ring is written by itself, and what
   * such a task did may be in another. Forgets those whose numbers are others' since, or that have other names, where no ring tells
   * it any more: they are looked up.
   * @param told what all rings tell.
   */
  learn(told: readonly RingTasks[]): void {
    using proc = OpenFolder.open('/proc');
    if (proc === undefined) return;
    this.forgetOutdated(told, proc);
    const births = told.flatMap((ring) => ring.births);
    if (births.length === 0) return;
    // Whose makers are not known either are looked for.
    const table = new TaskTable(this.table.memory, taskFinder(undefined));
    enterBirths(table, births, ({ child, timeNs }) => {
      const stat = parseThreadStat(proc.text(`${child}/stat`) ?? '');
      return stat !== undefined && !hasBegunAfter(stat.startTicks, timeNs + Number(tickNs));
    });
  }

  /**
   * Enters tasks before the pages are converted that tell of them, and of all that became of others: where each ring is read by
   * itself, what they did may be in another.
   */
  await(told: readonly RingTasks[]): void {
    const births = told.flatMap((ring) => ring.births);
    if (births.length === 0) return;
    enterBirths(new TaskTable(this.table.memory, taskFinder(undefined)), births, () => false);
  }

  private forgetOutdated(told: readonly RingTasks[], proc: OpenFolder): void {
    const { table } = this;
    const slept = sleptNs();
    const born = new Set(told.flatMap(({ births }) => births.map(({ child }) => child)));
    const named = new Set(told.flatMap((ring) => ring.named));
    for (const tid of new Set(told.flatMap(({ seen }) => seen))) {
      if (born.has(tid) || !table.isKnown(tid)) continue;
      const stat = parseThreadStat(proc.text(`${tid}/stat`) ?? '');
      if (stat === undefined) continue;
      const beganNs = startNs(stat.startTicks, slept);
      const isAnother = beganNs > table.startOf(tid) + 2 * Number(tickNs);
      // Threads of the kernel have longer names there, which say what they do.
      const hasName = stat.isKernelThread || named.has(tid) || table.nameOf(tid) === stat.name;
      if (isAnother || !hasName) table.free(tid, isAnother ? beganNs : 0);
    }
  }

  /** Enters tasks that are recorded from now on, and of whose making nothing was: filters ask about them when they may be over. */
  meet(tids: readonly number[]): void {
    if (this.isFilled) enterNewcomers(this.table, tids);
  }

  /**
   * Enters all tasks that there are, if plans need them: those that begin from now on are told by events.
   * @param areOlderRead whether records of before are read yet.
   */
  fill(plans: readonly ChannelPlan[], areOlderRead: boolean): void {
    if (!plans.some((plan) => plan.tableEvents.length > 0 || plan.selections.length > 0)) return;
    if (!this.isFilled) fillTaskTable(this.table, areOlderRead);
    this.isFilled = true;
    if (this.hasGroups) return;
    const groups = ControlGroups.askedFor(
      plans.flatMap(({ description }) => description.contexts),
      plans.flatMap(({ rules }) => rules.flatMap(({ filter }) => filter ?? [])),
    );
    groups?.enterAll(this.table);
    this.hasGroups = groups !== undefined;
  }
}
