#!/usr/bin/env node
// babeltrace2's command line: its verbs alone, and their options.
import { mainAsBabeltrace2 } from '../dist/main.js';

process.exitCode = await mainAsBabeltrace2(process.argv.slice(2));
