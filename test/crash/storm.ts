// T9: a storm of redemptions, refreshes, notes and revocations while the server is killed again and again. Each app
// believes only what was acknowledged; the invariants are checked from outside.
import { DevServer } from '../support/dev-server.ts'
import { type Fields, Remote } from '../support/remote.ts'

const APPS = 8
/** A grant refuses more rotations an hour than a hundred. */
const REFRESHES_PER_GRANT = 40

export interface Report {
  kills: number
  redemptions: number
  refreshes: number
  notes: number
  revocations: number
  /** Requests whose answer a crash swallowed. */
  lost: number
  broken: string[]
}

interface Connection {
  readonly redemption: Fields
  refreshToken: string
  revoked: boolean
}

/** The outcome of a request: an answer, or unknown. */
type Answer = { status: number; body: { [name: string]: unknown } } | 'lost'

export async function crashStorm(
  kills: number,
  progress: (report: Report) => void = () => {},
): Promise<Report> {
  const report: Report = {
    kills: 0,
    redemptions: 0,
    refreshes: 0,
    notes: 0,
    revocations: 0,
    lost: 0,
    broken: [],
  }
  const server = await DevServer.start()
  try {
    const remote = new Remote(server.origin)
    await remote.signIn(server.passphrase)
    await remote.register()
    const apps = Array.from({ length: APPS }, (_, n) => new StormyApp(remote, report, n))
    let over = false
    const storm = Promise.all(apps.map((app) => app.run(() => over)))
    while (report.kills < kills) {
      await passed(300 + Math.random() * 900)
      // At any moment, but not so often that a busy machine gets nothing done in between.
      while (report.refreshes < report.kills) await passed(20)
      report.kills++
      // Mostly the worker alone, sometimes everything.
      if (report.kills % 10 === 0) await server.restart()
      else server.killWorker()
      await answering(remote)
      progress(report)
    }
    over = true
    await storm
    for (const app of apps) await app.verify()
    return report
  } finally {
    await server.stop()
  }
}

class StormyApp {
  readonly #remote: Remote
  readonly #report: Report
  readonly #name: string
  readonly #connections: Connection[] = []
  readonly #notes: string[] = []
  #accessToken = ''

  constructor(remote: Remote, report: Report, number: number) {
    this.#remote = remote
    this.#report = report
    this.#name = `app ${number}`
  }

  async run(over: () => boolean): Promise<void> {
    while (!over()) {
      const connection = await this.#connect(over)
      for (let n = 0; connection && n < REFRESHES_PER_GRANT && !over(); n++) {
        await this.#refresh(connection)
        await this.#addNote()
      }
      if (connection && this.#connections.length % 2 === 0) await this.#revoke(connection)
    }
  }

  /** What must hold when the storm is over. Codes come last, since a code that is used again ends its grant. */
  async verify(): Promise<void> {
    for (const connection of this.#connections) await this.#verifyRefresh(connection)
    for (const text of this.#notes) {
      const found = await this.#ask(() => this.#remote.callTool(this.#accessToken, 'search_notes', { text }))
      if (!JSON.stringify(found).includes(text)) this.#breaks(`lost: ${text}`)
    }
    for (const { redemption } of this.#connections) {
      const again = await this.#ask(() => this.#remote.post('/token', redemption))
      if (again === 'lost' || again.status !== 400) this.#breaks('a code worked twice')
    }
  }

  async #verifyRefresh({ refreshToken, revoked }: Connection): Promise<void> {
    const refreshed = await this.#ask(() => this.#remote.refresh(refreshToken))
    if (refreshed === 'lost') this.#breaks('a quiet server did not answer')
    else if (revoked && refreshed.status === 200) this.#breaks('a revoked grant lives')
    else if (!revoked && refreshed.status !== 200) this.#breaks(`signed out: ${JSON.stringify(refreshed)}`)
    else if (!revoked) this.#accessToken = refreshed.body.access_token as string
  }

  async #connect(over: () => boolean): Promise<Connection | undefined> {
    const redemption = await this.#remote.authorize().catch(() => undefined)
    if (!redemption || over()) return undefined
    const redeemed = await this.#ask(() => this.#remote.post('/token', redemption))
    // A code whose answer was lost may have been used; the app would send the person round again.
    if (redeemed === 'lost' || redeemed.status !== 200) return undefined
    this.#report.redemptions++
    this.#accessToken = redeemed.body.access_token as string
    const connection = { redemption, refreshToken: redeemed.body.refresh_token as string, revoked: false }
    this.#connections.push(connection)
    return connection
  }

  async #refresh(connection: Connection): Promise<void> {
    const refreshed = await this.#ask(() => this.#remote.refresh(connection.refreshToken))
    if (refreshed === 'lost' || refreshed.status === 503) return
    if (refreshed.status !== 200) return this.#breaks(`signed out in the storm: ${JSON.stringify(refreshed)}`)
    this.#report.refreshes++
    connection.refreshToken = refreshed.body.refresh_token as string
    this.#accessToken = refreshed.body.access_token as string
  }

  async #addNote(): Promise<void> {
    const text = `${this.#name} note ${this.#notes.length}.`
    const added = await this.#ask(() => this.#remote.callTool(this.#accessToken, 'add_note', { text }))
    if (added === 'lost' || added.status !== 200 || JSON.stringify(added.body).includes('"isError":true'))
      return
    this.#report.notes++
    this.#notes.push(text)
  }

  async #revoke(connection: Connection): Promise<void> {
    const fields = { client_id: this.#remote.clientId, token: connection.refreshToken }
    // The app repeats the revocation until the server acknowledges it.
    for (;;) {
      const revoked = await this.#ask(() => this.#remote.post('/revoke', fields))
      if (revoked !== 'lost' && revoked.status === 200) break
    }
    connection.revoked = true
    this.#report.revocations++
  }

  async #ask(request: () => Promise<Response>): Promise<Answer> {
    try {
      const response = await request()
      const text = await response.text()
      // While the launcher starts the worker again, it answers for it.
      if (response.status >= 500 && response.status !== 503) throw new Error(text)
      return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : {} }
    } catch {
      this.#report.lost++
      return 'lost'
    }
  }

  #breaks(what: string): void {
    this.#report.broken.push(`${this.#name}: ${what}`)
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Until the server answers again. */
async function answering(remote: Remote): Promise<void> {
  for (;;) {
    const response = await remote.fetch('/jwks').catch(() => undefined)
    if (response?.status === 200) return
    await passed(50)
  }
}
