// `npm run passphrase`: a new passphrase for the owner of the deployed server.
import { requireAccount } from './deployment/account.ts'
import { changeSecrets } from './deployment/change-secrets.ts'
import { readTarget } from './deployment/configuration.ts'
import { requireLiveWorker } from './deployment/live.ts'
import { readOptions } from './deployment/options.ts'
import { forgetSecrets } from './deployment/secrets.ts'
import { done, isPersonWatching, run, Stopped } from './deployment/terminal.ts'
import { newPassphrase } from './setup.ts'

const USAGE = `Usage: npm run passphrase [-- --worker <name>]

Makes a new passphrase for the owner of the deployed server and shows it once; the old one is refused from then on.
Everybody signs in again; apps stay connected.

  --worker <name>   the server that was deployed under this name, not the one in wrangler.toml`

const values = readOptions({ worker: { type: 'string' }, help: { type: 'boolean', default: false } }, USAGE)

if (values.help) console.log(USAGE)
else await run(renew)

async function renew(): Promise<void> {
  if (!isPersonWatching())
    throw new Stopped('Run this at a terminal: a passphrase is shown to a person only.')
  const { worker, accountId } = readTarget(values.worker)
  await requireAccount(accountId)
  const { origin } = await requireLiveWorker(worker)
  const passphrase = newPassphrase()
  await changeSecrets(worker, { OWNER_PASSPHRASE: passphrase })
  // A deployment that is not finished must not show the old one.
  forgetSecrets(worker)
  done('The old passphrase is no longer accepted')
  console.log(`
  Passphrase:  ${passphrase}
               It is shown this once: put it into your password manager.
  Everybody signs in again; apps stay connected. If somebody else knew the old one, look for apps, passkeys and
  invitations that you do not know at ${origin ?? ''}/account
`)
}
