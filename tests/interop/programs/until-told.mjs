// until-told.mjs: emits an event a millisecond and prints "ready" after the first hundred; ends when told to.
import { tracepoint } from '@spoor/tracer';

const beat = tracepoint('told:beat', { number: 'u32' });
let number = 0;
setInterval(() => {
  beat(number++);
  if (number === 100) console.log('ready');
}, 1);
