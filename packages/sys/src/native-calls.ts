// Calls into koffi that the end of their thread must not come in the middle of: where it makes objects of JavaScript, koffi
// ends the whole process when its thread is being terminated, for it can neither make them nor throw.

type Guard = <Result>(call: () => Result) => Result;

let guard: Guard = (call) => call();

/** Has `own` make all such calls of this thread; what it throws, they throw. */
export function guardNativeCalls(own: Guard): void {
  guard = own;
}

/** Makes a call that the end of the thread must not come in the middle of. */
export function inOnePiece<Result>(call: () => Result): Result {
  return guard(call);
}
