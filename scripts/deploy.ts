// `npm run deploy`: from a clone to a server that answers. It checks what exists, does what is missing, and changes
// nothing else, so the owner can run it again at any time. See docs/deploy.md.
import { requireAccount } from './deployment/account.ts'
import { answersNow, awaitAnswer } from './deployment/answers.ts'
import {
  clearConfigFiles,
  readTarget,
  type Target,
  withOrigin,
  withRecords,
} from './deployment/configuration.ts'
import { claimRecords } from './deployment/first-deployment.ts'
import { type LiveWorker, liveVersion, liveWorker, requireLiveWorker } from './deployment/live.ts'
import { alone } from './deployment/lock.ts'
import { rehearse } from './deployment/rehearsal.ts'
import {
  clearRemains,
  forgetSecrets,
  forgetUploaded,
  keepSecrets,
  keptSecrets,
  makeSecrets,
  messageOf,
  type Secrets,
} from './deployment/secrets.ts'
import { checkSettings } from './deployment/settings.ts'
import { begin, done, isPersonWatching, run, Stopped, warn } from './deployment/terminal.ts'
import { type Bundle, tagOf, upload, withBundle } from './deployment/upload.ts'
import { CHECKS, newPatient } from './doctor/checks.ts'
import { examine } from './doctor/examine.ts'
import { connectClaude } from './how-to-connect.ts'
import { readOptions } from './options.ts'
import { useProxy } from './proxy.ts'

const USAGE = `Usage: npm run deploy [-- options]

Creates what is missing, deploys the Worker of wrangler.toml, and checks that it works. You can run it again at any
time: it creates nothing twice and never replaces a secret.

  --worker <name>       deploy under another name, with its own secrets, records and address: for trying things out
  --var <NAME:value>    use this setting instead of the one in wrangler.toml; repeat it for several settings
  --dry-run             change nothing: build, check the settings, read the account, and say what a deployment would do

Without a terminal, wrangler signs in with CLOUDFLARE_API_TOKEN.`

const NO_ADDRESS =
  'The Worker has no address. Put workers_dev = true, or a route with custom_domain = true, into wrangler.toml.'

const { values } = readOptions(USAGE, {
  worker: { type: 'string' },
  var: { type: 'string', multiple: true, default: [] },
  'dry-run': { type: 'boolean', default: false },
})

useProxy()
await run(deploy)

async function deploy(): Promise<void> {
  const target = readTarget(values.worker, readVars(values.var))
  const { worker } = target
  await requireAccount(target.accountId)
  if (values['dry-run']) return rehearse(target)
  const origin = await alone(worker, async () => {
    clearRemains(worker)
    clearConfigFiles(worker)
    const isResumed = Object.keys(keptSecrets(worker)).length > 0
    const reached = await withBundle(target.configuration, async (bundle) => {
      let found: string | undefined
      // Undefined: another deployment was faster. Check again what is left to do.
      while (found === undefined) found = await attempt(target, bundle, isResumed)
      return found
    })
    await handOverPassphrase(worker)
    return reached
  })
  await awaitAnswer(metadataOf(origin), `Waiting for ${origin} to answer`, namesItself(origin))
  await consultDoctor(origin)
  console.log(howToConnect(origin))
}

/** Deploys the Worker of this folder. Returns its origin; undefined when another deployment came first. */
async function attempt(target: Target, bundle: Bundle, isResumed: boolean): Promise<string | undefined> {
  const live = await liveWorker(target.worker)
  await checkSettings(target, live)
  return bringUp(target, live, await missingSecrets(target, live), bundle, isResumed)
}

function readVars(vars: readonly string[]): Record<string, string> {
  const pairs = vars.map((one) => /^(\w+):(.*)$/s.exec(one))
  if (!pairs.every((pair) => pair !== null)) throw new Stopped('--var takes NAME:value.')
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]))
}

/** The secrets that the Worker lacks: those that an earlier run created, otherwise new ones. */
async function missingSecrets(
  { worker, requiredSecrets }: Target,
  live: LiveWorker | undefined,
): Promise<Secrets> {
  const names = requiredSecrets.filter((name) => !live?.secrets.has(name))
  if (live) forgetUploaded(worker, live)
  const kept = keptSecrets(worker)
  const made = await makeSecrets(names.filter((name) => !Object.hasOwn(kept, name)))
  const all = { ...kept, ...made }
  keepSecrets(worker, all)
  if (names.length > 0) done(`Made ${names.join(', ')}`)
  return Object.fromEntries(names.map((name) => [name, all[name] as string]))
}

