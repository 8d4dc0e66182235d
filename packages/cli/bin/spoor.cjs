#!/usr/bin/env node
const { loadCommand } = require('./start.cjs');

void loadCommand().then(async ({ main }) => {
  process.exitCode = await main(process.argv.slice(2));
  // The command is done: messages of who started it, which modules that PM2 loads before it listen for, keep it no longer.
  process.channel?.unref();
});
