/** Preloaded into a process (`--import`), moves its wall clock three days on; timers and the monotonic clock stay. */
const AHEAD_MS = 3 * 24 * 3_600_000;
const RealDate = Date;
const now = RealDate.now.bind(RealDate);

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args) =>
    args.length === 0 ? new target(now() + AHEAD_MS) : Reflect.construct(target, args),
  apply: () => new RealDate(now() + AHEAD_MS).toString(),
  get: (target, name) => (name === 'now' ? () => now() + AHEAD_MS : Reflect.get(target, name)),
});
