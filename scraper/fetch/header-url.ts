import { percentEncodedBytes } from '#infra/net/header-lines.ts'
import { linkedUrl, type LinkedUrl } from '#schemas/identity/canonical-url.ts'

/**
 * Where a header leads. The characters of its value are bytes: those that are not ASCII are asked for as they are, whatever charset the server thinks in,
 * as browsers do.
 * @param base URL of what was asked for
 * @returns undefined for what is no page's address
 */
export const headerUrl = (value: string, base: string): LinkedUrl | undefined => linkedUrl(percentEncodedBytes(value), base)
