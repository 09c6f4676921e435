// One setting as a text or a table, and the one sentence that is said when it is missing or malformed.
import * as z from 'zod'

/** A setting is missing or malformed. The message is for the operator's log: it names the variable, never a secret. */
export class SettingsError extends Error {}

/** A setting that only some deployments have. @throws SettingsError */
export function requireSetting(env: Env, name: string): string {
  const value: unknown = Reflect.get(env, name)
  if (typeof value === 'string' && value !== '') return value
  throw new SettingsError(
    `${name} is missing. Put it into .dev.vars, its name into the list \`required\` under [secrets] in wrangler.toml, ` +
      `and start \`npm run dev\` again; a deployment takes it from \`wrangler secret put ${name}\`.`,
  )
}

/** For a secret that setup and deploy make themselves. */
export function howToFix(name: string): string {
  return `Delete its line from .dev.vars and run \`npm run dev\`, or set it with \`wrangler secret put ${name}\`.`
}

export function readSwitch(name: string, value: string | undefined): boolean {
  if (!value || value === 'false') return false
  if (value === 'true') return true
  throw new SettingsError(`${name} must be "true" or "false".`)
}

/**
 * A list: `[[vars.NAME]]` in wrangler.toml, or its JSON where a setting can only be text.
 * @throws SettingsError
 */
export function readTables<T>(name: string, env: Env, schema: z.ZodType<T>): readonly T[] {
  // The type of env has it only where it is set.
  const parsed = z.array(schema).safeParse(readTable(Reflect.get(env, name)))
  if (parsed.success) return parsed.data
  const [{ path: [index, ...path] = [], message } = {}] = parsed.error.issues
  const where = typeof index === 'number' ? [`entry ${index + 1}`, ...path] : path
  throw new SettingsError(`${[name, ...where.map(String)].join(', ')}: ${message}.`)
}

function readTable(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? []
  try {
    return value === '' ? [] : JSON.parse(value)
  } catch {
    return value
  }
}
