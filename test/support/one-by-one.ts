/** Does `work` so many times, each when the one before has ended. */
export async function oneByOne(times: number, work: (index: number) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < times; index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what it is for
    await work(index);
  }
}
