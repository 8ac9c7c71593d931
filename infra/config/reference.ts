import { configKeys } from './keys.ts'
import { sourceSettings } from './source.ts'

/** The config reference as Markdown, made of the schema; REFERENCE.md beside this file is its copy. */
export function configReference(): string {
  const rows = configKeys.map(
    ({ key, variable, default: value, description }) =>
      `| \`${key}\` | \`${variable}\` | ${value === undefined ? '–' : `\`${JSON.stringify(value)}\``} | ${description} |`,
  )
  const ofSources = Object.entries(sourceSettings).map(([name, { description = '' }]) => `| \`${name}\` | ${description} |`)
  return `# Settings

Flags go before the environment, the environment before \`orrery.toml\` in the working folder (or \`--config FILE\`), that before the defaults. Two flags that
give one setting two values are refused.
Any setting is a flag: \`--set miner.concurrency=8\`. \`orrery config show --origin\` prints what is in force and where it came from.
In TOML the part before the dot is the table: \`[miner]\`, \`concurrency = 8\`. A day without a time is its beginning in UTC.

| setting | environment | default | what it is for |
|---|---|---|---|
${rows.join('\n')}

A source is a table of its own, \`[[sources]]\`, and needs \`label\` and \`seeds\`; \`[sources.quality.c4]\` with \`enabled = true\` and the like
(schemas/json/quality-choice.json) belongs to the one above it.

| of a source | what it is for |
|---|---|
${ofSources.join('\n')}
`
}
