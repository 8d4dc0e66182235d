// A thread that prints a part of a trace's events for the command that started it.
const { workerData } = require('node:worker_threads');
const { loadCommand } = require('./start.cjs');

// The command itself keeps the compiled form.
void loadCommand(false).then(({ helpPrinting }) => helpPrinting(workerData));
