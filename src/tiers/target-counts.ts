/** How many things there are of each target; none of those that there are none of. */
export class TargetCounts {
  readonly #counts = new Map<string, number>();

  add(target: string | undefined): void {
    if (target !== undefined) this.#counts.set(target, (this.#counts.get(target) ?? 0) + 1);
  }

  remove(target: string | undefined): void {
    if (target === undefined) return;
    const left = (this.#counts.get(target) ?? 0) - 1;
    if (left > 0) this.#counts.set(target, left);
    else this.#counts.delete(target);
  }

  hasAny(targets: readonly string[]): boolean {
    return targets.some((target) => this.#counts.has(target));
  }
}
