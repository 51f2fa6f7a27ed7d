/** `did you mean "unit_price"?` for the nearest of the known names, or undefined when none is near. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase().slice(0, NAME_LENGTH_MAX);
  const distanceMax = Math.max(1, Math.floor(wanted.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase().slice(0, NAME_LENGTH_MAX));
    if (distance <= distanceMax && (best === undefined || distance < best.distance))
      best = { name: candidate, distance };
  }
  return best === undefined ? undefined : `did you mean "${best.name}"?`;
}

/** `there are: a, b, c`, shortened when there are many. */
export function listNames(known: Iterable<string>): string | undefined {
  const names = [...known];
  if (names.length === 0) return undefined;
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return names.length > NAMES_SHOWN_MAX
    ? `there are: ${shown} and ${names.length - NAMES_SHOWN_MAX} more`
    : `there are: ${shown}`;
}

const NAME_LENGTH_MAX = 64;
const NAMES_SHOWN_MAX = 12;

/** Levenshtein, with a swap of neighbours counted once: what fingers do. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((row[j - 1] ?? 0) + 1, (previous[j] ?? 0) + 1, (previous[j - 1] ?? 0) + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (beforePrevious[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
