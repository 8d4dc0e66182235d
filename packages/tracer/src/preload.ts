// What becomes `register.bundle.cjs`: what `--require @spoor/tracer/register` loads into each thread of a program.
import { loadTracer } from './load-tracer.ts';

loadTracer({ folder: __dirname, require });
// Who lists the modules of the program finds its own.
Object.defineProperty(require.cache, __filename, { enumerable: false });
