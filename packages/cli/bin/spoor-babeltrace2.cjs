#!/usr/bin/env node
// babeltrace2's command line: its verbs alone, and their options.
const { loadCommand } = require('./start.cjs');

void loadCommand().then(async ({ mainAsBabeltrace2 }) => {
  process.exitCode = await mainAsBabeltrace2(process.argv.slice(2));
});
