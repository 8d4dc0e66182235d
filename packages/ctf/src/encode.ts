/**
 * What a tracer needs of this package: TSDL writers and the emitter of generated code, without the readers, which
 * take a program many times longer to load.
 */
export { Emitter } from './emitter.ts';
export { formatEventTsdl, formatTraceTsdl } from './tsdl-writer.ts';
