// `npm run deploy`: from a clone to a server that answers, in one command that can be run again at any time: it looks at
// what is there, does what is missing, and changes nothing else. docs/deploy.md tells more.
import { requireAccount } from './deployment/account.ts'
import { answersNow, awaitAnswer } from './deployment/answers.ts'
import { readTarget, type Target, withOrigin, withRecords } from './deployment/configuration.ts'
import { type LiveWorker, liveWorker } from './deployment/live.ts'
import {
  forgetSecrets,
  forgetUploaded,
  keepSecrets,
  keptSecrets,
  makeSecrets,
  type Secrets,
} from './deployment/secrets.ts'
import { begin, done, isPersonWatching, run, Stopped } from './deployment/terminal.ts'
import { type Bundle, tagOf, upload, withBundle } from './deployment/upload.ts'
import { CHECKS, examine } from './doctor/checks.ts'
import { readOptions } from './options.ts'
import { useProxy } from './proxy.ts'
import { wrangler } from './wrangler.ts'

const USAGE = `Usage: npm run deploy [-- options]

Creates what is missing, deploys the Worker of wrangler.toml, and checks that it works. You can run it again at any
time: it creates nothing twice and never replaces a secret.

  --worker <name>       deploy under another name, with its own secrets, records and address: for trying things out
  --var <NAME:value>    use this setting instead of the one in wrangler.toml; repeat it for several settings

Without a terminal, wrangler signs in with CLOUDFLARE_API_TOKEN.`

const NO_ADDRESS =
  'The Worker has no address. Put workers_dev = true, or a route with custom_domain = true, into wrangler.toml.'

const { values } = readOptions(USAGE, {
  worker: { type: 'string' },
  var: { type: 'string', multiple: true, default: [] },
})

useProxy()
await run(deploy)

async function deploy(): Promise<void> {
  const target = readTarget(values.worker, readVars(values.var))
  const { worker } = target
  await requireAccount(target.accountId)
  const live = await liveWorker(worker)
  const missing = await missingSecrets(target, live)
  const origin = await withBundle(target.configuration, (bundle) => bringUp(target, live, missing, bundle))
  await awaitAnswer(metadataOf(origin), `Waiting for ${origin} to answer`, namesItself(origin))
  await consultDoctor(origin)
  console.log(howToConnect(origin, keptSecrets(worker).OWNER_PASSPHRASE))
  forgetSecrets(worker)
}

function readVars(vars: readonly string[]): Record<string, string> {
  const pairs = vars.map((one) => /^(\w+):(.*)$/s.exec(one))
  if (!pairs.every((pair) => pair !== null)) throw new Stopped('--var takes NAME:value.')
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]))
}

/** The secrets that the Worker lacks: those that an earlier run has made, and else new ones. */
async function missingSecrets(
  { worker, requiredSecrets }: Target,
  live: LiveWorker | undefined,
): Promise<Secrets> {
  const names = requiredSecrets.filter((name) => !live?.secrets.has(name))
  forgetUploaded(worker, live?.secrets ?? new Set())
  const kept = keptSecrets(worker)
  const made = await makeSecrets(names.filter((name) => !Object.hasOwn(kept, name)))
  const all = { ...kept, ...made }
  keepSecrets(worker, all)
  if (names.length > 0) done(`Made ${names.join(', ')}`)
  return Object.fromEntries(names.map((name) => [name, all[name] as string]))
}

/** Deploys what is not deployed yet, and tells the Worker its address. Returns that: its origin. */
async function bringUp(
  target: Target,
  live: LiveWorker | undefined,
  missing: Secrets,
  bundle: Bundle,
): Promise<string> {
  const { worker, configuration } = target
  const guess = target.origin ?? live?.origin
  const guessed = withOrigin(configuration, guess)
  const isUploaded = live?.tag === tagOf(bundle, guessed) && Object.keys(missing).length === 0
  // An address that does not answer may be one that an earlier run did not come to set up.
  if (isUploaded && guess !== undefined && (await answersNow(metadataOf(guess), namesItself(guess)))) {
    done(`${worker} is deployed as it is here (version ${live?.version})`)
    return guess
  }
  begin(`Deploying ${worker}`)
  const records = live?.recordsId || target.namesRecords ? undefined : await orphanedRecords(worker)
  const addresses = await upload(bundle, withRecords(guessed, records), missing, tagOf(bundle, guessed))
  forgetUploaded(worker, new Set(Object.keys(missing)))
  done(`Deployed ${worker}`)
  const origin = target.origin ?? addresses.find((one) => /^https:\/\/[^/]+\.workers\.dev$/.test(one))
  if (origin === undefined) throw new Stopped(NO_ADDRESS)
  if (origin !== guess) {
    begin(`Telling it its address, ${origin}`)
    const told = withOrigin(configuration, origin)
    await upload(bundle, told, {}, tagOf(bundle, told))
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

/**
 * The KV namespace that wrangler would make, if it is there although the Worker is not: an earlier deployment was cut
 * short in between, or the Worker was removed since. wrangler alone would stumble over it.
 */
async function orphanedRecords(worker: string): Promise<string | undefined> {
  const list = JSON.parse(await wrangler('kv', 'namespace', 'list')) as { id: string; title: string }[]
  const orphan = list.find(({ title }) => title === `${worker}-records`)
  if (orphan) done(`Found the records of an earlier deployment (KV namespace ${orphan.id})`)
  return orphan?.id
}

async function consultDoctor(origin: string): Promise<void> {
  const problems: string[] = []
  const checks = CHECKS.filter(({ registers }) => !registers)
  for await (const { check, problem } of examine(new URL(`${origin}/mcp`), checks)) {
    if (problem !== undefined) problems.push(`  ✗ ${check.rule}\n      ${problem}\n      Fix: ${check.fix}`)
  }
  if (problems.length > 0) {
    throw new Stopped(`It is deployed, but clients would stumble:\n${problems.join('\n')}`)
  }
  done(`It answers as its clients expect: ${checks.length} of ${checks.length} checks`)
}

/** @param passphrase if it was made just now */
function howToConnect(origin: string, passphrase: string | undefined): string {
  const url = `${origin}/mcp`
  const lines = [
    '',
    `  Your MCP server:  ${url}`,
    `  Connect Claude:   claude mcp add --transport http gatehouse ${url}`,
    `  Other apps:       ${origin}`,
    `  Who has access:   ${origin}/account`,
  ]
  if (passphrase !== undefined) lines.push(`  Passphrase:       ${shown(passphrase)}`)
  return `${lines.join('\n')}\n`
}

function shown(passphrase: string): string {
  return isPersonWatching()
    ? `${passphrase}\n                    You sign in with it. It is shown this once: put it into your password manager.`
    : 'not shown where it could be recorded. `npm run passphrase` at a terminal makes one that you see.'
}
