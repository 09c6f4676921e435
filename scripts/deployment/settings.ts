// Whether the Worker would start with its settings: it tells visitors only that it is not set up correctly.
import { loadSettings } from '#engine/settings/load.ts'
import { SettingsError } from '#engine/settings/setting.ts'
import { SECRETS } from '../setup.ts'
import type { Target } from './configuration.ts'
import type { LiveWorker } from './live.ts'
import { Stopped } from './terminal.ts'

/** @throws Stopped with the sentence that names the setting */
export async function checkSettings(
  { configuration, requiredSecrets }: Target,
  live: LiveWorker | undefined,
): Promise<void> {
  // The values of secrets are shown to nobody: others of the same form stand in for them.
  const names = [...requiredSecrets, ...(live?.secrets ?? [])]
  const made = await Promise.all(names.map(async (name) => [name, await standIn(name)] as const))
  try {
    loadSettings({ ...configuration.vars, ...Object.fromEntries(made) } as unknown as Env)
  } catch (error) {
    throw error instanceof SettingsError ? new Stopped(`${error.message} Nothing was deployed.`) : error
  }
}

async function standIn(name: string): Promise<string> {
  return (await SECRETS[name]?.()) ?? 'x'.repeat(64)
}
