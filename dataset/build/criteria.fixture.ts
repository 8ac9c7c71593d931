import type { Criteria } from './criteria.ts'

/** Every document is wanted. */
export const everything: Criteria = {
  jobs: [],
  labels: [],
  langs: [],
  hosts: [],
  licences: [],
  since: null,
  until: null,
  min_quality: null,
  max_rows: null,
  sample_seed: null,
}
