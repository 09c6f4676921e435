// Changes secrets of the deployed Worker in one call, so that no version has one without the other.
import { runWrangler } from '../wrangler.ts'
import type { Secrets } from './secrets.ts'

/** @throws WranglerError */
export async function changeSecrets(worker: string, secrets: Secrets): Promise<void> {
  await runWrangler(['secret', 'bulk', '--name', worker], { input: JSON.stringify(secrets) })
}
