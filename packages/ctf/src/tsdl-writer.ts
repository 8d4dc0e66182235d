/**
 * Writes the model as TSDL, in the manner of LTTng: its names, its order of blocks, its indentation. What TSDL has no
 * words for (CTF 2 only) is refused with `ctf/not-expressible`. Roles are written by the names that imply them.
 */
import type { ClockClass, EventClass, IntegerFieldClass, StreamClass, TraceClass } from './model.ts';
import { FieldClassWriter, integerAliases, type WriterScopes } from './tsdl-field-writer.ts';
import { isName, stringLiteral } from './tsdl-names.ts';

/** Writes all of a trace class: {@link formatTraceTsdl} and each event. */
export function formatTsdl(traceClass: TraceClass): string {
  let text = formatTraceTsdl(traceClass);
  for (const stream of traceClass.streamClasses) {
    for (const event of stream.eventClasses) text += `\n${formatEventTsdl(event, stream.id, traceClass)}`;
  }
  return text;
}

/**
 * Writes what comes before the events: `/* CTF 1.8`, aliases, trace, environment, clocks, and `streams`, which are all
 * by default. Events that the trace class has are left out: {@link formatEventTsdl} writes each when it becomes known,
 * as {@link formatStreamTsdl} does with streams.
 */
export function formatTraceTsdl(
  traceClass: TraceClass,
  streams: readonly StreamClass[] = traceClass.streamClasses,
): string {
  const aliases = integerAliases(traceClass);
  let text = '/* CTF 1.8 */\n\n';
  for (const { name, integer } of aliases) {
    if (integer.clockName === undefined) text += aliasText(name, integer);
  }
  text += traceBlock(traceClass, aliases) + environmentBlock(traceClass);
  for (const clock of traceClass.clockClasses) text += clockBlock(clock);
  for (const { name, integer } of aliases) {
    if (integer.clockName !== undefined) text += `\n${aliasText(name, integer)}`;
  }
  for (const stream of streams) text += streamBlock(traceClass, stream, aliases);
  return text;
}

/** Writes the block of one stream class, which uses the aliases that {@link formatTraceTsdl} wrote for `traceClass`. */
export function formatStreamTsdl(traceClass: TraceClass, stream: StreamClass): string {
  return streamBlock(traceClass, stream, integerAliases(traceClass));
}

/**
 * Writes the block of one event class. The text of an event depends on the trace class only where a length or tag of
 * it lies in a scope of its stream; a native byte order is taken to be little-endian without one.
 */
export function formatEventTsdl(event: EventClass, streamId: bigint, traceClass?: TraceClass): string {
  const stream = traceClass?.streamClasses.find(({ id }) => id === streamId);
  const scopes = new Map([
    ...(traceClass === undefined ? [] : scopesOf(traceClass, stream)),
    ['event-specific-context' as const, event.specificContext],
    ['event-payload' as const, event.payload],
  ]);
  const writer = new FieldClassWriter(traceClass?.byteOrder ?? 'le', scopes, []);
  let text = 'event {\n';
  text += `\tname = ${stringLiteral(event.name)};\n\tid = ${event.id};\n\tstream_id = ${streamId};\n`;
  if (event.logLevel !== undefined) text += `\tloglevel = ${event.logLevel};\n`;
  if (event.emfUri !== undefined) text += `\tmodel.emf.uri = ${stringLiteral(event.emfUri)};\n`;
  text += writer.scopeText('event-specific-context', 'context') + writer.scopeText('event-payload', 'fields');
  return `${text}};\n`;
}

type Aliases = ReturnType<typeof integerAliases>;

function scopesOf(traceClass: TraceClass, stream: StreamClass | undefined): WriterScopes {
  return new Map([
    ['packet-header', traceClass.packetHeader],
    ['packet-context', stream?.packetContext],
    ['event-header', stream?.eventHeader],
    ['event-common-context', stream?.eventCommonContext],
  ]);
}

function aliasText(name: string, integer: IntegerFieldClass): string {
  const { lengthBits, alignmentBits, clockName } = integer;
  const attributes = `size = ${lengthBits}; align = ${alignmentBits}; signed = false;`;
  return clockName === undefined
    ? `typealias integer { ${attributes} } := ${name};\n`
    : `typealias integer {\n\t${attributes}\n\tmap = clock.${clockName}.value;\n} := ${name};\n`;
}

function traceBlock(traceClass: TraceClass, aliases: Aliases): string {
  const writer = new FieldClassWriter(traceClass.byteOrder, scopesOf(traceClass, undefined), aliases);
  let text = '\ntrace {\n\tmajor = 1;\n\tminor = 8;\n';
  if (traceClass.uuid !== undefined) text += `\tuuid = "${traceClass.uuid}";\n`;
  text += `\tbyte_order = ${traceClass.byteOrder};\n`;
  return `${text}${writer.scopeText('packet-header', 'packet.header')}};\n`;
}

function environmentBlock({ environment }: TraceClass): string {
  if (environment.size === 0) return '';
  let text = '\nenv {\n';
  for (const [key, value] of environment) {
    const name = isName(key) ? key : key.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?![A-Za-z_])/, '_');
    text += `\t${name} = ${typeof value === 'string' ? stringLiteral(value) : value};\n`;
  }
  return `${text}};\n`;
}

function clockBlock(clock: ClockClass): string {
  let text = `\nclock {\n\tname = ${isName(clock.name) ? `"${clock.name}"` : stringLiteral(clock.name)};\n`;
  if (clock.uuid !== undefined) text += `\tuuid = "${clock.uuid}";\n`;
  if (clock.description !== undefined) text += `\tdescription = ${stringLiteral(clock.description)};\n`;
  text += `\tfreq = ${clock.frequencyHz}; /* Frequency, in Hz */\n`;
  if (clock.precisionTicks !== 0n) text += `\tprecision = ${clock.precisionTicks};\n`;
  if (clock.offsetSeconds !== 0n) text += `\toffset_s = ${clock.offsetSeconds};\n`;
  text += '\t/* clock value offset from Epoch is: offset * (1/freq) */\n';
  text += `\toffset = ${clock.offsetTicks};\n`;
  if (clock.absolute) text += '\tabsolute = true;\n';
  return `${text}};\n`;
}

function streamBlock(traceClass: TraceClass, stream: StreamClass, aliases: Aliases): string {
  const writer = new FieldClassWriter(traceClass.byteOrder, scopesOf(traceClass, stream), aliases);
  const hasId = traceClass.packetHeader?.members.some(({ name }) => name === 'stream_id') ?? false;
  let text = '\nstream {\n';
  if (hasId || stream.id !== 0n) text += `\tid = ${stream.id};\n`;
  text += writer.scopeText('event-header', 'event.header');
  text += writer.scopeText('packet-context', 'packet.context');
  return `${text}${writer.scopeText('event-common-context', 'event.context')}};\n`;
}
