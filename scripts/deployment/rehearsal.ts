// `npm run deploy -- --dry-run`: builds the Worker, checks its settings, reads the account, and says what a deployment
// would do. It changes nothing.
import { SECRETS } from '../setup.ts'
import { type Target, withOrigin } from './configuration.ts'
import { recordsNamespace, titleOf } from './first-deployment.ts'
import { type LiveWorker, liveWorker } from './live.ts'
import { keptSecrets } from './secrets.ts'
import { checkSettings } from './settings.ts'
import { done } from './terminal.ts'
import { type Bundle, tagOf, withBundle } from './upload.ts'

/** @throws Stopped, CloudflareError, WranglerError when a deployment would end with it */
export async function rehearse(target: Target): Promise<void> {
  const live = await liveWorker(target.worker)
  await checkSettings(target, live)
  done('The Worker accepts its settings')
  const steps = await withBundle(target.configuration, (bundle) => {
    done(`It builds: ${Math.round(bundle.compressedBytes / 1024)} KiB compressed`)
    return stepsOf(target, live, bundle)
  })
  console.log(`\n${told(target.worker, steps)}\nNothing was changed.`)
}

async function stepsOf(target: Target, live: LiveWorker | undefined, bundle: Bundle): Promise<string[]> {
  const { worker, configuration, namesRecords, requiredSecrets } = target
  const missing = requiredSecrets.filter((name) => !live?.secrets.has(name))
  const origin = target.origin ?? live?.origin
  const isDeployed = live?.tag === tagOf(bundle, withOrigin(configuration, origin))
  if (isDeployed && missing.length === 0) return []
  const needsRecords = !live?.recordsId && !namesRecords && (await recordsNamespace(worker)) === undefined
  return [
    ...(needsRecords ? [`create the KV namespace ${titleOf(worker)}`] : []),
    ...secretSteps(worker, missing),
    live ? `replace version ${live.version} of ${worker}` : `create the Worker ${worker}`,
    ...(origin === undefined ? ['deploy once more, with the address that Cloudflare gives it'] : []),
  ]
}

function secretSteps(worker: string, missing: readonly string[]): string[] {
  const kept = keptSecrets(worker)
  const isGiven = (name: string) => Object.hasOwn(kept, name) || Boolean(process.env[name])
  const ours = missing.filter((name) => name in SECRETS || isGiven(name))
  const others = missing.filter((name) => !ours.includes(name))
  return [
    ...(ours.length > 0 ? [`set the secrets ${ours.join(', ')}`] : []),
    ...others.map((name) => `ask for the secret ${name}`),
  ]
}

function told(worker: string, steps: readonly string[]): string {
  if (steps.length === 0) return `  ${worker} is deployed as it is here: a deployment would change nothing.\n`
  return `  A deployment would:\n${steps.map((step) => `    ${step}\n`).join('')}`
}
