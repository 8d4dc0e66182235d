// Writes down the shapes of the control protocol's current version, which tests/control/protocol-shapes.test.ts holds later
// ones against: once when the version is raised, and when a member that may be absent was added. Builds must be fresh.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dist = new URL('../packages/control/dist/', import.meta.url);
const files = ['channel', 'counter-map', 'event-rule', 'output', 'session', 'tracker', 'trigger', 'protocol'];

const parts = files.map((name) => {
  const text = readFileSync(new URL(`${name}.d.ts`, dist), 'utf8')
    .replaceAll(/\/\*\*[^]*?\*\/\s*/g, '')
    .replace(/\/\/# sourceMappingURL.*\s*$/, '');
  return `// FILE ${name}.ts\n${text.trim()}\n`;
});
const { CONTROL_VERSION } = await import(new URL('protocol.js', dist).href);
const target = new URL(`../tests/control/fixtures/protocol-${CONTROL_VERSION}.txt`, import.meta.url);
writeFileSync(target, parts.join('\n'));
console.log(`wrote ${fileURLToPath(target)}`);
