/** The word that was most likely meant; undefined when none is near. */
export function closest(word: string, words: readonly string[]): string | undefined {
  const near = words
    .map((other) => ({ other, distance: distanceOf(word, other) }))
    .filter(({ other, distance }) => distance <= Math.max(1, Math.floor(other.length / 3)));
  return near.sort((a, b) => a.distance - b.distance)[0]?.other;
}

/** Letters to add, remove or change. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1];
    for (let index = 0; index < b.length; index++) {
      const change = (row[index] ?? 0) + (letter === b[index] ? 0 : 1);
      next.push(Math.min(change, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
