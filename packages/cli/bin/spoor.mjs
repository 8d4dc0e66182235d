#!/usr/bin/env node
import { loadCommand } from './start.mjs';

const { main } = await loadCommand();
process.exitCode = await main(process.argv.slice(2));
