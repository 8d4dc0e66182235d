/** What traces say of the process that made them, as resources of OTLP. */
import type { TraceInfo } from '../source-ctf-fs/trace-info.ts';
import { anyValue, keyValues, type KeyValue } from './otlp-values.ts';

/** Names of the semantic conventions for entries of LTTng's environment; others are `ctf.NAME`. */
const conventional: Readonly<Record<string, string>> = {
  hostname: 'host.name',
  vpid: 'process.pid',
  procname: 'process.executable.name',
};

/** Resources by trace, and those that its program told of. */
export class OtlpResources {
  private readonly ofTraces = new Map<TraceInfo, readonly KeyValue[]>();
  private readonly told = new Map<
    TraceInfo,
    Map<number, { text: string; attributes: readonly KeyValue[] }>
  >();

  /** The environment of a trace. */
  ofTrace(trace: TraceInfo): readonly KeyValue[] {
    let found = this.ofTraces.get(trace);
    if (found === undefined) {
      const { environment } = trace;
      const procname = environment.get('procname');
      const service = procname === undefined ? [] : [{ key: 'service.name', value: anyValue(procname) }];
      const rest = [...environment].map(([name, value]) => ({
        key: conventional[name] ?? `ctf.${name}`,
        value: anyValue(value),
      }));
      found = [...service, ...rest];
      this.ofTraces.set(trace, found);
    }
    return found;
  }

  /** Takes what an `otel:resource` event says; it is said again and again. */
  tell(trace: TraceInfo, id: number, text: string): void {
    let resources = this.told.get(trace);
    if (resources === undefined) {
      resources = new Map();
      this.told.set(trace, resources);
    }
    if (resources.get(id)?.text === text) return;
    const own = keyValues(parsedMembers(text));
    const names = new Set(own.map(({ key }) => key));
    const others = this.ofTrace(trace).filter(({ key }) => !names.has(key));
    resources.set(id, { text, attributes: [...own, ...others] });
  }

  /** The resource of a number; the environment alone if its event is not in the trace. */
  ofSpan(trace: TraceInfo, id: number): readonly KeyValue[] {
    return this.told.get(trace)?.get(id)?.attributes ?? this.ofTrace(trace);
  }
}

/** Members of a JSON object; none of a text that is not one. */
export function parsedMembers(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
