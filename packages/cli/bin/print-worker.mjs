// A thread that prints a part of a trace's events for the command that started it.
import { workerData } from 'node:worker_threads';
import { loadCommand } from './start.mjs';

const { helpPrinting } = await loadCommand();
await helpPrinting(workerData);
