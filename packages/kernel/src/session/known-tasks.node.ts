/** What a session knows of tasks: their table, which events keep, and which is filled anew where nothing told it of all for a while. */
import { ControlGroups } from '../contexts/control-groups.node.ts';
import { fillTaskTable, makeTaskTable } from '../contexts/fill-task-table.node.ts';
import type { TaskTable } from '../contexts/task-table.ts';
import type { ChannelPlan } from './kernel-channel.node.ts';
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