/**
 * Deploys what is not deployed yet, with its address as PUBLIC_URL. Returns the origin; undefined when another
 * deployment came first, and this one deployed nothing.
 */
async function bringUp(
  target: Target,
  live: LiveWorker | undefined,
  missing: Secrets,
  bundle: Bundle,
  isResumed: boolean,
): Promise<string | undefined> {
  const { worker, configuration } = target
  const guess = target.origin ?? live?.origin
  const guessed = withOrigin(configuration, guess)
  const isUploaded = live?.tag === tagOf(bundle, guessed) && Object.keys(missing).length === 0
  // An earlier run may have stopped before it set up this address.
  if (isUploaded && guess !== undefined && (await answersNow(metadataOf(guess), namesItself(guess)))) {
    done(`${worker} is deployed as it is here (version ${live?.version})`)
    return guess
  }
  begin(`Deploying ${worker}`)
  const records = live?.recordsId || target.namesRecords ? undefined : await claimRecords(worker, isResumed)
  // This must not replace a secret that another deployment has set since.
  if (Object.keys(missing).length > 0 && (await liveVersion(worker)) !== live?.version) return undefined
  const message = messageOf(missing) ?? live?.message
  const addresses = await upload(bundle, withRecords(guessed, records), missing, {
    tag: tagOf(bundle, guessed),
    message,
  })
  forgetUploaded(worker, { secrets: new Set(Object.keys(missing)), message })
  done(`Deployed ${worker}`)
  const origin = target.origin ?? addresses.find((one) => /^https:\/\/[^/]+\.workers\.dev$/.test(one))
  if (origin === undefined) throw new Stopped(NO_ADDRESS)
  if (origin !== guess) {
    begin(`Telling it its address, ${origin}`)
    const told = withOrigin(configuration, origin)
    await upload(bundle, told, {}, { tag: tagOf(bundle, told), message })
    done('Deployed once more, with its address as PUBLIC_URL')
  }
  return origin
}

function metadataOf(origin: string): string {
  return `${origin}/.well-known/oauth-protected-resource/mcp`
}

function namesItself(origin: string): (answer: unknown) => boolean {
  return (answer) => (answer as { resource?: string }).resource === `${origin}/mcp`
}

async function consultDoctor(origin: string): Promise<void> {
  const problems: string[] = []
  const checks = CHECKS.filter(({ registers }) => !registers)
  for await (const { check, problem } of examine(newPatient(new URL(`${origin}/mcp`)), checks)) {
    if (problem !== undefined) problems.push(`  ✗ ${check.rule}\n      ${problem}\n      Fix: ${check.fix}`)
  }
  if (problems.length > 0) {
    throw new Stopped(`It is deployed, but clients would stumble:\n${problems.join('\n')}`)
  }
  done(`It answers as its clients expect: ${checks.length} of ${checks.length} checks`)
}

/** Shows a new passphrase once. Before the checks, because the owner of an unreachable server needs it, too. */
async function handOverPassphrase(worker: string): Promise<void> {
  const { OWNER_PASSPHRASE: passphrase } = keptSecrets(worker)
  if (passphrase !== undefined) {
    const { message } = await requireLiveWorker(worker)
    if (message !== undefined && message !== messageOf({ OWNER_PASSPHRASE: passphrase })) {
      warn('Another deployment has set the passphrase. `npm run passphrase` makes a new one.')
    } else console.log(`\n  Passphrase:  ${shown(passphrase)}\n`)
  }
  forgetSecrets(worker)
}

function shown(passphrase: string): string {
  return isPersonWatching()
    ? `${passphrase}\n               You sign in with it. It is shown this once: put it into your password manager.`
    : 'not shown where it could be recorded. `npm run passphrase` at a terminal makes one that you see.'
}

function howToConnect(origin: string): string {
  const url = `${origin}/mcp`
  return `
  Your MCP server:  ${url}
  Connect Claude:   ${connectClaude(url)}
  Other apps:       ${origin}
  Who has access:   ${origin}/account
`
}
