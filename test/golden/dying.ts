/**
 * Wraps calls of a backend: after so many of all of them it is as if the process had been killed, and they throw "killed".
 * @param left of calls that still go through
 */
export function dyingAfter(left: number) {
  return <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      left-- > 0 ? call(...args) : Promise.reject(new Error('killed'))
}
