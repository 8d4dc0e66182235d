#!/usr/bin/env node
const { loadCommand } = require('./start.cjs');

void loadCommand().then(async ({ main }) => {
  process.exitCode = await main(process.argv.slice(2));
});
