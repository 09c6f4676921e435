// The arguments of a command. Every command reads them here, so that all of them refuse the same mistakes.
import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>

interface Extras<P extends boolean> {
  /** Whether the command takes words besides options, such as a name. */
  readonly positionals?: P
}

/**
 * Reads the options. Prints the usage and ends the program for `--help`, and with code 2 for a mistake.
 * @param usage what the command does, and each of its options
 */
export function readOptions<T extends Options, P extends boolean = false>(
  usage: string,
  options: T,
  { positionals }: Extras<P> = {},
) {
  if (isHelpAsked()) endWith(usage)
  try {
    requireNoneKept(Object.keys(options))
    return parseArgs({ options, allowPositionals: positionals ?? (false as P) })
  } catch (error) {
    return refuse((error as Error).message, usage)
  }
}

/**
 * For a command that hands all its options to another program.
 * @param names of options that people use, to notice when npm has kept one
 */
export function passOptions(usage: string, names: readonly string[]): readonly string[] {
  if (isHelpAsked()) endWith(usage)
  try {
    requireNoneKept(names)
    return process.argv.slice(2)
  } catch (error) {
    return refuse((error as Error).message, usage)
  }
}

/** A whole number of at least 1. Ends the program with code 2 if it is none. */
export function readCount(name: string, value: string, usage: string): number {
  const count = Number(value)
  if (Number.isSafeInteger(count) && count > 0) return count
  return refuse(`--${name} takes a whole number of at least 1, not "${value}".`, usage)
}

/** Ends the program with code 2, for arguments that the command does not take. */
export function refuse(what: string, usage: string): never {
  console.error(`✗ ${what}\n`)
  console.log(usage)
  process.exit(2)
}

function endWith(usage: string): never {
  console.log(usage)
  process.exit(0)
}

function isHelpAsked(): boolean {
  return process.argv.slice(2).some((word) => word === '--help' || word === '-h')
}

// Without `--`, npm keeps an option for itself and says nothing. The command would then change the wrong server.
function requireNoneKept(names: readonly string[]): void {
  const typed = process.argv.slice(2).map((word) => word.split('=')[0])
  const kept = names.find((name) => !typed.includes(`--${name}`) && isKeptByNpm(name))
  if (kept === undefined) return
  const command = process.env.npm_lifecycle_event ?? '…'
  throw new Error(`npm kept --${kept} for itself. Type \`--\` before it: npm run ${command} -- --${kept} …`)
}

function isKeptByNpm(name: string): boolean {
  // npm reads --no-x as x=false, and writes a dash as an underscore.
  const value = process.env[`npm_config_${name.replace(/^no-/, '').replaceAll('-', '_')}`]
  // `scope` is a setting of npm, too; in an .npmrc it begins with @.
  return value !== undefined && !(name === 'scope' && value.startsWith('@'))
}
