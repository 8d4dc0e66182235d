// The text that goes into a rewritten function. It begins with names that no program has (a module that has them is
// left alone), stays on its line, and works, without recording, where there is no tracer: functions are turned into
// text and run elsewhere, in a page for example.

/** All names in rewritten text begin with it; the first one is the object that `runtime.ts` makes. */
export const PROBE_NAME = '$spoor';

const gate = `${PROBE_NAME}_k`;
const activation = `${PROBE_NAME}_a`;
/** The returned value; what it is at first means that nothing was returned yet. */
const result = `${PROBE_NAME}_r`;
const isTraced = `typeof ${PROBE_NAME}=="object"`;

/** What a rewritten function begins with. `finally` is reached by return and by throw; the result tells them apart. */
export function openingText(id: number, isCoroutine: boolean): string {
  return isCoroutine
    ? `const ${activation}=${isTraced}?${PROBE_NAME}.c(${id}):{s:v=>v,r:v=>v,w(){},x(){}};let ${result}=${activation};try{`
    : `const ${gate}=${isTraced}&&${PROBE_NAME}.f[${id}];if(${gate})${PROBE_NAME}.e(${id},${gate});let ${result}=${gate}&&${PROBE_NAME};try{`;
}

/** What it ends with, when its end is reached without `return`. */
export const endReachedText: string = `;${result}=void 0`;

export function closingText(id: number, isCoroutine: boolean): string {
  return isCoroutine
    ? `}finally{${activation}.x(${result}===${activation})}`
    : `}finally{if(${gate})${PROBE_NAME}.x(${id},${gate},${result}===${PROBE_NAME})}`;
}

/** Around the value of a `return`: what stands behind the word, and what behind the value. */
export const returned: readonly [string, string] = [` ${result}=(`, ')'];
/** The same for a function or class without a name, which an assignment would give one. */
export const returnedNameless: readonly [string, string] = [` ${result}=0,`, ''];
/** The same in async generators, which wait for the value. */
export const returnedLater: readonly [string, string] = [` ${activation}.s(${result}=(`, '))'];
export const returnedNamelessLater: readonly [string, string] = [` ${activation}.s((${result}=0,`, '))'];
/** Around a `return` without a value: with one an async generator would wait for it. */
export const returnedNothing: readonly [string, string] = [`{${result}=void 0;`, '}'];

/** Around `await x` and `yield x`: what waits, and what goes on. */
export const resumeText: string = `${activation}.r(`;
export const suspendText: string = ` ${activation}.s(`;
/** Where control may have come back by another way: a rejection, or `return()` of a generator. */
export const wakeText: string = `${activation}.w();`;
/** At the end of a turn of `for await`. */
export const waitText: string = `${activation}.s();`;
