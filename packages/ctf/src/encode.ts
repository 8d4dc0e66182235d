/**
 * What a tracer needs of this package: TSDL writers, LTTng's layout and what generates code, without the readers, which
 * take a program many times longer to load.
 */
export { canCompile } from './compile.ts';
export { Emitter } from './emitter.ts';
export { formatEventTsdl, formatStreamTsdl, formatTraceTsdl } from './tsdl-writer.ts';
export {
  lttngEventHeader,
  lttngPacketContext,
  lttngPacketHeader,
  monotonicClock,
  structureClass,
  unsignedClass,
} from './lttng-layout.ts';
