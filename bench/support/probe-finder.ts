// Finds a probe in a file, as whoever puts one there, and says how long that took: probe-finder FILE FUNCTION | FILE PROVIDER NAME
import { openElfFile } from '@spoor/elf/node';
import { findFunction, findSdtProbe } from '@spoor/kernel';

const [, , path = '', name = '', probe] = process.argv;
const beganMs = performance.now();
const elf = openElfFile(path);
const found = probe === undefined ? [findFunction(elf, name)] : findSdtProbe(elf, name, probe);
const tookMs = performance.now() - beganMs;
if (found.length === 0) throw new Error(`${path} has no ${name}`);
console.log(JSON.stringify({ tookMs }));
