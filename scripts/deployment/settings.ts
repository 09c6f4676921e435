// Checks before a deployment that the Worker accepts its settings. Visitors would see only that they are wrong.
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
  // Cloudflare never returns the values of secrets, so others of the same form replace them here.
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
