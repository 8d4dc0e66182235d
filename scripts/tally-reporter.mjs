// A reporter for vitest that writes what became of the tests as JSON, for scripts/test.mjs: `passed` and `skipped` as
// counts, `failed` by name, `lacking` as skipped tests a suite. A test that never comes back, in a loop without an end
// for one, can be ended by no time limit within its process: after minutes in which nothing at all was heard, the file
// is written with what ran then as failed, and `stalled` is set.
import { renameSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/** More than the longest limit of a test or hook, of which nothing is heard meanwhile. */
const silenceMs = Number(process.env.SPOOR_TEST_SILENCE_MS ?? 1_080_000);

export default class TallyReporter {
  #path = process.env.SPOOR_TEST_TALLY;
  #root = process.cwd();
  #running = new Set();
  #heardAt = performance.now();
  #tally = { passed: 0, skipped: 0, failed: [], lacking: {}, stalled: false };

  onInit() {
    setInterval(() => this.#look(), 1000).unref();
  }

  #name(module) {
    return relative(this.#root, module.moduleId);
  }

  #look() {
    if (this.#tally.stalled || performance.now() - this.#heardAt < silenceMs) return;
    this.#tally.stalled = true;
    for (const name of this.#running) this.#tally.failed.push(`${name} (nothing was heard of it any more)`);
    this.#write();
  }

  #write() {
    // Whole or absent, for who looks meanwhile.
    const draft = `${this.#path}.draft`;
    writeFileSync(draft, JSON.stringify(this.#tally));
    renameSync(draft, this.#path);
  }

  #heard() {
    this.#heardAt = performance.now();
  }

  onTestModuleQueued(module) {
    this.#heard();
    this.#running.add(this.#name(module));
  }

  onTestModuleEnd(module) {
    this.#heard();
    const name = this.#name(module);
    this.#running.delete(name);
    if (module.errors().length > 0)
      this.#tally.failed.push(`${name}: it could not be loaded, or ended with an error`);
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) this.#tally.failed.push(`${name}: around ${suite.fullName}`);
    }
  }

  onTestCaseReady(test) {
    this.#heard();
    this.#running.add(`${this.#name(test.module)}: ${test.fullName}`);
  }

  onHookStart() {
    this.#heard();
  }

  onHookEnd() {
    this.#heard();
  }

  onTestCaseResult(test) {
    this.#heard();
    const name = `${this.#name(test.module)}: ${test.fullName}`;
    this.#running.delete(name);
    const { state } = test.result();
    if (state === 'passed') this.#tally.passed += 1;
    else if (state === 'failed') this.#tally.failed.push(name);
    else {
      this.#tally.skipped += 1;
      const suite = `${this.#name(test.module)}: ${test.parent.type === 'suite' ? test.parent.fullName : test.name}`;
      this.#tally.lacking[suite] = (this.#tally.lacking[suite] ?? 0) + 1;
    }
  }

  onTestRunEnd() {
    this.#write();
  }
}
