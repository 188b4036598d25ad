/** One after the other, so that nobody takes time from another; all at once where nothing is measured. */
export async function inTurn<T, R>(
  items: readonly T[],
  isAllAtOnce: boolean,
  act: (item: T) => Promise<R>,
): Promise<R[]> {
  if (isAllAtOnce) return Promise.all(items.map((item) => act(item)));
  const results: R[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}
