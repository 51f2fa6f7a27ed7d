/** For the `default` of a switch over a union: reaching it is a bug. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
