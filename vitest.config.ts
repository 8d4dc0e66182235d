import { defineConfig } from 'vitest/config';

// Certificates that Node.js 20 reads at each start, where this names them: three times as long as all else an empty program does.
delete process.env['NODE_EXTRA_CA_CERTS'];

const conditions = ['source'];
const resolve = { ssr: { resolve: { conditions, externalConditions: conditions } }, resolve: { conditions } };

// Quick tests share one thread; tests that start processes, daemons and browsers get processes of their own and longer
// limits; those that change the machine for all others come last, alone.
export default defineConfig({
  test: {
    globalSetup: ['scripts/bundle-tracer.mjs'],
    projects: [
      {
        ...resolve,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.proc.test.ts', '**/node_modules/**'],
          sequence: { groupOrder: 0 },
          pool: 'threads',
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        ...resolve,
        test: {
          name: 'process',
          include: ['packages/*/src/**/*.proc.test.ts', 'tests/**/*.test.ts'],
          exclude: ['**/*.alone.test.ts', '**/node_modules/**'],
          // After the quick ones, for they want the processors for themselves.
          sequence: { groupOrder: 1 },
          pool: 'forks',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        ...resolve,
        test: {
          name: 'alone',
          include: ['tests/**/*.alone.test.ts'],
          sequence: { groupOrder: 2 },
          pool: 'forks',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
