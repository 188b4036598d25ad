/** Goes on with a value: at once where it is there, since a promise would cost a turn of the queue; when it has come else. */
export function whenReady<T, Result>(
  value: T | Promise<T>,
  go: (value: T) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(go) : go(value);
}
