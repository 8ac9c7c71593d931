/** What only tells of a process, or stands in it for as long as a test takes: vitest puts back what is spied on and stubbed. */
const harmless = /\bprocess\.(?:env|execPath|argv|versions?|platform|cwd|stdout|stderr)\b|\bvi\.(?:spyOn|restoreAllMocks|stubEnv|unstubAllEnvs)\b/g
const touching = /(?<![-\w])process\.\w|\bvi\.\w|\b(?:alive-bytes|conformance\/object-store|soak\.fixture|stall-scene)\.ts'/

/** Whether a test file changes the process it runs in, or measures it, by its text: such a test shares it with no other. */
export const needsOwnProcess = (text: string): boolean => touching.test(text.replace(harmless, ''))
