/** The known name that is most like `name`, for "Did you mean …?". Too little, and only on errors, to take a package for. */
export function nearestName(name: string, known: readonly string[]): string {
  const ranked = known.map((candidate) => ({
    candidate,
    distance: distanceOf(name.toLowerCase(), candidate.toLowerCase()),
    difference: Math.abs(name.length - candidate.length),
  }));
  ranked.sort((a, b) => a.distance - b.distance || a.difference - b.difference);
  return ranked[0]?.candidate ?? '';
}

/** Edits from one to the other; a beginning that is missing its end (or has one too many) counts as a single edit. */
function distanceOf(a: string, b: string): number {
  if (a !== b && (a.startsWith(b) || b.startsWith(a))) return 1;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
