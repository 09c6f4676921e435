// `npm run passphrase`: a new passphrase for the owner of the deployed server.
import { requireAccount } from './deployment/account.ts'
import { changeSecrets } from './deployment/change-secrets.ts'
import { readTarget } from './deployment/configuration.ts'
import { requireLiveWorker } from './deployment/live.ts'
import { alone } from './deployment/lock.ts'
import { forgetSecrets } from './deployment/secrets.ts'
import { done, isPersonWatching, run, Stopped } from './deployment/terminal.ts'
import { readOptions } from './options.ts'
import { useProxy } from './proxy.ts'
import { newPassphrase } from './setup.ts'

const USAGE = `Usage: npm run passphrase [-- --worker <name>]

Gives the owner of the deployed server a new passphrase and shows it once. The server refuses the old one from then on.
Everyone signs in again. Apps stay connected.

  --worker <name>   the server that you deployed under this name, not the one in wrangler.toml`

const { values } = readOptions(USAGE, { worker: { type: 'string' } })

useProxy()
await run(renew)

async function renew(): Promise<void> {
  if (!isPersonWatching())
    throw new Stopped('Run this at a terminal: a passphrase is shown to a person only.')
  const { worker, accountId } = readTarget(values.worker)
  await requireAccount(accountId)
  const { origin } = await requireLiveWorker(worker)
  const passphrase = newPassphrase()
  await alone(worker, async () => {
    await changeSecrets(worker, { OWNER_PASSPHRASE: passphrase })
    // A later deployment that finishes an interrupted one must not show the old passphrase.
    forgetSecrets(worker)
  })
  done('The old passphrase is no longer accepted')
  console.log(`
  Passphrase:  ${passphrase}
               It is shown this once: put it into your password manager.
  All users sign in again; apps stay connected. If an attacker knew the old one, look for apps, passkeys and
  invitations that you do not know at ${origin ?? ''}/account
`)
}
