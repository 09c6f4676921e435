// `npm run interrupt`: interrupts a first deployment at every call to Cloudflare, and checks that the next one finishes it.
import { readOptions } from '../../scripts/options.ts'
import { Stage } from '../support/cloudflare/stage.ts'

const USAGE = `Usage: npm run interrupt [-- <call> …]

Interrupts a first deployment at each call to Cloudflare in three ways: killed before it, killed after it, refused.
Deploys again each time and checks that nothing is left half done.

  <call>   only at calls that begin so, such as PUT`

const ORIGIN = 'https://gatehouse.acme.workers.dev'
const REFUSAL = { status: 403, code: 10000, message: 'Authentication error' }
const WAYS = ['killed before', 'killed after', 'refused'] as const

interface Round {
  /** The calls of the deployment that was interrupted. */
  readonly calls: readonly string[]
  /** What is not as it should be in the end. */
  readonly problems: readonly string[]
}

const { positionals: asked } = readOptions(USAGE, {}, { positionals: true })
const { calls } = await deployTwice(() => undefined)
console.log(`A first deployment makes ${calls.length} calls.`)
let rounds = 0
let failures = 0
for (const [index, call] of calls.entries()) {
  if (asked.length > 0 && !asked.some((start) => call.startsWith(start))) continue
  for (const way of WAYS) {
    const { problems } = await deployTwice((at, phase) =>
      at === index && phase === (way === 'killed after' ? 'after' : 'before') ? way : undefined,
    )
    rounds++
    if (problems.length > 0) failures++
    console.log(`${problems.length === 0 ? '✓' : '✗'} ${way} call ${index + 1}, ${call}`)
    for (const problem of problems) console.log(`    ${problem}`)
  }
}
console.log(`\n${rounds - failures} of ${rounds} interrupted deployments were finished by the next one.`)
process.exitCode = failures === 0 ? 0 : 1

async function deployTwice(
  interruption: (call: number, phase: 'before' | 'after') => (typeof WAYS)[number] | undefined,
): Promise<Round> {
  const stage = await Stage.start()
  const { account, clone } = stage
  try {
    const first = clone.start('deploy')
    account.interrupt = (_call, phase) => {
      const way = interruption(account.calls.length - 1, phase)
      if (way && way !== 'refused') first.kill()
      // Who is killed before the call has not made it.
      return way === undefined || phase === 'after' ? undefined : REFUSAL
    }
    await first.outcome
    const made = account.calls.slice()
    account.interrupt = () => undefined
    const { code, output } = await clone.run('deploy')
    const settled = account.changes.length
    const problems = code === 0 ? wrongs(stage) : [`The second run ended with ${code}:\n${output}`]
    await clone.run('deploy')
    if (account.changes.length > settled) problems.push('A third run still changed something.')
    return { calls: made, problems }
  } finally {
    await stage.stop()
  }
}

function wrongs(stage: Stage): string[] {
  const { namespaces, workers } = stage.account
  const publicUrl = stage.setting('PUBLIC_URL')
  const records = stage.account.live('gatehouse')?.bindings.find(({ name }) => name === 'RECORDS')
  const passphrases = new Set(
    workers
      .get('gatehouse')
      ?.map(({ bindings }) => bindings.find(({ name }) => name === 'OWNER_PASSPHRASE')?.text),
  )
  const leftovers = stage.leftovers()
  return [
    publicUrl === ORIGIN ? '' : `PUBLIC_URL is ${publicUrl}`,
    namespaces.size === 1 ? '' : `There are ${namespaces.size} KV namespaces`,
    namespaces.has(String(records?.namespace_id)) ? '' : 'RECORDS is no namespace',
    passphrases.size === 1 ? '' : `There were ${passphrases.size} passphrases`,
    leftovers.length === 0 ? '' : `Left behind: ${leftovers}`,
  ].filter((problem) => problem !== '')
}
