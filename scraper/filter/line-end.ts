/** Marks that end a sentence, in the scripts that have one; a quote may stand behind. */
const terminal = /[.!?。！？．।॥؟۔។။።։"'”’»」』]$/u

export const endsInPunctuation = (line: string): boolean => terminal.test(line)

/** Languages that write no mark at the end of a sentence. */
export const unmarked: ReadonlySet<string> = new Set(['th', 'lo'])
