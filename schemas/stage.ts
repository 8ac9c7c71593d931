/** Counts and events of a run, passed in; see infra/telemetry. Names are dotted nouns: `crawl.pages`, `extract.rejected`. */
export interface Telemetry {
  count(name: string, by?: number, labels?: Readonly<Record<string, string>>): void
  /** One thing that happened, for people and logs. Fields are JSON values with units in their names. */
  event(name: string, fields?: Readonly<Record<string, unknown>>): void
}

interface StageContext {
  signal: AbortSignal
  telemetry: Telemetry
}

/** One step of a pipeline: a generator over a generator. Pulls no faster than it is pulled; stops at the signal. */
export type Stage<A, B> = (input: AsyncIterable<A> | Iterable<A>, context: StageContext) => AsyncGenerator<B>

/**
 * A stage that lets items through, changed or not, or drops them with a reason. Counts `{name}.in`, `{name}.out` and `{name}.dropped{reason}`.
 * @param judge what goes on, or a stable code of why not
 * @param reject told of each item that is dropped; nothing goes on before it is done
 */
export function sieve<A extends object, B extends object>(
  name: string,
  judge: (item: A) => B | string,
  reject: (item: A, reason: string) => void | Promise<void>,
): Stage<A, B> {
  return async function* (input, { signal, telemetry }) {
    for await (const item of input) {
      signal.throwIfAborted()
      telemetry.count(`${name}.in`)
      const verdict = judge(item)
      if (typeof verdict === 'string') {
        telemetry.count(`${name}.dropped`, 1, { reason: verdict })
        await reject(item, verdict)
      } else {
        telemetry.count(`${name}.out`)
        yield verdict
      }
    }
  }
}

/** Why something was dropped. `subject` names it (a URL or id); `reason` is a stable code. */
export interface Reject {
  subject: string
  reason: string
  stage: string
  /** JSON values; `label`: what it would have counted for. */
  details?: Readonly<Record<string, unknown>>
  /** What was dropped itself, as far as it is kept. */
  document?: Readonly<{ title: string; text: string }> | undefined
}
