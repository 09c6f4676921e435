// What belongs to the sample, and how to take it out of a file. A line that ends in `// sample` or `# sample` belongs to
// it; so does a TOML table whose header does.

/** The folders of the sample. */
export const FOLDERS: readonly string[] = ['src/server/notes']

const LINE = /\s(?:\/\/|#) sample$/
const TABLE = /^\[.*\] # sample$/

export interface Without {
  readonly text: string
  /** How many lines are gone. */
  readonly removed: number
}

/** A file without its lines of the sample. */
export function withoutSample(text: string): Without {
  const lines = text.split('\n')
  const kept: string[] = []
  let isInTable = false
  for (const line of lines) {
    if (TABLE.test(line)) isInTable = true
    else if (isInTable && line.startsWith('[')) isInTable = false
    if (!isInTable && !LINE.test(line)) kept.push(line)
    // The blank line after a table goes with it.
    if (line === '') isInTable = false
  }
  return { text: kept.join('\n'), removed: lines.length - kept.length }
}

/** The classes of Durable Objects that the sample brings. */
export function sampleClasses(configuration: string): string[] {
  return [...configuration.matchAll(/^\[exports\.(\w+)\] # sample$/gm)].map(([, name]) => name as string)
}
