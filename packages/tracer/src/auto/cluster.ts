import type { Cluster, Worker } from 'node:cluster';
import { tracepoint } from './tracepoint.ts';
import { watchEmitter } from './emitters.ts';
import { guarded } from './guard.ts';
import { textOrNone } from './text.ts';
import { wrapMethod } from './wrap.ts';
import { apply } from '../primordials.ts';

/** The module, which its types describe as `import` sees it: with a default export, and the rest as names beside. */
type ClusterModule = Cluster & { readonly Worker: { readonly prototype: Worker } };

function isCluster(value: unknown): value is ClusterModule {
  return typeof value === 'object' && value !== null && 'isPrimary' in value && 'Worker' in value;
}

/**
 * Events of the workers of a cluster: in the primary process their spans and what they tell of themselves, in both the
 * messages. Loads node:cluster.
 */
export function startClusterEvents(): void {
  const workerBegin = tracepoint(
    'cluster:worker_begin',
    [
      ['id', 'u32'],
      ['pid', 'u32'],
    ],
    { logLevel: 'info' },
  );
  const workerOnline = tracepoint('cluster:online', [['id', 'u32']], { logLevel: 'info' });
  const workerListening = tracepoint(
    'cluster:listening',
    [
      ['id', 'u32'],
      ['address', 'string'],
      ['port', 'u16'],
    ],
    { logLevel: 'info' },
  );
  const workerDisconnect = tracepoint('cluster:disconnect', [['id', 'u32']], { logLevel: 'info' });
  const messageReceived = tracepoint('cluster:message_received', [['id', 'u32']], { logLevel: 'info' });
  const messageSent = tracepoint('cluster:message_sent', [['id', 'u32']], { logLevel: 'info' });
  const workerEnd = tracepoint(
    'cluster:worker_end',
    [
      ['id', 'u32'],
      ['exit_code', 'i32'],
      ['signal', 'string'],
    ],
    { logLevel: 'info' },
  );

  const cluster: unknown = process.getBuiltinModule('node:cluster');
  if (!isCluster(cluster)) throw new Error('node:cluster has no workers');
  if (cluster.isPrimary) {
    watchEmitter(cluster, (_cluster, name, first, second, third) => {
      const { id, process: child } = (first ?? {}) as Worker;
      switch (name) {
        case 'fork':
          workerBegin(id, child.pid ?? 0);
          break;
        case 'online':
          workerOnline(id);
          break;
        case 'listening': {
          const { address, port } = second as { readonly address: unknown; readonly port: unknown };
          workerListening(id, textOrNone(address), typeof port === 'number' && port > 0 ? port : 0);
          break;
        }
        case 'disconnect':
          workerDisconnect(id);
          break;
        case 'message':
          messageReceived(id);
          break;
        case 'exit':
          workerEnd(id, typeof second === 'number' ? second : 0, textOrNone(third));
          break;
        default:
          break;
      }
    });
  }
  const tellSent = guarded((worker: unknown) => messageSent((worker as Worker).id));
  wrapMethod(cluster.Worker.prototype, 'send', (original) => (self, args) => {
    tellSent(self);
    return apply(original, self, args);
  });
}
