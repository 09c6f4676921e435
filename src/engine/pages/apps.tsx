// A list of apps, as the page of a person and that of the owner have it.
import type { Part } from './part.tsx'

export interface ConnectedApp {
  readonly clientId: string
  readonly name: string
  /** The servers that it may use; none where there is one server. */
  readonly servers: readonly string[]
  readonly scopes: readonly { readonly name: string; readonly text: string }[]
  /** Milliseconds since the epoch, each. */
  readonly since: number
  readonly lastUsedAt: number
  readonly endsAt: number
}

/** A page of apps. */
export interface Apps extends Part<ConnectedApp> {
  /** How many apps the person has. */
  readonly total: number
  /** How many approvals these have. */
  readonly approvals: number
  /** Whether this page read each of these. */
  readonly isWhole: boolean
  readonly isFirst: boolean
}

/** The way back from a later page. */
export function newest(url: string, { isFirst }: Apps) {
  return (
    !isFirst && (
      <p>
        <a class="button" href={url}>
          Newest apps
        </a>
      </p>
    )
  )
}

/** How much there is; nothing where the page shows all of it. */
export function howMany({ total, approvals, isWhole }: Apps) {
  return (
    !isWhole && (
      <p class="quiet">
        {total.toLocaleString('en')} {total === 1 ? 'app' : 'apps'}, with {approvals.toLocaleString('en')}{' '}
        approvals in all. The page shows what the newest of them permit.
      </p>
    )
  )
}
