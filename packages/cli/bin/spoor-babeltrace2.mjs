#!/usr/bin/env node
// babeltrace2's command line: its verbs alone, and their options.
import { loadCommand } from './start.mjs';

const { mainAsBabeltrace2 } = await loadCommand();
process.exitCode = await mainAsBabeltrace2(process.argv.slice(2));
