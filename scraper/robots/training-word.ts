import type { Rights } from '#schemas/rights.ts'

/** Whether a model may be trained on a page, and where that is said. */
export interface TrainingWord {
  allowed: boolean
  by: NonNullable<Rights['ai_train_by']>
}

/**
 * What speaks of training, the nearest first: `Content-Signal` (draft-romm-aipref-contentsignals) says `ai-train=no`, `Content-Usage`
 * (draft-ietf-aipref-vocab) `train-ai=n`; the others are of its earlier versions, whose wider categories held the training of models.
 */
const categories: readonly (readonly string[])[] = [
  ['ai-train', 'train-ai', 'train-genai', 'ai', 'genai'],
  ['tdm', 'bots', 'all'],
]
const preferencesCharsMax = 4096

/**
 * Reads `search=yes, ai-train=no` or `train-ai=n`: a structured-field dictionary in which the last of two equal keys counts, parameters and what nobody
 * knows are passed over. Of categories that speak of training, one that forbids it outweighs another.
 * @returns undefined when nothing is said of it
 */
export function trainingPreference(text: string): boolean | undefined {
  const said = new Map<string, boolean>()
  for (const [, key = '', value = ''] of text.slice(0, preferencesCharsMax).matchAll(/(?<![a-z\d_.*-])([a-z][a-z\d_.*-]*)\s*[=:]\s*["'?]?([a-z\d]+)/gi)) {
    const label = key.toLowerCase().replaceAll('_', '-')
    if (/^(?:y|yes|1|true)$/i.test(value)) said.set(label, true)
    else if (/^(?:n|no|0|false)$/i.test(value)) said.set(label, false)
    else said.delete(label)
  }
  for (const labels of categories) {
    const values = labels.map((label) => said.get(label)).filter((value) => value !== undefined)
    if (values.length > 0) return !values.includes(false)
  }
  return undefined
}

/** The same, with where it stands. */
export const trainingWord =
  (by: TrainingWord['by']) =>
  (text: string): TrainingWord | undefined => {
    const allowed = trainingPreference(text)
    return allowed === undefined ? undefined : { allowed, by }
  }

/** One that forbids outweighs any that allows (draft-ietf-aipref-vocab, combining preferences). */
export const strictestTraining = (words: readonly (TrainingWord | undefined)[]): TrainingWord | undefined =>
  words.find((word) => word?.allowed === false) ?? words.find((word) => word !== undefined)
