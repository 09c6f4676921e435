// What was asked for on the command line.
import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>

/** As parseArgs(). Ends the program with code 2 when it was asked for something that there is not. */
export function readOptions<T extends Options>(options: T, usage: string) {
  try {
    requireAll(Object.keys(options))
    return parseArgs({ options }).values
  } catch (error) {
    console.error(`✗ ${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}

// Without the `--` npm takes an option for its own, and we would do to the deployed server what nobody has asked for.
function requireAll(names: readonly string[]): void {
  const taken = names.find((name) => process.env[`npm_config_${name}`] !== undefined)
  if (taken === undefined) return
  throw new Error(
    `npm has kept --${taken} for itself. Put \`--\` before it: npm run ${process.env.npm_lifecycle_event} -- --${taken} …`,
  )
}
