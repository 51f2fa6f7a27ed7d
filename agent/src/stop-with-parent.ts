/** Calls `stop` when the process that started us has gone, however suddenly: our stdin, which it holds open, ends. */
export function stopWithParent(stop: () => void): void {
  process.stdin.on('end', stop).on('error', stop).resume();
}
