// `npm run rotate-keys`: gives the deployed server a new signing key. Edges change version at different moments, and no
// edge may refuse a valid token meanwhile:
//   1. every edge accepts the old key and the next one, still signing with the old
//   2. wait until this has reached every edge
//   3. sign with the next key; accept the old one until its last token expires, then drop it
import { setTimeout as wait } from 'node:timers/promises'
import type { JWK } from 'jose'
import { requireAccount } from './deployment/account.ts'
import { awaitAnswer } from './deployment/answers.ts'
import { changeSecrets } from './deployment/change-secrets.ts'
import { readTarget } from './deployment/configuration.ts'
import { announceKey, replaceKey, switchKey } from './deployment/key-rotation.ts'
import { requireLiveWorker } from './deployment/live.ts'
import { alone } from './deployment/lock.ts'
import { begin, done, run, Stopped } from './deployment/terminal.ts'
import { readOptions } from './options.ts'
import { useProxy } from './proxy.ts'
import { newSigningKey } from './setup.ts'

const USAGE = `Usage: npm run rotate-keys [-- options]

Gives the deployed server a new signing key, in about two minutes. Apps stay connected. If it is interrupted, run it
again.

  --compromised       an attacker may have the old key: the server refuses its tokens at once. Apps stay connected and
                      fetch new tokens
  --settle <seconds>  how long every edge gets to learn the next key (60)
  --worker <name>     the server that you deployed under this name, not the one in wrangler.toml`

const { values } = readOptions(USAGE, {
  compromised: { type: 'boolean', default: false },
  settle: { type: 'string', default: '60' },
  worker: { type: 'string' },
})

useProxy()
await run(rotate)

async function rotate(): Promise<void> {
  const settleSeconds = Number(values.settle)
  if (!(settleSeconds >= 0 && settleSeconds <= 600)) throw new Stopped('--settle takes 0 to 600 seconds.')
  const { worker, accountId } = readTarget(values.worker)
  await requireAccount(accountId)
  const { origin } = await requireLiveWorker(worker)
  if (origin === undefined)
    throw new Stopped(`${worker} does not know its address yet. Run \`npm run deploy\`.`)
  const next = await newSigningKey()
  await alone(worker, () =>
    values.compromised ? replace(worker, origin, next) : handOver(worker, origin, next, settleSeconds),
  )
}

async function replace(worker: string, origin: string, next: JWK): Promise<void> {
  await changeSecrets(worker, replaceKey(next))
  await awaitKeys(origin, 'Waiting for the new key to be the only one', ([first, ...more]) => {
    return first?.kid === next.kid && more.length === 0
  })
  done('What the old key has signed is refused. Apps fetch new tokens by themselves')
}

async function handOver(worker: string, origin: string, next: JWK, settleSeconds: number): Promise<void> {
  await changeSecrets(worker, announceKey(await publishedKeys(origin), next, Date.now()))
  await awaitKeys(origin, 'Waiting for the next key to be accepted', (seen) =>
    seen.some(({ kid }) => kid === next.kid),
  )
  begin(`Waiting ${settleSeconds} seconds, until every edge accepts it`)
  await wait(settleSeconds * 1000)
  await changeSecrets(worker, switchKey(next))
  await awaitKeys(origin, 'Waiting for the next key to sign', ([first]) => first?.kid === next.kid)
  done('The new key signs. The old one is accepted until its last token has expired')
}

async function publishedKeys(origin: string): Promise<JWK[]> {
  const url = `${origin}/jwks`
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
  if (!response?.ok) {
    const said = response ? `answers ${response.status}` : 'does not answer'
    throw new Stopped(`${url} ${said}. \`npm run doctor ${origin}\` tells more.`)
  }
  return ((await response.json()) as { keys: JWK[] }).keys
}

async function awaitKeys(
  origin: string,
  what: string,
  isRight: (keys: readonly JWK[]) => boolean,
): Promise<void> {
  await awaitAnswer(`${origin}/jwks`, what, (answer) => isRight((answer as { keys: JWK[] }).keys))
}
