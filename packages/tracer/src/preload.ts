// What becomes `register.bundle.cjs`: what `--require @spoor/tracer/register` loads into each thread of a program.
import { loadTracer } from './load-tracer.ts';

loadTracer(__dirname);
// Who lists the modules of the program finds its own.
Object.defineProperty(require.cache, __filename, { enumerable: false });
