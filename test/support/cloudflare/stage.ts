// All that a deployment takes: an account, the internet before what it has deployed, and a clone to deploy from.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { CloudflareAccount } from './account.ts'
import { Clone } from './clone.ts'
import { LiveSite } from './live-site.ts'

export class Stage {
  readonly account: CloudflareAccount
  readonly clone: Clone
  readonly #site: LiveSite

  private constructor(account: CloudflareAccount, site: LiveSite) {
    this.account = account
    this.#site = site
    this.clone = new Clone({ ...account.environment, ...site.environment })
  }

  /** @param hosts beside workers.dev, and the Workers to which they lead */
  static async start(hosts: Readonly<Record<string, string>> = {}): Promise<Stage> {
    const account = await CloudflareAccount.start()
    return new Stage(account, await LiveSite.start(account, hosts))
  }

  /** The value of a setting or secret of the Worker that is deployed. */
  setting(name: string, worker = 'gatehouse'): string {
    return String(this.account.live(worker)?.bindings.find((binding) => binding.name === name)?.text)
  }

  /** What a deployment has left in the clone. */
  leftovers(): string[] {
    const kept = join(this.clone.folder, '.wrangler', 'deployment')
    const inFolder = readdirSync(this.clone.folder).filter((file) => file.startsWith('.wrangler-'))
    return [...inFolder, ...(existsSync(kept) ? readdirSync(kept) : [])]
  }

  async stop(): Promise<void> {
    this.clone.remove()
    await this.#site.stop()
    this.account.stop()
  }
}
