// A thread that writes a part of a report for the command that started it.
const { workerData } = require('node:worker_threads');
const { loadCommand } = require('./start.cjs');

// The command itself keeps the compiled form.
void loadCommand(false).then(({ helpReport }) => helpReport(workerData));
