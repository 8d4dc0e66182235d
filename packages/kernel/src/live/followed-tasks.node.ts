/**
 * Sees to it that a command's tasks stay followed. The kernel takes a number from the list of those that it records some
 * milliseconds after its task has ended; a task of the command that has been given the number meanwhile is recorded no more. That
 * is found by the records: a task that began, whose end nothing told, and that is not in the list.
 */
import type { TaskLives } from '../contexts/task-lives.ts';
import { processNumbers, readProc, threadsOf } from '../statedump/scan-tasks.node.ts';
import { parseThreadStat } from '../statedump/proc-text.ts';
import { hasBegunAfter } from '../statedump/task-start.node.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';

/** Tasks that the kernel did not record to their ends. */
export interface UnfollowedTasks {
  /** Which it records again. */
  readonly resumedCount: number;
  /** Which ended before that was seen. */
  readonly lostCount: number;
}

/** Starts are known to a hundredth of a second. */
const tickNs = 10_000_000;

export class FollowedTasks {
  private readonly instance: TracefsInstance;
  private readonly lives: TaskLives;
  /** Whose end nothing has told yet. */
  private readonly watched = new Set<number>();
  private resumedCount = 0;
  private listedAtEnd: ReadonlySet<number> = new Set();

  /** @param tids those that recording begins with. */
  constructor(instance: TracefsInstance, lives: TaskLives, tids: readonly number[]) {
    this.instance = instance;
    this.lives = lives;
    for (const tid of tids) lives.born(tid, Number(process.hrtime.bigint()));
  }

  /** Finds tasks that the kernel has dropped, and has it record them again, with all that has come of them. */
  look(): void {
    const { instance, lives, watched } = this;
    // Before the list: who began before it is read is in it, or was dropped.
    for (const tid of lives.takeFresh()) watched.add(tid);
    const listed = new Set(instance.threads());
    const dropped: number[] = [];
    for (const tid of watched) {
      if (!lives.isAlive(tid)) watched.delete(tid);
      else if (!listed.has(tid) && this.isThere(tid)) dropped.push(tid);
    }
    if (dropped.length === 0) return;
    const nowNs = Number(process.hrtime.bigint());
    const missing = [...dropped, ...descendants(dropped)].filter((tid) => !listed.has(tid));
    const fresh = [...new Set(missing)];
    instance.addThreads(fresh);
    for (const tid of fresh) lives.born(tid, nowNs);
    this.resumedCount += fresh.length;
  }

  /** Whether the task that was told of is there, and no other one of its number. */
  private isThere(tid: number): boolean {
    const stat = parseThreadStat(readProc(`/proc/${tid}/stat`) ?? '');
    if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return false;
    return !hasBegunAfter(stat.startTicks, this.lives.birthNs(tid) + tickNs);
  }

  /** Recording was stopped this moment: who ends from now on has no record of it, but is in the list yet. */
  stopped(): void {
    this.listedAtEnd = new Set(this.instance.threads());
  }

  /**
   * What came of it. All rings must have been read.
   * @param isWhole whether no record was lost: else ends may be among what is missing.
   */
  end(isWhole: boolean): UnfollowedTasks {
    const { lives, watched, listedAtEnd } = this;
    for (const tid of lives.takeFresh()) watched.add(tid);
    const lost = [...watched].filter(
      (tid) => lives.isAlive(tid) && !listedAtEnd.has(tid) && !this.isThere(tid),
    );
    return { resumedCount: this.resumedCount, lostCount: isWhole ? lost.length : 0 };
  }
}

/** All threads of processes, and of what they have started. */
function descendants(tids: readonly number[]): readonly number[] {
  const children = new Map<number, number[]>();
  for (const pid of processNumbers()) {
    const parent = parseThreadStat(readProc(`/proc/${pid}/stat`) ?? '')?.ppid ?? 0;
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: number[] = [];
  const open = [...tids];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const child of children.get(pid) ?? []) {
      found.push(...threadsOf(child));
      open.push(child);
    }
  }
  return found;
}
