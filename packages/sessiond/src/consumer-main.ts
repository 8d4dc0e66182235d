// `node consumer-main.js SESSION`: what `recordCommand` starts, unless it is told of another file that does the same.
import { runConsumer } from './run-consumer.ts';

runConsumer(process.argv[2] ?? '');
