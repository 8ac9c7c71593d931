/** A signal that SIGINT and SIGTERM abort; the second of them ends the process as usual. */
export function untilInterrupted(): { signal: AbortSignal } & Disposable {
  const controller = new AbortController()
  const abort = (): void => controller.abort(new DOMException('interrupted', 'AbortError'))
  const names = ['SIGINT', 'SIGTERM'] as const
  for (const name of names) process.once(name, abort)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => names.forEach((name) => process.removeListener(name, abort)),
  }
}
