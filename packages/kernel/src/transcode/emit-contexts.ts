/** Writes the part of a transcoder that puts the contexts of an event behind its header. */
import type { Emitter } from '@spoor/ctf';
import { isOfTask } from '../contexts/context-fields.ts';
import {
  runningNameWord,
  runningPrioWord,
  runningRankedWord,
  runningWords,
} from '../contexts/running-tasks.ts';
import {
  containerBytes,
  taskBornAtWord,
  taskContainerWord,
  taskGroupWord,
  taskKnownWord,
  taskNameWord,
  taskRowWords,
  taskWordOf,
} from '../contexts/task-row.ts';
import type { RecordKnowledge } from './record-knowledge.ts';
import { timeOf } from './record-time.ts';
import type { TranscodePlan } from './transcode-plan.ts';

/** Within the walk: of the record at `record`, whose event is written at `pos`. */
export function emitContexts(
  emitter: Emitter,
  { contexts }: TranscodePlan,
  tasks: string,
  { tasks: table, running, late, belief }: RecordKnowledge,
  stacks: string,
): void {
  if (contexts.length === 0) return;
  emitter.line('const tid = words[record + 1];');
  const times = emitter.bind('times', table.times);
  const beganLater = (row: string): string => `timeNs < ${times}[(${row} + ${taskBornAtWord}) >> 1]`;
  if (contexts.some(({ source }) => isOfTask(source))) {
    emitter.line(
      `let row = tid > 0 && tid < ${table.taskCount} ? tid * ${taskRowWords} : tid === 0 ? idle : 0;`,
    );
    const rowOf = emitter.bind(
      'rowOf',
      (tid: number, time: number, view: DataView, pos: number, isOn: boolean) =>
        belief.isSuspended ? 0 : late.rowOf(tid, time, view, pos, isOn),
    );
    emitter.line(`const runningAt = cpu * ${runningWords};`);
    emitter.line(`const isOn = ${emitter.bind('running', running.words)}[runningAt] === tid + 1;`);
    emitter.line(`const timeNs = ${timeOf};`);
    const isOther = `${tasks}[row + ${taskKnownWord}] <= 0 || ${beganLater('row')}`;
    emitter.line(`if (row !== 0 && (${isOther})) row = ${rowOf}(tid, timeNs, outView, pos, isOn);`);
  }
  if (contexts.some(({ source }) => source.kind === 'group' || source.kind === 'container')) {
    const processRow = emitter.bind('processRow', (row: number, time: number) =>
      table.processRowOf(row, time),
    );
    emitter.line(`const pid = ${tasks}[row + ${taskWordOf('pid')}];`);
    emitter.line(`let ofProcess = pid > 0 && pid < ${table.taskCount} ? pid * ${taskRowWords} : row;`);
    emitter.line(`if (${beganLater('ofProcess')}) ofProcess = ${processRow}(row, timeNs);`);
  }
  let offset = 0;
  for (const { source } of contexts) {
    const at = `pos + ${offset}`;
    switch (source.kind) {
      case 'tid':
        emitter.line(`outView.setInt32(${at}, tid, true);`);
        offset += 4;
        break;
      case 'cpu':
        emitter.line(`outView.setInt32(${at}, cpu, true);`);
        offset += 4;
        break;
      case 'task':
        if (source.column === 'prio') {
          const words = emitter.bind('running', running.words);
          emitter.line(
            `const prio = isOn && ${words}[runningAt + ${runningRankedWord}] !== 0 ? ${words}[runningAt + ${runningPrioWord}] : ${tasks}[row + ${taskWordOf('prio')}];`,
          );
          emitter.line(`outView.setInt32(${at}, prio, true);`);
        } else {
          emitter.line(`outView.setInt32(${at}, ${tasks}[row + ${taskWordOf(source.column)}], true);`);
        }
        offset += 4;
        break;
      case 'name':
        emitter.line(`const named = isOn ? ${emitter.bind('running', running.words)} : ${tasks};`);
        emitter.line(`const nameAt = isOn ? runningAt + ${runningNameWord} : row + ${taskNameWord};`);
        for (let index = 0; index < 4; index += 1)
          emitter.line(`outView.setInt32(pos + ${offset + index * 4}, named[nameAt + ${index}], true);`);
        offset += 16;
        break;
      case 'group':
        emitter.line(`outView.setInt32(${at}, ${tasks}[ofProcess + ${taskGroupWord}], true);`);
        offset += 4;
        break;
      case 'container':
        for (let index = 0; index < containerBytes / 4; index += 1) {
          emitter.line(
            `outView.setInt32(pos + ${offset}, ${tasks}[ofProcess + ${taskContainerWord + index}], true);`,
          );
          offset += 4;
        }
        break;
      case 'flag':
        emitter.line(`out[${at}] = ((words[record] >>> 16) & ${source.mask}) === ${source.set} ? 1 : 0;`);
        offset += 1;
        break;
      case 'preemptible':
        emitter.line(`out[${at}] = ((words[record] >>> 24) & 15) === 0 ? 1 : 0;`);
        offset += 1;
        break;
      case 'stack':
        // They are the last ones, and of any length.
        emitter.line(`pos = ${stacks}.write(${JSON.stringify(source.of)}, record * 4, outView, ${at});`);
        offset = 0;
        break;
      default:
        source satisfies never;
    }
  }
  if (offset > 0) emitter.line(`pos += ${offset};`);
}
