// The type of Env, which wrangler generates from a wrangler.toml.
import { WranglerError, wrangler } from './wrangler.ts'

interface Generated {
  readonly file: string
  readonly configuration: string
}

/** Of your server, and of the one that the engine's tests run. */
export const GENERATED: readonly Generated[] = [
  { file: 'src/env.d.ts', configuration: 'wrangler.toml' },
  { file: 'test/fixture/src/env.d.ts', configuration: 'test/fixture/wrangler.toml' },
]

const SETTINGS = ['--include-runtime=false', '--strict-vars=false', '--env-file', '.dev.vars.example']

export async function writeTypes({ file, configuration }: Generated): Promise<void> {
  await wrangler('types', file, '--config', configuration, ...SETTINGS)
}

export async function areTypesFresh({ file, configuration }: Generated): Promise<boolean> {
  try {
    await wrangler('types', file, '--config', configuration, ...SETTINGS, '--check')
    return true
  } catch (error) {
    if (error instanceof WranglerError && /out of date|not found/.test(error.message)) return false
    throw error
  }
}
