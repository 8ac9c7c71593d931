import { Name } from '#infra/config/values.ts'
import { OrreryError } from '#schemas/errors.ts'

/** The name of a dataset, as the command line has it. @throws OrreryError `invalid_argument` */
export function datasetName(name: string): string {
  if (Name.safeParse(name).success) return name
  throw new OrreryError('invalid_argument', `"${name.slice(0, 64)}" is no name of a dataset; use lower-case letters, digits and "-", at most 32.`, { name })
}
