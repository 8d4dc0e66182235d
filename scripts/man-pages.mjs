// Writes the manual pages of the command, packages/cli/man/*, from what `tsc -b` made of its definitions.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manualPages } from '../packages/cli/dist/man/pages.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'packages/cli/man');
const pages = manualPages(readFileSync(join(root, 'docs/manual/filter.md'), 'utf8'));

mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(join(folder, name));
for (const [name, text] of pages) writeFileSync(join(folder, name), text);
