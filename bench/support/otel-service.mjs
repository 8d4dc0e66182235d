// What bench/service.ts loads into the shop in place of the tracer: OpenTelemetry's automatic instrumentation of HTTP,
// net and DNS, its context by AsyncLocalStorage, and its batch processor with an exporter that does all but send.
import { createRequire } from 'node:module';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { DnsInstrumentation } from '@opentelemetry/instrumentation-dns';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NetInstrumentation } from '@opentelemetry/instrumentation-net';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const exporter = {
  export(spans, done) {
    JsonTraceSerializer.serializeRequest(spans);
    done({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
for (const Instrumentation of [HttpInstrumentation, NetInstrumentation, DnsInstrumentation]) {
  const made = new Instrumentation();
  made.setTracerProvider(provider);
  made.enable();
}
// They patch a module as it is required: the shop imports these, and gets the same objects.
const require = createRequire(import.meta.url);
for (const name of ['http', 'net', 'dns', 'dns/promises']) require(name);
