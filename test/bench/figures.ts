export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1] ?? 0, sorted[middle] ?? 0];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** `--name value` from the arguments, as a whole number. */
export function option(args: readonly string[], name: string, otherwise: number): number {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(args[at + 1]);
}

/** Says a figure against its bar; true when it holds. */
export function judge(
  text: string,
  value: number,
  bar: { readonly min?: number; readonly max?: number },
): boolean {
  const holds = value >= (bar.min ?? -Infinity) && value <= (bar.max ?? Infinity);
  const said = bar.min === undefined ? `at most ${bar.max}` : `at least ${bar.min}`;
  console.log(`${holds ? 'holds' : 'FAILS'}  ${text}: ${value.toFixed(2)} (${said})`);
  return holds;
}
